"""Problems of the request itself, and of who sends it: 400 to 429, without the conflicts."""

from collections.abc import Mapping
from datetime import UTC, datetime

from api.http.flaws import Flaw
from api.http.problem_kinds.kind import Example, Kind
from domain.refusals import (
    BackDatingNotAllowed,
    EffectiveAtOutOfRange,
    Erased,
    IdempotencyKeyReused,
    NotFound,
    VersionMismatch,
)

EARLIEST, LATEST = datetime(2026, 10, 3, 8, tzinfo=UTC), datetime(2026, 11, 2, 9, tzinfo=UTC)

REQUESTS: Mapping[str, Kind] = {
    # 400
    "malformed-body": Kind(
        400,
        "The body cannot be read",
        "The body is not one JSON object in UTF-8, or has a part that no field can hold: more than 32 levels,"
        " a Content-Length that is no number, a form without its boundary.",
        "Send one JSON object in UTF-8: no key twice, at most 32 levels deep, no NaN or Infinity, whole numbers"
        " between -(2^53 - 1) and 2^53 - 1, text without NUL and without half a surrogate pair.",
        Example("the body is not JSON at line 1, column 14"),
    ),
    "validation-failed": Kind(
        400,
        "A value is not allowed",
        "One or more values of the request are missing, unknown, of another type or out of their range. Nothing is"
        " converted: a number must be a number, not text.",
        "`errors` lists every flaw: `in` is its place (body, query, header or path), `pointer` its JSON pointer, or"
        " `/` and the name of a parameter or header, `detail` what it must be. Mend them and send again; the same"
        " Idempotency-Key may be used.",
        Example(
            "/quantity: must be at least 1, not 0",
            (Flaw("/quantity", "greater-than-equal", "must be at least 1, not 0", "body"),),
        ),
    ),
    "unknown-parameter": Kind(
        400,
        "Unknown query parameter",
        "The address has a query parameter that this route does not take. It is refused, because a filter that"
        " is passed over would answer another question.",
        "`errors` names it. The parameters of each route stand in /docs and /schema.",
        Example(
            "there is no parameter colour",
            (Flaw("/colour", "unknown-parameter", "is not a parameter of this route", "query"),),
        ),
    ),
    "invalid-cursor": Kind(
        400,
        "The cursor does not belong to this list",
        "A cursor works only with the filters of the list it came from, and only unchanged.",
        "Begin again without a cursor, or send the filters it came with.",
        Example("the cursor is not one of this list and these filters"),
    ),
    "idempotency-key-missing": Kind(
        400,
        "The Idempotency-Key is missing",
        "Every POST that writes needs the header Idempotency-Key, so that it can be tried again without being done"
        " twice. It is missing, or is not 1 to 255 printable ASCII characters.",
        "Send a new key for each thing you mean to do, such as a UUID, and the same one when you try it again.",
        Example(
            "Idempotency-Key is missing: send 1 to 255 printable ASCII characters",
            (Flaw("/Idempotency-Key", "missing", "is missing", "header"),),
        ),
    ),
    "effective-at-out-of-range": Kind(
        400,
        "effective_at is out of range",
        "The moment lies before what it is about can have happened, or too far ahead.",
        "`earliest` and `latest` tell what these books allow. Leave effective_at out for now.",
        EffectiveAtOutOfRange(earliest=EARLIEST, latest=LATEST),
    ),
    # 401, 403
    "unauthenticated": Kind(
        401,
        "No valid key",
        "The request has no key, or one that is unknown, has expired or was revoked.",
        "Send `Authorization: Bearer carnet_live_…` with a key that has neither expired nor been revoked. An owner"
        " issues keys with POST /v1/keys or `carnet keys issue`.",
        Example("a valid key is needed"),
    ),
    "forbidden": Kind(
        403,
        "Not allowed for this role or key",
        "The key is valid, but its role or its scopes may not do this, or not to what belongs to others.",
        "Ask somebody whose role allows it. `missing_scope` names what the key of an integration would need: issue"
        " another with it. The roles of each route stand in /docs.",
        Example("the key lacks the scope sell, which this needs", members={"missing_scope": "sell"}),
    ),
    "back-dating-not-allowed": Kind(
        403,
        "Too far back for this role",
        "Staff may enter what happened the same day, managers the last 30 days, owners since the purchase.",
        "`earliest` is the first moment for this role. Ask a manager or the owner to enter what happened before.",
        BackDatingNotAllowed(role="staff", earliest=EARLIEST),
    ),
    # 404, 405, 406, 410
    "not-found": Kind(
        404,
        "Not found",
        "Nothing has this id or address, or it belongs to another business: the answer is the same.",
        "Compare the id with the list it came from, and the address with /docs.",
        NotFound(kind="package", id="pkg_01m9c3x5zq7r8v2t4w6y8a0c2e"),
    ),
    "method-not-allowed": Kind(
        405,
        "Method not allowed",
        "This address does not take this method. Everything is read with GET or HEAD and changed with POST.",
        "The header Allow names the methods of this address.",
        Example("this address does not take this method"),
    ),
    "not-acceptable": Kind(
        406,
        "No such representation",
        "The header Accept allows none of the media types that this address answers with.",
        "Accept application/json, or leave the header Accept out. `detail` names what there is.",
        Example("this address answers with application/json"),
    ),
    "erased": Kind(
        410,
        "Erased",
        "The customer was erased, who is named here or was in the stored answer of this request. What they had stays"
        " in the books, without their name.",
        "Read the packages and reports for what is still known. A request whose answer was erased was done: do not"
        " send it again under another key.",
        Erased(),
    ),
    # 408, 412 to 415, 422, 429, 431, 501
    "request-timeout": Kind(
        408,
        "The body did not come",
        "The body stopped coming, or came so slowly that it was not waited for. Nothing was done.",
        "Send the request again over another connection; the same Idempotency-Key may be used.",
        Example("the body did not come within 20 seconds"),
    ),
    "version-mismatch": Kind(
        412,
        "It has changed meanwhile",
        "None of the tags in If-Match is that of the present version. Tags are compared strongly: a weak tag"
        " (W/…) and one that a proxy has changed match nothing.",
        "Read it again: `current_version` is where it stands. Send the tag of that version if what you mean to do"
        " is still right.",
        VersionMismatch(expected_version=8, current_version=9),
    ),
    "body-too-large": Kind(
        413,
        "The body is too large",
        "64 KiB is the limit of a body, and 5 MB that of a photo.",
        "Send less at once; make a photo smaller before you send it.",
        Example("the body is larger than 64 KiB"),
    ),
    "target-too-long": Kind(
        414,
        "The address is too long",
        "8 KiB is the limit of an address with its query.",
        "Send fewer filters at once.",
        Example("the address is longer than 8192 bytes"),
    ),
    "unsupported-media-type": Kind(
        415,
        "Unsupported media type",
        "The header Content-Type is missing, or names what this address does not read. Or the body is compressed:"
        " Accept-Encoding in the answer tells that it must be sent as it is.",
        "Send `Content-Type: application/json`. A photo is sent as image/jpeg, image/png or image/webp, or as the"
        " one file of a multipart/form-data; its own bytes tell what it is. Send no Content-Encoding.",
        Example("the body must be application/json in UTF-8"),
    ),
    "idempotency-key-reused": Kind(
        422,
        "The Idempotency-Key was used for another request",
        "A key belongs to one request: the same method, address, parameters and body.",
        "Use a new key for another request. To try the first one again, send it unchanged.",
        IdempotencyKeyReused(),
    ),
    "rate-limited": Kind(
        429,
        "Too many requests",
        "This key, or this address without a key, has sent more requests than the limit allows. RateLimit-Policy"
        " tells the limit, and RateLimit what is left of it.",
        "Wait Retry-After seconds, then send the request again; the same Idempotency-Key may be used.",
        Example("too many requests in a short time"),
        retry_after_s=1,
    ),
    "headers-too-large": Kind(
        431,
        "The headers are too large",
        "64 headers are the limit, and 16 KiB for their names and values together.",
        "Leave out what this API does not read, such as the cookies of other sites.",
        Example("there are more than 64 headers, or more than 16 KiB of them"),
    ),
    "transfer-coding-unknown": Kind(
        501,
        "Unknown transfer coding",
        "The header Transfer-Encoding names a coding that is not taken off here.",
        "Send the body with a Content-Length, or with `Transfer-Encoding: chunked` and nothing else.",
        Example("Transfer-Encoding may be chunked and nothing else"),
    ),
}
"""Code → kind."""
