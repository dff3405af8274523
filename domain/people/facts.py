"""The facts of a customer. They hold ids, the names of fields that changed, the category and the consents:
no personal data.
"""

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, StringConstraints

from domain.fact import Fact
from domain.moments import Moment
from domain.people.profile import ProfileField
from domain.values import (
    Category,
    CustomerId,
    ExternalRef,
    ImportId,
    MembershipId,
    ParticipantId,
    ServiceId,
    TextRef,
    TopUpId,
    Value,
)

PARTICIPANTS_MAX = 100
ParticipantField = Literal["name", "photo", "kind", "barred_services"]
Rows = Annotated[int, Field(ge=0)]
ConsentName = Literal["session_reminder", "birthday", "marketing"]
Kind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_ -]{0,29}$")]
"""The kind of a participant, in lower case: person, dog, cat …"""


class ParticipantOf(Value):
    """A participant of the household; number 0 is the customer in person."""

    participant_id: ParticipantId
    number: Annotated[int, Field(ge=0, le=1_000_000)]
    kind: Kind
    barred_services: tuple[ServiceId, ...] = ()


class Consents(Value):
    """What the customer agreed to be sent; each is false until given (domain.md, Consents)."""

    session_reminder: bool = False
    birthday: bool = False
    marketing: bool = False


class CustomerRegistered(Fact):
    stored_name: ClassVar = "customer.registered"
    participants: tuple[ParticipantOf, ...]
    """Number 0 first."""
    external_ref: ExternalRef | None = None
    import_id: ImportId | None = None
    """The batch that it came with, where it came from a file of another system."""


class ProfileChanged(Fact):
    stored_name: ClassVar = "customer.profile_changed"
    fields: tuple[ProfileField, ...]


class CustomerCategorised(Fact):
    stored_name: ClassVar = "customer.categorised"
    category: Category | None = None
    """None: no longer in any."""


class ConsentChanged(Fact):
    stored_name: ClassVar = "customer.consent_changed"
    changed: tuple[ConsentName, ...]
    consents: Consents
    """All consents as they are now."""


class CustomerActivated(Fact):
    stored_name: ClassVar = "customer.activated"


class CustomerDeactivated(Fact):
    stored_name: ClassVar = "customer.deactivated"


class CustomerBlocked(Fact):
    stored_name: ClassVar = "customer.blocked"
    reason: TextRef | None = None


class CustomerUnblocked(Fact):
    stored_name: ClassVar = "customer.unblocked"


class ParticipantAdded(Fact):
    stored_name: ClassVar = "customer.participant_added"
    participant: ParticipantOf


class ParticipantChanged(Fact):
    stored_name: ClassVar = "customer.participant_changed"
    participant_id: ParticipantId
    fields: tuple[ParticipantField, ...]
    kind: Kind
    barred_services: tuple[ServiceId, ...] = ()


class ParticipantRemoved(Fact):
    stored_name: ClassVar = "customer.participant_removed"
    participant_id: ParticipantId
    removed_at: Moment


class ParticipantReturned(Fact):
    """A removed participant is in the household again, as though never removed."""

    stored_name: ClassVar = "customer.participant_returned"
    participant_id: ParticipantId


class TopUpsChanged(Fact):
    """The rules that top up this customer's packages. The customer names them, so that a use of a customer without
    any reads nothing more."""

    stored_name: ClassVar = "customer.top_ups_changed"
    top_ups: tuple[TopUpId, ...]
    """All that are not removed, oldest first."""


class MembershipsChanged(Fact):
    """The memberships of this customer that renew. The customer names them, so that a command on a customer without
    any reads nothing more."""

    stored_name: ClassVar = "customer.memberships_changed"
    memberships: tuple[MembershipId, ...]
    """All that have not ended and are not to end with their period, oldest first."""


