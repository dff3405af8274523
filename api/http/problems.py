"""Problems: the answers to refusals and faults (RFC 9457), from one table of codes.

    raise Problem("invalid-cursor", "the cursor belongs to another list")

Controllers raise `Problem` for a faulty request and let the domain's refusals pass. The application turns
both into `application/problem+json` here. No answer holds SQL, a path or a stack. The codes stand in
api/http/problem_kinds/.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from litestar.exceptions import HTTPException
from pydantic import ValidationError
from pydantic_core import to_json

from api.http.flaws import Flaw, Where, flaws_of
from api.http.problem_kinds.table import KINDS
from domain.fact import UnreadableFact
from domain.ledger.errors import ClockSkew, Contention, LedgerUnavailable, ReadOnlyBooks, UnknownBusiness
from domain.moments import rfc3339
from domain.refusals import Invalid, Refused
from domain.zone_rules import UnknownZone
from projections.engine.freshness import ProjectionLagging, ProjectionStopped
from projections.engine.tables import ProjectionMissing

__all__ = ["KINDS", "MEDIA_TYPE", "Flaw", "Problem", "flaws_of", "invalid", "problem_of"]

MEDIA_TYPE = "application/problem+json"


@dataclass(eq=False)
class Problem(Exception):
    """A request that is answered with a problem. `members` explain it; they must be JSON values."""

    code: str
    detail: str
    flaws: Sequence[Flaw] = ()
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.detail)

    @property
    def status(self) -> int:
        return KINDS[self.code].status

    @property
    def all_headers(self) -> Mapping[str, str]:
        """Its own headers, and Retry-After for a kind that passes by itself or is mended."""
        retry_after_s = KINDS[self.code].retry_after_s
        return {"Retry-After": str(retry_after_s), **self.headers} if retry_after_s else self.headers

    def to_json(self, request_id: str, where: Where = "body") -> bytes:
        """`where`: the place of the flaws that do not say it."""
        kind = KINDS[self.code]
        told: dict[str, Any] = {
            "type": f"/problems/{self.code}",
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "code": self.code,
            "instance": request_id,
        }
        if self.flaws:
            told["errors"] = [flaw.to_json(where) for flaw in self.flaws]
        return to_json({**self.members, **told})


def invalid(flaws: Sequence[Flaw]) -> Problem:
    first = flaws[0]
    more = f" (and {len(flaws) - 1} more)" if len(flaws) > 1 else ""
    return Problem("validation-failed", f"{first.pointer or 'the body'}: {first.detail}{more}", flaws)


def problem_of(error: Exception) -> Problem:
    """The problem for an exception. An unforeseen one is `internal`, without details."""
    match error:
        case Problem():
            return error
        case Refused():
            return _refused(error)
        case ValidationError():
            return invalid(flaws_of(error))
        case UnreadableFact():
            return Problem("event-unreadable", "a stored fact cannot be read", members=_at(error.position))
        case UnknownBusiness():
            return Problem("not-found", "there is no such business")
        case ClockSkew():
            return Problem("clock-skew", "the clock of the server is too far from the ledger's")
        case ReadOnlyBooks():
            told = "the books cannot be written here: commands are taken where they can"
            return Problem("storage-unavailable", told, members={"read_only": True})
        case UnknownZone():
            return Problem("not-ready", str(error))
        case LedgerUnavailable():
            return Problem("storage-unavailable", "the database cannot be reached just now")
        case Contention():
            return Problem("contention", "the ledger's lock was not had in time")
        case ProjectionLagging():
            members = {"position": error.position, "requested": error.wanted}
            return Problem("projection-lagging", "the read models are not there yet", members=members)
        case ProjectionStopped():
            return Problem("projection-stopped", "a read model has stopped", members=_at(error.position))
        case ProjectionMissing():
            return Problem("projection-lagging", "a read model is not built yet")
        case HTTPException():
            return _of_http(error)
        case _:
            return Problem("internal", "this should not have happened")


def _refused(refusal: Refused) -> Problem:
    if isinstance(refusal, Invalid):
        return invalid([Flaw(refusal.pointer, refusal.problem, refusal.message)])
    members = {name: _shown(value) for name, value in refusal.explanation().items()}
    return Problem(refusal.code, refusal.sentence(), members=members)


def _shown(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    return value.isoformat() if isinstance(value, date) else value


def _at(position: int | None) -> dict[str, Any]:
    return {} if position is None else {"position": position}


_OF_STATUS = {
    404: Problem("not-found", "there is nothing at this address"),
    405: Problem("method-not-allowed", "this address does not take this method"),
    413: Problem("body-too-large", "the body is larger than 64 KiB"),
}


def _of_http(error: HTTPException) -> Problem:
    """The framework's own refusals: unknown addresses and methods, bodies that are too large."""
    if error.status_code in _OF_STATUS:
        return _OF_STATUS[error.status_code]
    if 400 <= error.status_code < 500:
        return Problem("malformed-body", "the request cannot be read")
    return Problem("internal", "this should not have happened")
