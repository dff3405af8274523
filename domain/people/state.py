"""A customer as its facts make it: the account that buys, its standing, its household."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from domain.people.facts import (
    ConsentChanged,
    ConsentName,
    Consents,
    CustomerActivated,
    CustomerBlocked,
    CustomerCategorised,
    CustomerDeactivated,
    CustomerErased,
    CustomerFact,
    CustomerMerged,
    CustomerRegistered,
    CustomerUnblocked,
    CustomerUnmerged,
    MembershipsChanged,
    ParticipantAdded,
    ParticipantChanged,
    ParticipantMoved,
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
class Absorbed:
    """A customer that was merged into this one, with what it brought."""

    id: str
    others: tuple[str, ...]
    """Those that it had absorbed itself."""
    household: tuple[str, ...]
    consents: Consents
    """Only what it had given too stays given, until the survivor's own consent changes."""
    blocked: bool
    """Whether its block counts, until the survivor is unblocked."""
    points: int
    points_left: int
    depth: int = 1
    """1, and one more for each merge that lies before this one."""


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
    merged_into: str | None = None
    """The customer whose other name it is; None for a customer of its own."""
    merges: tuple[Absorbed, ...] = ()
    """Those that were merged into this customer, oldest first."""
    own_consents: Consents = field(default_factory=Consents)
    """What it gave itself, whatever those that it absorbed gave."""
    own_blocked: bool = False

    @property
    def is_merged(self) -> bool:
        """Whether it is another name of a customer, or has other names."""
        return self.merged_into is not None or bool(self.merges)

    @property
    def absorbed(self) -> tuple[str, ...]:
        """All other names of this customer, also those of the customers it absorbed."""
        return tuple(id for each in self.merges for id in (each.id, *each.others))

    @property
    def depth(self) -> int:
        """Merges in a row that lead to this customer; 0 for one that absorbed nobody."""
        return max((each.depth for each in self.merges), default=0)

    @property
    def next_number(self) -> int:
        """The number of the next participant of the household."""
        return 1 + max(each.number for each in self.participants.values())

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
            merges = tuple(_lifted(each, fact.changed) for each in state.merges)
            return replace(state, consents=fact.consents, own_consents=fact.consents, merges=merges)
        case CustomerActivated():
            return replace(state, active=True)
        case CustomerDeactivated():
            return replace(state, active=False)
        case CustomerBlocked():
            return replace(state, blocked=True, own_blocked=True)
        case CustomerUnblocked():
            merges = tuple(replace(each, blocked=False) for each in state.merges)
            return replace(state, blocked=False, own_blocked=False, merges=merges)
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
        case CustomerMerged():
            return _merged(state, fact)
        case CustomerUnmerged():
            return _unmerged(state, fact)
        case _:
            assert_never(fact)


def _with(state: Customer, participant: Participant) -> Customer:
    return replace(state, participants={**state.participants, participant.id: participant})


def in_person(customer_id: str) -> str:
    """The id of participant number 0: the customer's own, under the participants' prefix."""
    return "par_" + customer_id.removeprefix("cus_")


def _lifted(absorbed: Absorbed, changed: tuple[ConsentName, ...]) -> Absorbed:
    """A consent that the survivor gave or withdrew since no longer depends on the absorbed one's."""
    return replace(absorbed, consents=absorbed.consents.model_copy(update=dict.fromkeys(changed, True)))


def _merged(state: Customer, fact: CustomerMerged) -> Customer:
    if state.in_person.id != in_person(fact.survivor_id):
        return replace(state, merged_into=fact.survivor_id)
    absorbed = Absorbed(
        id=fact.absorbed_id,
        others=fact.absorbed_before,
        household=tuple(each.participant_id for each in fact.household),
        consents=fact.absorbed_consents,
        blocked=fact.absorbed_blocked,
        points=fact.points,
        points_left=fact.points_left,
        depth=fact.depth,
    )
    return replace(
        state,
        participants={**state.participants, **_moved(fact.household)},
        consents=fact.consents,
        blocked=fact.blocked,
        top_ups=fact.top_ups,
        memberships=fact.memberships,
        merges=(*state.merges, absorbed),
    )


def _unmerged(state: Customer, fact: CustomerUnmerged) -> Customer:
    if state.in_person.id != in_person(fact.survivor_id):
        household = {**state.participants, **_moved(fact.household)}
        return replace(
            state,
            merged_into=None,
            participants=household,
            top_ups=fact.absorbed_top_ups,
            memberships=fact.absorbed_memberships,
        )
    gone = {each.participant_id for each in fact.household}
    return replace(
        state,
        participants={id: each for id, each in state.participants.items() if id not in gone},
        consents=fact.consents,
        blocked=fact.blocked,
        top_ups=fact.top_ups,
        memberships=fact.memberships,
        merges=tuple(each for each in state.merges if each.id != fact.absorbed_id),
    )


def _moved(household: tuple[ParticipantMoved, ...]) -> dict[str, Participant]:
    return {
        each.participant_id: replace(_participant(each), removed_at=each.removed_at) for each in household
    }