class RemovedRows(Value):
    """Rows of personal data, by place (`domain.people.directory.Place`)."""

    people: Rows
    """The directory: the customer, the participants, and the photos of both."""
    search: Rows
    """What the customer is found by."""
    texts: Rows
    """Notes and reasons, with their salts."""
    photos: Rows
    answers: Rows
    """Stored answers to requests: about the customer, or with the customer in them."""
    messages: Rows
    """E-mails that wait, and what is known of those that were sent."""
    keys: Rows
    """API keys of the customer: revoked, and without their name."""


class CustomerErased(Fact):
    """The personal data of the customer and of the household was deleted, in the same append. Nothing follows."""

    stored_name: ClassVar = "customer.erased"
    why: Literal["asked", "restored"]
    """restored: erased before, and back in the books with a backup that is older than that."""
    removed: RemovedRows


class ParticipantMoved(ParticipantOf):
    """A participant as it goes over to another household, with the number it has there."""

    removed_at: Moment | None = None


class CustomerMerged(Fact):
    """Two records of one person: `absorbed_id` is from now on another name of `survivor_id`. Recorded on both."""

    stored_name: ClassVar = "customer.merged"
    survivor_id: CustomerId
    absorbed_id: CustomerId
    absorbed_before: tuple[CustomerId, ...] = ()
    """Those that the absorbed one had absorbed itself."""
    depth: Annotated[int, Field(ge=1, le=100)] = 1
    """1, and one more for each merge in a row that lies before this one."""
    household: tuple[ParticipantMoved, ...] = ()
    """The absorbed household as it joins the survivor's, without the customer in person."""
    consents: Consents
    """The survivor's from now on: given only where both had given them."""
    blocked: bool
    """Whether the survivor is blocked from now on: as soon as one of them was."""
    absorbed_consents: Consents
    absorbed_blocked: bool
    top_ups: tuple[TopUpId, ...] = ()
    """The rules that top up the survivor's packages from now on."""
    memberships: tuple[MembershipId, ...] = ()
    """Those that renew for the survivor from now on."""
    points: Annotated[int, Field(ge=-(2**53) + 1, le=2**53 - 1)] = 0
    """The absorbed balance, moved to the survivor's account in the same append."""
    points_left: Annotated[int, Field(ge=-(2**53) + 1, le=2**53 - 1)] = 0
    """What an earlier un-merge of the same two could not bring back, and stays with the survivor."""


class CustomerUnmerged(Fact):
    """The absorbed customer is one of its own again. Recorded on both."""

    stored_name: ClassVar = "customer.unmerged"
    survivor_id: CustomerId
    absorbed_id: CustomerId
    absorbed_before: tuple[CustomerId, ...] = ()
    """Other names that go back with the absorbed one."""
    household: tuple[ParticipantMoved, ...] = ()
    """The participants that go back, as they are now, with the numbers they had."""
    consents: Consents
    """The survivor's from now on."""
    blocked: bool
    top_ups: tuple[TopUpId, ...] = ()
    absorbed_top_ups: tuple[TopUpId, ...] = ()
    memberships: tuple[MembershipId, ...] = ()
    absorbed_memberships: tuple[MembershipId, ...] = ()
    """Those that go back with the absorbed customer, and renew."""
    points: Annotated[int, Field(ge=-(2**53) + 1, le=2**53 - 1)] = 0
    """Points that go back, as far as the survivor's balance allows."""


CustomerFact = (
    CustomerRegistered
    | ProfileChanged
    | CustomerCategorised
    | ConsentChanged
    | CustomerActivated
    | CustomerDeactivated
    | CustomerBlocked
    | CustomerUnblocked
    | ParticipantAdded
    | ParticipantChanged
    | ParticipantRemoved
    | ParticipantReturned
    | TopUpsChanged
    | MembershipsChanged
    | CustomerErased
    | CustomerMerged
    | CustomerUnmerged
)
FACTS: tuple[type[Fact], ...] = get_args(CustomerFact)
