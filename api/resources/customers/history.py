"""The history of a customer: who changed which fields and when, and why somebody is blocked.

Facts name fields, never values, so former values of a profile are not kept. Reasons and names come from the
directory, only for readers who may see them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, assert_never

from api.http.ledger_types import Books, RecordedFact
from api.http.permissions import CUSTOMER_READERS
from api.http.query import Found, ListParameters, Page, Query
from api.http.query_route import query
from api.resources.authors import EnteredBy, actors_known, entered_by
from api.resources.parts import (
    ERASED,
    HouseholdMember,
    LocalTime,
    People,
    beneficiary,
    kinds_of,
    known,
    local,
    with_kinds,
)
from domain.decision import Reads
from domain.moments import rfc3339
from domain.people.facts import (
    ConsentChanged,
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
    ParticipantRemoved,
    ParticipantReturned,
    ProfileChanged,
    TopUpsChanged,
)
from domain.refusals import NotFound

Kind = Literal[
    "registration",
    "profile",
    "category",
    "consent",
    "status",
    "block",
    "participant",
    "top_up",
    "membership",
    "erasure",
    "merge",
]


class CustomerHistoryRow(LocalTime):
    """The local time is that of `recorded_at`, in the business's zone."""

    version: int
    recorded_at: str
    kind: Kind
    label: str
    fields: tuple[str, ...]
    """The changed fields of the profile, a participant or the consents. Only the directory holds values."""
    participant: HouseholdMember | None
    reason: str | None
    entered_by: EnteredBy


class CustomerHistoryPage(Page[CustomerHistoryRow]):
    pass


@query(
    "/v1/customers/{customer_id}/history",
    "customers.history",
    "What was recorded of a customer: who changed what, when and why",
    roles=CUSTOMER_READERS,
    answer=CustomerHistoryPage,
    parameters=ListParameters,
)
def list_history(call: Query[ListParameters]) -> Found:
    """Facts name the fields that changed, never the values, so that an erasure leaves nothing behind."""
    id = call.id("customer_id")
    books = call.look(Reads({id: 0}))
    stream = books.stream(id)
    if stream is None or books.customer(id) is None:
        raise NotFound("customer", id)
    (after,) = call.after() or (0,)
    facts = [recorded for recorded in _of_all_names(books, id) if recorded.position > after]
    page = facts[: call.parameters.limit]
    people = actors_known(call, [recorded.author.id for recorded in page])
    if call.sees_people:
        people = {**people, **known(books.people(id))}
    people = with_kinds(people, kinds_of(books.customer(id)))
    texts = _reasons(call, page) if call.sees_people else None
    return call.page(
        CustomerHistoryPage,
        facts,
        key=lambda recorded: [recorded.position],
        shown=lambda recorded: _row(recorded, id, call.time_zone, people, texts),
        position=books.head.position,
    )


def _of_all_names(books: Books, customer_id: str) -> list[RecordedFact]:
    """What was recorded of a customer and of those it absorbed, in order; a merge of two of them once."""
    names = books.names_of(customer_id)
    streams = [stream for name in names if (stream := books.stream(name)) is not None]
    facts = [recorded for stream in streams for recorded in stream.facts]
    return sorted(
        (recorded for recorded in facts if not _is_told_twice(recorded, names)),
        key=lambda recorded: recorded.position,
    )


def _is_told_twice(recorded: RecordedFact, names: Collection[str]) -> bool:
    fact = recorded.fact
    if not isinstance(fact, CustomerMerged | CustomerUnmerged):
        return False
    return recorded.stream_id == fact.absorbed_id and fact.survivor_id in names


def _reasons(call: Query[ListParameters], facts: list[RecordedFact]) -> dict[str, str]:
    ids = sorted({id for recorded in facts if (id := _told(recorded).reason_id) is not None})
    return {text.id: text.text for text in call.ledger.recorder.texts(ids)} if ids else {}


@dataclass(frozen=True, slots=True)
class _Told:
    """The content of a fact, without names."""

    kind: Kind
    label: str
    fields: tuple[str, ...] = field(default=())
    participant_id: str | None = None
    reason_id: str | None = None


def _told(recorded: RecordedFact) -> _Told:
    fact: CustomerFact = recorded.fact  # type: ignore[assignment]
    match fact:
        case CustomerRegistered():
            return _Told("registration", "Registered")
        case ProfileChanged():
            return _Told("profile", "Profile changed", fact.fields)
        case CustomerCategorised():
            return _Told("category", f"Category: {fact.category}" if fact.category else "No category")
        case ConsentChanged():
            given = [name for name in fact.changed if getattr(fact.consents, name)]
            taken = [name for name in fact.changed if name not in given]
            parts = [
                f"{what}: {', '.join(names)}"
                for what, names in (("given", given), ("withdrawn", taken))
                if names
            ]
            return _Told("consent", f"Consent {'; '.join(parts)}", fact.changed)
        case CustomerActivated():
            return _Told("status", "Activated")
        case CustomerDeactivated():
            return _Told("status", "Deactivated")
        case CustomerBlocked():
            return _Told("block", "Blocked", reason_id=fact.reason.id if fact.reason else None)
        case CustomerUnblocked():
            return _Told("block", "Unblocked")
        case ParticipantAdded():
            return _Told("participant", "Participant added", participant_id=fact.participant.participant_id)
        case ParticipantChanged():
            return _Told("participant", "Participant changed", fact.fields, fact.participant_id)
        case ParticipantRemoved():
            return _Told("participant", "Participant removed", participant_id=fact.participant_id)
        case ParticipantReturned():
            return _Told("participant", "Participant returned", participant_id=fact.participant_id)
        case TopUpsChanged():
            return _Told(
                "top_up", "Rules that top up changed" if fact.top_ups else "No rule tops up any more"
            )
        case MembershipsChanged():
            return _Told(
                "membership",
                "Memberships that renew changed" if fact.memberships else "No membership renews any more",
            )
        case CustomerErased():
            return _Told("erasure", "Erased")
        case CustomerMerged():
            return _Told("merge", f"Merged: {fact.absorbed_id} is {fact.survivor_id} too")
        case CustomerUnmerged():
            return _Told("merge", f"Merge undone: {fact.absorbed_id} is a customer of its own again")
        case _:
            assert_never(fact)


def _row(
    recorded: RecordedFact, customer_id: str, zone: str, people: People, texts: Mapping[str, str] | None
) -> CustomerHistoryRow:
    told = _told(recorded)
    who = told.participant_id
    return CustomerHistoryRow(
        version=recorded.version,
        recorded_at=rfc3339(recorded.recorded_at),
        **local(recorded.recorded_at, zone),
        kind=told.kind,
        label=told.label,
        fields=told.fields,
        participant=None if who is None else HouseholdMember(**beneficiary(who, customer_id, people)),
        reason=None if texts is None or told.reason_id is None else texts.get(told.reason_id, ERASED),
        entered_by=entered_by(recorded, people),
    )


HANDLERS = (list_history,)
