"""What can be asked of a customer."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from domain.people.facts import PARTICIPANTS_MAX, ConsentName, Kind, ProfileField
from domain.values import Category, CustomerId, ExternalRef, ParticipantId, ServiceId, Value, Wording


class NewParticipant(Value):
    participant_id: ParticipantId
    kind: Kind = "person"
    barred_services: tuple[ServiceId, ...] = ()


class RegisterCustomer(Value):
    customer_id: CustomerId
    participants: Annotated[tuple[NewParticipant, ...], Field(max_length=PARTICIPANTS_MAX)] = ()
    category: Category | None = None
    consents: Mapping[ConsentName, bool] = {}
    external_ref: ExternalRef | None = None


class ChangeProfile(Value):
    """The fields that differ from the directory; the new values go there in the same append."""

    customer_id: CustomerId
    fields: tuple[ProfileField, ...]


class CategoriseCustomer(Value):
    customer_id: CustomerId
    category: Category | None
    """One of the business's; None takes the customer out of any."""


class ChangeConsents(Value):
    """Only the consents that are named change."""

    customer_id: CustomerId
    consents: Mapping[ConsentName, bool]


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
    customer_id: CustomerId
    participant_id: ParticipantId
    kind: Kind | None = None
    barred_services: tuple[ServiceId, ...] | None = None
    renamed: bool = False
    pictured: bool = False
    """Whether the directory gets another name, or another photo, in the same append."""


class RemoveParticipant(Value):
    customer_id: CustomerId
    participant_id: ParticipantId


CustomerCommand = (
    RegisterCustomer
    | ChangeProfile
    | CategoriseCustomer
    | ChangeConsents
    | ActivateCustomer
    | DeactivateCustomer
    | BlockCustomer
    | UnblockCustomer
    | AddParticipant
    | ChangeParticipant
    | RemoveParticipant
)
