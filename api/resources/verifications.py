"""The verifications of the ledger that took place: when, by whom, up to where, and what they found."""

from typing import Any

from api.http.cursors import behind
from api.http.ledger_types import StoredVerification, VerificationPlace
from api.http.permissions import BOOKKEEPERS
from api.http.query import Found, ListParameters, Page, Query
from api.http.query_route import query
from api.resources.authors import EnteredBy, actors_known, author
from api.resources.parts import LocalTime, People, local
from domain.moments import from_milliseconds, rfc3339


class RememberedVerification(LocalTime):
    """The local time is that of `verified_at`, in the business's zone."""

    verified_at: str
    intact: bool
    """Whether the chain was whole, and every row beside the facts as it should be."""
    position: int
    """The head that was reached, or the first position that was not as it was recorded."""
    hash: str | None
    """The head's; null where the chain was broken."""
    reason: str | None
    """Of a break; else null."""
    findings_in_all: int
    """Rows beside the facts that were not as they should be."""
    place: VerificationPlace
    """`api` when a server was asked for it, `command_line` by `carnet verify`."""
    verified_by: EnteredBy | None
    """Who asked for it; null for the command line, which knows nobody."""


class RememberedVerificationPage(Page[RememberedVerification]):
    """The newest first."""


@query(
    "/v1/ledger/verifications",
    "ledger.verifications",
    "The verifications that took place, the newest first",
    roles=BOOKKEEPERS,
    answer=RememberedVerificationPage,
    parameters=ListParameters,
)
def list_verifications(call: Query[ListParameters]) -> Found:
    """What `POST /v1/ledger/verifications` and `carnet verify` found when they were last asked: the last 100 of a
    business. They are kept in a table beside the facts and prove nothing: to have a proof, verify anew, and keep
    position and hash somewhere else.
    """
    call.check_reachable_now()
    stored = call.frame.carnet.store.verifications.of(call.business_id)
    rows = behind([{"at": each.verified_at, "of": each} for each in stored], call.after(), "at")
    people = actors_known(call, [each.actor_id for each in stored])
    return call.page(
        RememberedVerificationPage,
        rows,
        key=lambda row: [row["at"]],
        shown=lambda row: _shown(call, row["of"], people),
        position=call.ledger.recorder.head().position,
    )


def _shown(call: Query[Any], of: StoredVerification, people: People) -> RememberedVerification:
    moment = from_milliseconds(of.verified_at)
    return RememberedVerification(
        verified_at=rfc3339(moment),
        **local(moment, call.time_zone),
        intact=of.intact,
        position=of.position,
        hash=None if of.hash is None else of.hash.hex(),
        reason=of.reason,
        findings_in_all=of.findings,
        place=of.place,
        verified_by=None if of.actor_id is None or of.role is None else author(of.actor_id, of.role, people),
    )


HANDLERS = (list_verifications,)
