"""A customer as its facts make it: the account that buys, its standing, its household."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from domain.people.facts import (
    ConsentChanged,
    Consents,
    CustomerActivated,
    CustomerBlocked,
    CustomerCategorised,
    CustomerDeactivated,
    CustomerErased,
    CustomerFact,
    CustomerRegistered,
    CustomerUnblocked,
    MembershipsChanged,
    ParticipantAdded,
    ParticipantChanged,
    ParticipantOf,
    ParticipantRemoved,
    ParticipantReturned,
    ProfileChanged,
    TopUpsChanged,
)
from domain.values import ExternalRef


@dataclass(frozen=True, slots=True)
class Participant:
    id: str
    number: int
    kind: str
    barred_services: tuple[str, ...] = ()
    removed_at: datetime | None = None

    def belongs_at(self, moment: datetime) -> bool:
        """Whether the participant is in the household at a moment; any moment before the removal counts."""
        return self.removed_at is None or moment < self.removed_at


@dataclass(frozen=True, slots=True)
class Customer:
    participants: dict[str, Participant] = field(default_factory=dict)
    external_ref: ExternalRef | None = None
    active: bool = True
    blocked: bool = False
    category: str | None = None
    consents: Consents = field(default_factory=Consents)
    top_ups: tuple[str, ...] = ()
    """The rules that top up its packages; removed ones are not among them."""
    memberships: tuple[str, ...] = ()
    """Those that renew."""
    erased: bool = False
    """Whether the personal data is gone; the books go on naming the id. Nobody acts on an erased customer."""

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
        case ParticipantReturned():
            before = state.participants[fact.participant_id]
            return _with(state, replace(before, removed_at=None))
        case TopUpsChanged():
            return replace(state, top_ups=fact.top_ups)
        case MembershipsChanged():
            return replace(state, memberships=fact.memberships)
        case CustomerErased():
            return replace(state, erased=True, external_ref=None, top_ups=(), memberships=())
        case _:
            assert_never(fact)


def _with(state: Customer, participant: Participant) -> Customer:
    return replace(state, participants={**state.participants, participant.id: participant})


def in_person(customer_id: str) -> str:
    """The id of participant number 0: the customer's own, under the participants' prefix."""
    return "par_" + customer_id.removeprefix("cus_")
