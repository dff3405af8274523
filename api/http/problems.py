"""Problems: the answers to refusals and faults (RFC 9457), from one table of codes.

    raise Problem("invalid-cursor", "the cursor belongs to another list")

Controllers raise `Problem` for a faulty request and let the domain's refusals pass. The application turns
both into `application/problem+json` here. No answer holds SQL, a path or a stack.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from litestar.exceptions import HTTPException
from pydantic import ValidationError
from pydantic_core import to_json

from domain.fact import UnreadableFact
from domain.ledger.errors import Contention, LedgerUnavailable, UnknownBusiness
from domain.moments import rfc3339
from domain.refusals import Invalid, Refused
from projections.engine.freshness import ProjectionLagging, ProjectionStopped
from projections.engine.tables import ProjectionMissing

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1


@dataclass(frozen=True, slots=True)
class Kind:
    """A code of problems: its status, its title, and what the caller can do about it."""

    status: int
    title: str
    page: str


_AGAIN = (
    "Nothing was written. Send the request again with the same Idempotency-Key after Retry-After seconds."
)

KINDS: Mapping[str, Kind] = {
    # 400
    "malformed-body": Kind(
        400,
        "The body cannot be read",
        "It must be one JSON object in UTF-8: no key twice, at most 32 levels deep, no NaN or Infinity, whole"
        " numbers between -(2^53 - 1) and 2^53 - 1, text without NUL and without half a surrogate pair.",
    ),
    "validation-failed": Kind(
        400,
        "A value is not allowed",
        "`errors` names each field by JSON pointer and says what is wrong with it. Nothing is converted: a"
        " number must be a number, not a string.",
    ),
    "unknown-parameter": Kind(
        400, "Unknown query parameter", "`errors` names it. The parameters of each route stand in /schema."
    ),
    "invalid-cursor": Kind(
        400,
        "The cursor does not belong to this list",
        "A cursor works only with the filters of the list it came from, and only unchanged. Begin again"
        " without one.",
    ),
    "idempotency-key-missing": Kind(
        400,
        "The Idempotency-Key is missing",
        "Every POST that writes needs the header Idempotency-Key: 1 to 255 printable ASCII characters, a new"
        " one for each thing you mean to do, the same one when you try it again.",
    ),
    "effective-at-out-of-range": Kind(
        400, "effective_at is out of range", "`earliest` and `latest` tell what these books allow."
    ),
    # 401, 403
    "unauthenticated": Kind(
        401,
        "No valid key",
        "Send `Authorization: Bearer carnet_live_…` with a key that has neither expired nor been revoked.",
    ),
    "forbidden": Kind(
        403,
        "Not allowed for this role or key",
        "Ask somebody whose role allows it. `missing_scope` names what the key of an integration would need: issue"
        " another with it.",
    ),
    "back-dating-not-allowed": Kind(
        403,
        "Too far back for this role",
        "Staff may enter what happened the same day, managers the last 30 days, owners since the purchase.",
    ),
    # 404, 405, 406, 410
    "not-found": Kind(
        404, "Not found", "Nothing has this id, or it belongs to another business: the answer is the same."
    ),
    "method-not-allowed": Kind(
        405, "Method not allowed", "The header Allow names the methods of this address."
    ),
    "not-acceptable": Kind(
        406, "No such representation", "Accept application/json, or leave the header Accept out."
    ),
    "erased": Kind(
        410,
        "Erased",
        "The request was done, but its answer held the data of a person who was erased since.",
    ),
    # 409
    "insufficient-units": Kind(
        409,
        "Not enough units",
        "`requested`, `available` and `remaining` tell the numbers; `restorable` what of a use can go back;"
        " `lowest` the fewest units there were at some moment since effective_at.",
    ),
    "package-expired": Kind(
        409,
        "The package has expired",
        "`expires_on` was its last valid day. A manager can reinstate it or change its expiry.",
    ),
    "package-cancelled": Kind(409, "The package is cancelled", "A manager can reinstate it."),
    "package-frozen": Kind(409, "The package is frozen", "It can be used again when it is unfrozen."),
    "already-restored": Kind(
        409, "Already restored", "Every unit of this use is back, or every point of this addition taken back."
    ),
    "holds-outstanding": Kind(
        409, "Units are held for bookings", "Release them in the same command or cancel the bookings first."
    ),
    "customer-blocked": Kind(409, "The customer is blocked", "Unblock the customer first."),
    "customer-inactive": Kind(409, "The customer is inactive", "Activate the customer first."),
    "payment-required": Kind(
        409, "Payment is required first", "This business asks for full payment before use; `owing` is left."
    ),
    "points-insufficient": Kind(409, "Not enough points", "`balance` is lower than what was `requested`."),
    "not-eligible": Kind(409, "Not eligible", "`reason` tells which rule of the package says no."),
    "not-expired": Kind(
        409,
        "Nothing to reinstate",
        "Only an expired or cancelled package can be reinstated; see `package_status`.",
    ),
    "offer-retired": Kind(409, "No longer offered", "This is no longer sold or performed."),
    "booking-state": Kind(
        409,
        "Not possible in this state",
        "The booking is `booking_status`, which does not allow it to be `wanted`; `opens_at` is the moment from"
        " which it can be; `redemption_id` names the use that pays for it already.",
    ),
    "refund-exceeds-paid": Kind(
        409, "More than was paid", "`refundable` is what can still be refunded of this payment."
    ),
    "overpayment": Kind(409, "More than is owing", "`owing` is what is left to pay."),
    "limit-reached": Kind(409, "A limit is reached", "`what` and `limit` name it."),
    "id-taken": Kind(409, "The id is taken", "Choose another id, or leave it out."),
    "duplicate-external-ref": Kind(
        409, "The external reference is taken", "It is unique per source among things of its kind."
    ),
    # 412, 413, 415, 422, 429
    "version-mismatch": Kind(
        412, "It has changed meanwhile", "Read it again: `current_version` is where it stands now."
    ),
    "body-too-large": Kind(413, "The body is too large", "64 KiB is the limit, and 5 MB that of a photo."),
    "unsupported-media-type": Kind(
        415,
        "Unsupported media type",
        "Send `Content-Type: application/json`. A photo is sent as image/jpeg, image/png or image/webp, or as the"
        " one file of a multipart/form-data; its own bytes tell what it is.",
    ),
    "idempotency-key-reused": Kind(
        422,
        "The Idempotency-Key was used for another request",
        "A key belongs to one request: the same method, address, parameters and body. Use a new one.",
    ),
    "rate-limited": Kind(429, "Too many requests", "Wait Retry-After seconds."),
    # 500, 503
    "internal": Kind(
        500,
        "A fault of ours",
        "Sending it again with the same Idempotency-Key is safe. Report the request id in `instance`.",
    ),
    "storage-unavailable": Kind(503, "The database cannot be reached", _AGAIN),
    "not-ready": Kind(
        503,
        "The process cannot do its work",
        "Its settings do not fit its database: `detail` tells which. Nothing gets better by asking again.",
    ),
    "contention": Kind(503, "Too many want to write at once", _AGAIN),
    "projection-lagging": Kind(
        503,
        "The read models are behind",
        "`position` is where they are. Ask again after Retry-After seconds.",
    ),
    "projection-stopped": Kind(
        503,
        "A read model has stopped",
        "It met a fact it cannot read, at `position`, and waits to be mended. What is folded from its own"
        " facts can still be read.",
    ),
    "event-unreadable": Kind(
        503,
        "A stored fact cannot be read",
        "The fact at `position` is damaged or newer than this program. No number is guessed.",
    ),
}


@dataclass(frozen=True, slots=True)
class Flaw:
    """One flaw of a request.

    `pointer`: a JSON pointer into the body, or `/` and the name of a parameter or header.
    """

    pointer: str
    code: str
    detail: str


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

    def to_json(self, request_id: str) -> bytes:
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
            told["errors"] = [{"pointer": f.pointer, "code": f.code, "detail": f.detail} for f in self.flaws]
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
        case LedgerUnavailable():
            return _later("storage-unavailable", "the database cannot be reached just now")
        case Contention():
            return _later("contention", "the ledger's lock was not had in time")
        case ProjectionLagging():
            told = {"position": error.position, "requested": error.wanted}
            return _later("projection-lagging", "the read models are not there yet", told)
        case ProjectionStopped():
            return _later("projection-stopped", "a read model has stopped", _at(error.position))
        case ProjectionMissing():
            return _later("projection-lagging", "a read model is not built yet")
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


def _later(code: str, detail: str, members: Mapping[str, Any] | None = None) -> Problem:
    return Problem(code, detail, members=members or {}, headers={"Retry-After": str(RETRY_AFTER_S)})


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


_MEMBER = re.compile(r"<\w+\.\w+: ('[^']*')>")
"""A member of an enumeration, as pydantic names it in a message."""


def flaws_of(error: ValidationError, sent: Any = None) -> list[Flaw]:
    """Pydantic's errors as flaws, by JSON pointer into what was sent; one flaw for each place.

    Pydantic's places also name the members of a union, which are no part of a pointer: they are left out by
    following the place through `sent`.
    """
    found: dict[str, Flaw] = {}
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        where = pointer(each["loc"], sent, missing=each["type"] == "missing")
        message = _MEMBER.sub(r"\1", each["msg"].removeprefix("Value error, "))
        found.setdefault(where, Flaw(where, each["type"].replace("_", "-"), message))
    # A list with a wrong item is also "too short" to pydantic, without that item.
    return [flaw for flaw in found.values() if not any(each.startswith(f"{flaw.pointer}/") for each in found)]


def pointer(location: Sequence[str | int], sent: Any, *, missing: bool) -> str:
    """The JSON pointer of a place in `sent`. `missing`: its last step is not there."""
    parts: list[str] = []
    place = sent
    for n, step in enumerate(location):
        last = n == len(location) - 1
        if isinstance(place, dict):
            if step not in place and not (last and missing):
                continue
            place = place.get(step)
        elif isinstance(place, list):
            if not isinstance(step, int) or step >= len(place):
                continue
            place = place[step]
        elif sent is not None:
            continue
        parts.append(str(step).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{part}" for part in parts)
