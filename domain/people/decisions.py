"""Decisions on a customer."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from domain.actor import Circumstances
from domain.people.commands import (
    ActivateCustomer,
    AddParticipant,
    BlockCustomer,
    CategoriseCustomer,
    ChangeConsents,
    ChangeParticipant,
    ChangeProfile,
    CustomerCommand,
    DeactivateCustomer,
    NewParticipant,
    RegisterCustomer,
    RemoveParticipant,
    UnblockCustomer,
)
from domain.people.facts import (
    PARTICIPANTS_MAX,
    ConsentChanged,
    ConsentName,
    Consents,
    CustomerActivated,
    CustomerBlocked,
    CustomerCategorised,
    CustomerDeactivated,
    CustomerFact,
    CustomerRegistered,
    CustomerUnblocked,
    ParticipantAdded,
    ParticipantChanged,
    ParticipantField,
    ParticipantOf,
    ParticipantRemoved,
    ProfileChanged,
)
from domain.people.state import Customer, Participant, in_person
from domain.refusals import IdTaken, Invalid, LimitReached, NotFound
from domain.values import ref_of


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
