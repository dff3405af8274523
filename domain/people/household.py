"""The participants of a household: number 0 is the customer in person, the others follow as they were added."""

from collections.abc import Sequence

from domain.actor import Circumstances
from domain.people.commands import ChangeParticipant, NewParticipant, RegisterCustomer
from domain.people.facts import (
    PARTICIPANTS_MAX,
    CustomerFact,
    CustomerRegistered,
    ParticipantAdded,
    ParticipantChanged,
    ParticipantField,
    ParticipantOf,
    ParticipantRemoved,
    ParticipantReturned,
)
from domain.people.state import Customer, Participant, in_person
from domain.refusals import IdTaken, Invalid, LimitReached, NotFound


def registered(command: RegisterCustomer) -> list[CustomerFact]:
    """A customer with its household. Raises Invalid for a participant named twice."""
    first = ParticipantOf(participant_id=in_person(command.customer_id), number=0, kind="person")
    others = _numbered(command.participants, 1)
    ids = [first.participant_id, *(other.participant_id for other in others)]
    if len(set(ids)) < len(ids):
        raise Invalid("/participants", "duplicate", "names a participant twice")
    return [
        CustomerRegistered(
            participants=(first, *others), external_ref=command.external_ref, import_id=command.import_id
        )
    ]


def added(customer: Customer, new: NewParticipant) -> list[CustomerFact]:
    """Raises IdTaken, LimitReached."""
    if new.participant_id in customer.participants:
        raise IdTaken(new.participant_id)
    _check_room(customer)
    (participant,) = _numbered([new], customer.next_number)
    return [ParticipantAdded(participant=participant)]


def changed(customer: Customer, command: ChangeParticipant, entry: frozenset[str]) -> list[CustomerFact]:
    """`entry`: the fields that differ in the directory (name, photo), written in the same append.

    Raises NotFound, also for a removed participant.
    """
    before = customer.participants.get(command.participant_id)
    if before is None or before.removed_at is not None:
        raise NotFound("participant", command.participant_id)
    kind = command.kind or before.kind
    barred = before.barred_services if command.barred_services is None else command.barred_services
    differs: dict[ParticipantField, bool] = {
        "name": "name" in entry,
        "photo": "photo" in entry,
        "kind": kind != before.kind,
        "barred_services": barred != before.barred_services,
    }
    fields = tuple(name for name, changes in differs.items() if changes)
    if not fields:
        return []
    return [ParticipantChanged(participant_id=before.id, fields=fields, kind=kind, barred_services=barred)]


def removed(customer: Customer, participant_id: str, at: Circumstances) -> list[CustomerFact]:
    """Raises NotFound, and Invalid for the customer in person."""
    if participant_id == customer.in_person.id:
        raise Invalid("/participant_id", "in-person", "is the customer in person and stays")
    if _known(customer, participant_id).removed_at is not None:
        return []
    return [ParticipantRemoved(participant_id=participant_id, removed_at=at.now)]


def returned(customer: Customer, participant_id: str) -> list[CustomerFact]:
    """Raises NotFound, LimitReached. No fact where they are in the household."""
    if _known(customer, participant_id).removed_at is None:
        return []
    _check_room(customer)
    return [ParticipantReturned(participant_id=participant_id)]


def _known(customer: Customer, participant_id: str) -> Participant:
    participant = customer.participants.get(participant_id)
    if participant is None:
        raise NotFound("participant", participant_id)
    return participant


def _check_room(customer: Customer) -> None:
    """Raises LimitReached where the household takes nobody in."""
    if sum(p.removed_at is None for p in customer.participants.values()) > PARTICIPANTS_MAX:
        raise LimitReached("participants", PARTICIPANTS_MAX)


def _numbered(new: Sequence[NewParticipant], first: int) -> list[ParticipantOf]:
    return [
        ParticipantOf(
            participant_id=each.participant_id,
            number=number,
            kind=each.kind,
            barred_services=each.barred_services,
        )
        for number, each in enumerate(new, first)
    ]
