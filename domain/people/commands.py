"""Commands on a customer and its household. A command may hold personal data; its facts do not."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from domain.people.facts import PARTICIPANTS_MAX, ConsentName, Kind
from domain.people.profile import NOTHING, NameAndPhoto, NameOrPhoto, ProfileGiven
from domain.values import (
    Category,
    CustomerId,
    ExternalRef,
    ImportId,
    ParticipantId,
    PhotoId,
    ServiceId,
    Value,
    Wording,
)

Choice = Literal[
    "name", "email", "mobile", "gender", "date_of_birth", "anniversary", "photo", "locale", "category"
]
"""What a merge may take from the absorbed customer. The country code goes with the mobile number."""


class NewParticipant(Value):
    participant_id: ParticipantId
    kind: Kind = "person"
    barred_services: tuple[ServiceId, ...] = ()
    called: NameAndPhoto | None = None


class RegisterCustomer(Value):
    customer_id: CustomerId
    profile: ProfileGiven = NOTHING
    participants: Annotated[tuple[NewParticipant, ...], Field(max_length=PARTICIPANTS_MAX)] = ()
    """Without the customer in person; numbered from 1 in this order."""
    category: Category | None = None
    consents: Mapping[ConsentName, bool] = NOTHING
    external_ref: ExternalRef | None = None
    import_id: ImportId | None = None


class ChangeCustomer(Value):
    """Only what is given changes."""

    customer_id: CustomerId
    changes: ProfileGiven = NOTHING
    category: Category | None = None
    """One of the business's; None, if given, takes the customer out of any."""
    consents: Mapping[ConsentName, bool] = NOTHING


class ActivateCustomer(Value):
    customer_id: CustomerId


class DeactivateCustomer(Value):
    customer_id: CustomerId


class BlockCustomer(Value):
    customer_id: CustomerId
    reason: Wording | None = None


class UnblockCustomer(Value):
    customer_id: CustomerId


class AddParticipant(Value):
    customer_id: CustomerId
    participant: NewParticipant


class ChangeParticipant(Value):
    """Only what is given changes; a photo of None is removed."""

    customer_id: CustomerId
    participant_id: ParticipantId
    kind: Kind | None = None
    barred_services: tuple[ServiceId, ...] | None = None
    changes: Mapping[NameOrPhoto, str | None] = NOTHING


class RemoveParticipant(Value):
    customer_id: CustomerId
    participant_id: ParticipantId


class ReturnParticipant(Value):
    customer_id: CustomerId
    participant_id: ParticipantId


class AddPhoto(Value):
    """Take in a photo that a profile can name. The image travels beside the command."""

    photo_id: PhotoId


class EraseCustomer(Value):
    customer_id: CustomerId
    unused: Literal["cancel"] | None = None
    """What becomes of units, bookings, memberships and rules that top up; None: refused where there are any."""
    owing: Literal["keep"] | None = None
    """keep: what is owed stays in the books, and nobody can be asked for it; None: refused where anything is owed."""
    reason: Wording
    """Of the cancellations. It is not kept: it would be erased at once."""
    why: Literal["asked", "restored"] = "asked"


class MergeCustomers(Value):
    """Make `absorbed_customer_id` another name of `customer_id`."""

    customer_id: CustomerId
    absorbed_customer_id: CustomerId
    chosen: tuple[Choice, ...] = ()
    """What is taken from the absorbed customer's profile; the rest stays as the survivor has it."""


class UnmergeCustomers(Value):
    """Take a merge back. Without `absorbed_customer_id`, `customer_id` is the absorbed one, or has one other name."""

    customer_id: CustomerId
    absorbed_customer_id: CustomerId | None = None
