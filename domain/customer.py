"""A customer: the account that buys, its standing, and the participants of its household.

Number 0 is the customer in person. Personal data lives in the directory; these facts hold ids,
the names of fields that changed, the category and the consents. Facts · state and evolve · commands · decide.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, ClassVar, Literal, assert_never

from pydantic import Field, StringConstraints

from domain.fact import Fact
from domain.refusals import IdTaken, Invalid, LimitReached, NotFound
from domain.values import (
    Category,
    Circumstances,
    CustomerId,
    ExternalRef,
    Moment,
    ParticipantId,
    ServiceId,
    TextRef,
    Value,
    Wording,
    ref_of,
)

PARTICIPANTS_MAX = 100
ProfileField = Literal[
    "name", "email", "mobile", "country_code", "gender", "date_of_birth", "anniversary", "photo"
]
ParticipantField = Literal["name", "photo", "kind", "barred_services"]
ConsentName = Literal["session_reminder", "birthday", "marketing"]
Kind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_ -]{0,29}$")]
"""person, dog, cat …: what a business takes care of, in lower case."""

# Facts


class ParticipantOf(Value):
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
    """All of them as they are now."""


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
)
FACTS: tuple[type[Fact], ...] = (
    CustomerRegistered,
    ProfileChanged,
    CustomerCategorised,
    ConsentChanged,
    CustomerActivated,
    CustomerDeactivated,
    CustomerBlocked,
    CustomerUnblocked,
    ParticipantAdded,
    ParticipantChanged,
    ParticipantRemoved,
)

# State


@dataclass(frozen=True, slots=True)
class Participant:
    id: str
    number: int
    kind: str
    barred_services: tuple[str, ...] = ()
    removed_at: datetime | None = None

    def belongs_at(self, moment: datetime) -> bool:
        """Whether they were of the household then. Nobody belongs later than they are registered."""
        return self.removed_at is None or moment < self.removed_at


@dataclass(frozen=True, slots=True)
class Customer:
    participants: dict[str, Participant] = field(default_factory=dict)
    external_ref: ExternalRef | None = None
    active: bool = True
    blocked: bool = False
    category: str | None = None
    consents: Consents = field(default_factory=Consents)

    @property
    def in_person(self) -> Participant:
        """Participant number 0."""
        return next(iter(self.participants.values()))


def _participant(added: ParticipantOf) -> Participant:
    return Participant(added.participant_id, added.number, added.kind, added.barred_services)


def evolve(state: Customer | None, fact: CustomerFact) -> Customer:
    if isinstance(fact, CustomerRegistered):
        first = {added.participant_id: _participant(added) for added in fact.participants}
        return Customer(first, fact.external_ref)
    assert state is not None, "a customer begins with customer.registered"
    match fact:
        case ProfileChanged():
            return state
        case CustomerCategorised():
            return replace(state, category=fact.category)
        case ConsentChanged():
            return replace(state, consents=fact.consents)
        case CustomerActivated():
            return replace(state, active=True)
        case CustomerDeactivated():
            return replace(state, active=False)
        case CustomerBlocked():
            return replace(state, blocked=True)
        case CustomerUnblocked():
            return replace(state, blocked=False)
        case ParticipantAdded():
            return _with(state, _participant(fact.participant))
        case ParticipantChanged():
            before = state.participants[fact.participant_id]
            return _with(state, replace(before, kind=fact.kind, barred_services=fact.barred_services))
        case ParticipantRemoved():
            before = state.participants[fact.participant_id]
            return _with(state, replace(before, removed_at=fact.removed_at))
        case _:
            assert_never(fact)


def _with(state: Customer, participant: Participant) -> Customer:
    return replace(state, participants={**state.participants, participant.id: participant})


# Commands


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

# Decide


def in_person(customer_id: str) -> str:
    """The id of participant number 0: the customer's own, under the participants' prefix."""
    return "par_" + customer_id.removeprefix("cus_")


def decide(state: Customer | None, command: CustomerCommand, at: Circumstances) -> list[CustomerFact]:
    """Raises IdTaken, NotFound, LimitReached, Invalid. A command that changes nothing yields no fact."""
    if isinstance(command, RegisterCustomer):
        if state is not None:
            raise IdTaken(command.customer_id)
        return _register(command)
    if state is None:
        raise NotFound("customer", command.customer_id)
    match command:
        case ChangeProfile():
            return [ProfileChanged(fields=command.fields)] if command.fields else []
        case CategoriseCustomer():
            return _categorise(state.category, command.category)
        case ChangeConsents():
            return _change_consents(state.consents, command.consents)
        case ActivateCustomer():
            return [] if state.active else [CustomerActivated()]
        case DeactivateCustomer():
            return [CustomerDeactivated()] if state.active else []
        case BlockCustomer():
            return [] if state.blocked else [CustomerBlocked(reason=ref_of(command.reason))]
        case UnblockCustomer():
            return [CustomerUnblocked()] if state.blocked else []
        case AddParticipant():
            return _add_participant(state, command)
        case ChangeParticipant():
            return _change_participant(state, command)
        case RemoveParticipant():
            return _remove_participant(state, command, at)
        case _:
            assert_never(command)


def _register(command: RegisterCustomer) -> list[CustomerFact]:
    first = ParticipantOf(participant_id=in_person(command.customer_id), number=0, kind="person")
    others = _numbered(command.participants, 1)
    ids = [first.participant_id, *(other.participant_id for other in others)]
    if len(set(ids)) < len(ids):
        raise Invalid("/participants", "duplicate", "names a participant twice")
    registered = CustomerRegistered(participants=(first, *others), external_ref=command.external_ref)
    consents = _change_consents(Consents(), command.consents)
    return [registered, *_categorise(None, command.category), *consents]


def _categorise(before: str | None, category: str | None) -> list[CustomerFact]:
    return [] if category == before else [CustomerCategorised(category=category)]


def _change_consents(before: Consents, given: Mapping[ConsentName, bool]) -> list[CustomerFact]:
    changed = tuple(name for name, value in given.items() if value != getattr(before, name))
    if not changed:
        return []
    consents = before.model_copy(update={name: given[name] for name in changed})
    return [ConsentChanged(changed=changed, consents=consents)]


def _numbered(added: Sequence[NewParticipant], first: int) -> list[ParticipantOf]:
    return [
        ParticipantOf(
            participant_id=p.participant_id, number=n, kind=p.kind, barred_services=p.barred_services
        )
        for n, p in enumerate(added, first)
    ]


def _add_participant(state: Customer, command: AddParticipant) -> list[CustomerFact]:
    if command.participant.participant_id in state.participants:
        raise IdTaken(command.participant.participant_id)
    if sum(p.removed_at is None for p in state.participants.values()) > PARTICIPANTS_MAX:
        raise LimitReached("participants of a customer", PARTICIPANTS_MAX)
    (added,) = _numbered([command.participant], len(state.participants))
    return [ParticipantAdded(participant=added)]


def _known(state: Customer, participant_id: str) -> Participant:
    participant = state.participants.get(participant_id)
    if participant is None or participant.removed_at is not None:
        raise NotFound("participant", participant_id)
    return participant


def _change_participant(state: Customer, command: ChangeParticipant) -> list[CustomerFact]:
    before = _known(state, command.participant_id)
    kind = command.kind or before.kind
    barred = before.barred_services if command.barred_services is None else command.barred_services
    changed: dict[ParticipantField, bool] = {
        "name": command.renamed,
        "photo": command.pictured,
        "kind": kind != before.kind,
        "barred_services": barred != before.barred_services,
    }
    fields = tuple(name for name, differs in changed.items() if differs)
    if not fields:
        return []
    return [ParticipantChanged(participant_id=before.id, fields=fields, kind=kind, barred_services=barred)]


def _remove_participant(state: Customer, command: RemoveParticipant, at: Circumstances) -> list[CustomerFact]:
    if command.participant_id == state.in_person.id:
        raise Invalid("/participant_id", "in-person", "is the customer in person and stays")
    participant = state.participants.get(command.participant_id)
    if participant is None:
        raise NotFound("participant", command.participant_id)
    if participant.removed_at is not None:
        return []
    return [ParticipantRemoved(participant_id=participant.id, removed_at=at.now)]
