"""The history of a membership: its periods, pauses and end, who entered them, and why."""

from collections.abc import Mapping
from typing import Literal, assert_never, cast

from api.http.ledger_types import RecordedFact
from api.http.permissions import READERS_OR_OWN
from api.http.query import Found, ListParameters, Page, Query
from api.http.query_route import query
from api.resources.authors import EnteredBy, actors_known, entered_by
from api.resources.parts import ERASED, LocalTime, People, local
from domain.decision import Reads
from domain.membership.facts import (
    MembershipEnded,
    MembershipFact,
    MembershipPaused,
    MembershipRenewed,
    MembershipResumed,
    MembershipStarted,
)
from domain.membership.state import Membership as MembershipState
from domain.moments import rfc3339
from domain.refusals import NotFound
from domain.values import TextRef


class MembershipHistoryRow(LocalTime):
    """The local time is that of `effective_at`, in the zone of the membership."""

    version: int
    recorded_at: str
    effective_at: str
    kind: Literal["start", "renewal", "pause", "resumption", "end"]
    label: str
    package_id: str | None
    """The package that a renewal granted."""
    reason: str | None
    entered_by: EnteredBy


class MembershipHistoryPage(Page[MembershipHistoryRow]):
    pass


@query(
    "/v1/memberships/{membership_id}/history",
    "memberships.history",
    "What was recorded of a membership: its periods, pauses and end",
    roles=READERS_OR_OWN,
    answer=MembershipHistoryPage,
    parameters=ListParameters,
)
def list_history(call: Query[ListParameters]) -> Found:
    """In the order of recording. What the units of a period did is in the history of its package."""
    id = call.id("membership_id")
    books = call.look(Reads({id: 0}))
    stream = books.stream(id)
    if stream is None or not isinstance(stream.state, MembershipState):
        raise NotFound("membership", id)
    zone = stream.state.time_zone
    (after,) = call.after() or (0,)
    facts = [recorded for recorded in stream.facts if recorded.version > after]
    page = facts[: call.parameters.limit]
    people = actors_known(call, [recorded.author.id for recorded in page])
    reasons = {
        ref.id for recorded in page if (ref := _reason(cast(MembershipFact, recorded.fact))) is not None
    }
    texts = None
    if call.sees_people_of(stream.state.customer_id):
        texts = (
            {text.id: text.text for text in call.ledger.recorder.texts(sorted(reasons))} if reasons else {}
        )
    return call.page(
        MembershipHistoryPage,
        facts,
        key=lambda recorded: [recorded.version],
        shown=lambda recorded: _row(recorded, zone, people, texts),
        position=books.head.position,
    )


def _reason(fact: MembershipFact) -> TextRef | None:
    return fact.reason if isinstance(fact, MembershipPaused | MembershipEnded) else None


Kind = Literal["start", "renewal", "pause", "resumption", "end"]


def _told(fact: MembershipFact) -> tuple[Kind, str]:
    match fact:
        case MembershipStarted():
            return "start", f"Started: {fact.plan.name}"
        case MembershipRenewed():
            rolled = f", {fact.rolled} rolled over" if fact.rolled else ""
            return "renewal", f"Period {fact.period}: {fact.starts_on} to {fact.ends_on}{rolled}"
        case MembershipPaused():
            return "pause", f"Paused until {fact.until}"
        case MembershipResumed():
            return "resumption", "Goes on after all" if fact.continues else f"Resumed, ends on {fact.ends_on}"
        case MembershipEnded():
            return "end", "Ended" if fact.at == "now" else "To end with its period"
        case _:
            assert_never(fact)


def _row(
    recorded: RecordedFact, zone: str, people: People, texts: Mapping[str, str] | None
) -> MembershipHistoryRow:
    fact = cast(MembershipFact, recorded.fact)
    (kind, label), reason = _told(fact), _reason(fact)
    return MembershipHistoryRow(
        version=recorded.version,
        recorded_at=rfc3339(recorded.recorded_at),
        effective_at=rfc3339(fact.effective_at),
        **local(fact.effective_at, zone),
        kind=kind,
        label=label,
        package_id=fact.package_id if isinstance(fact, MembershipRenewed) else None,
        reason=None if texts is None or reason is None else texts.get(reason.id, ERASED),
        entered_by=entered_by(recorded, people),
    )


HANDLERS = (list_history,)
