"""The problem that answers an error: refusals of the domain, faults of the store, and what the framework refuses."""

from datetime import date, datetime
from typing import Any

from litestar.exceptions import HTTPException
from pydantic import ValidationError

from api.http.problems import Flaw, Problem, flaws_of, invalid
from domain.fact import UnreadableFact
from domain.ledger.errors import ClockSkew, Contention, LedgerUnavailable, ReadOnlyBooks, UnknownBusiness
from domain.moments import rfc3339
from domain.refusals import Invalid, Refused
from domain.zone_rules import UnknownZone
from projections.engine.checkpoint import ProjectionMissing
from projections.engine.freshness import ProjectionBuilding, ProjectionLagging, ProjectionStopped


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
        case ProjectionBuilding():
            members = {"position": error.position, "requested": error.wanted}
            progress = {"head": error.head, "share": error.share}
            return Problem(
                "projection-lagging",
                "the new version of a read model is not complete yet",
                members=members | progress,
            )
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
