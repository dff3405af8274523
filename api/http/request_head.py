"""The head of a request, checked before a route is looked for: what two readers could read differently is refused.

    if problem := flaw_of_head(scope, exchange.headers): …

A proxy in front and this server must see the same address, the same key and the same body. Headers that may stand
once are refused twice, and so is an address that one reader would shorten and the other would not.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import cast

from litestar.types import HTTPScope

from api.http.problems import Flaw, Problem, invalid

TARGET_BYTES_MAX = 8 * 1024
"""Of the address with its query, before it is decoded."""
HEADERS_MAX = 64
HEADERS_BYTES_MAX = 16 * 1024
"""Names and values of all headers together."""

STAND_ONCE = frozenset(
    (
        b"host",
        b"authorization",
        b"idempotency-key",
        b"content-type",
        b"content-length",
        b"content-encoding",
        b"transfer-encoding",
        b"ledger-min-position",
    )
)
NAME = rb"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+"
HOST = re.compile(rb"(?:%b|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?" % NAME)
SEGMENT = rb"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]++|%(?!2[Ff]|5[Cc]|[01][0-9A-Fa-f]|7[Ff])[0-9A-Fa-f]{2})++"
PATH = re.compile(rb"/|(?:/%b)+/?|\*" % SEGMENT)
MAY_HOLD_DOTS = re.compile(rb"[.%]")
DOTS = re.compile(rb"/(?:\.|%2[Ee]){1,2}(?:;|%3[Bb]|/|\Z)")
"""A segment that some readers take for "here" or "one up"."""


def flaw_of_head(scope: HTTPScope, headers: Mapping[bytes, bytes]) -> Problem | None:
    """What is wrong with the head, if anything. `headers` are those of the scope, the first of each name."""
    raw_path = scope["raw_path"].partition(b"?")[0]
    sent = cast("Sequence[tuple[bytes, bytes]]", scope["headers"])
    if len(raw_path) + len(scope["query_string"]) >= TARGET_BYTES_MAX:
        return Problem("target-too-long", f"the address is longer than {TARGET_BYTES_MAX} bytes")
    if len(sent) > HEADERS_MAX or sum(map(len, chain.from_iterable(sent))) > HEADERS_BYTES_MAX:
        return _too_large()
    if PATH.fullmatch(raw_path) is None or (MAY_HOLD_DOTS.search(raw_path) and DOTS.search(raw_path)):
        return _bad_path()
    if len(headers) != len(sent) and (twice := _twice(scope)):
        return invalid(
            [Flaw(f"/{name}", "duplicate-header", "may be sent once only", "header") for name in twice]
        )
    host = headers.get(b"host", b"")
    if HOST.fullmatch(host) is None and (host or scope["http_version"] not in ("1", "1.0")):
        return invalid([_host_flaw(host)])
    return _coded(headers)


def _coded(headers: Mapping[bytes, bytes]) -> Problem | None:
    """The refusal of a body that was sent in a coding that is not taken off here."""
    content, transfer = headers.get(b"content-encoding", b""), headers.get(b"transfer-encoding", b"chunked")
    if content.strip().lower() not in (b"", b"identity"):
        told = "the body must be sent as it is, without Content-Encoding"
        return Problem("unsupported-media-type", told, headers={"Accept-Encoding": "identity"})
    if transfer.strip().lower() != b"chunked":
        return Problem("transfer-coding-unknown", "Transfer-Encoding may be chunked and nothing else")
    return None


def _too_large() -> Problem:
    told = f"there are more than {HEADERS_MAX} headers, or more than {HEADERS_BYTES_MAX // 1024} KiB of them"
    return Problem("headers-too-large", told)


def _bad_path() -> Problem:
    told = (
        "must have no empty segment, no segment of dots, and no encoded slash, backslash or control character"
    )
    return Problem("validation-failed", f"the address {told}", [Flaw("", "path", told, "path")])


def _twice(scope: HTTPScope) -> list[str]:
    """Headers that stand more often than they may, as they are usually written."""
    times = Counter(name for name, _ in scope["headers"])
    return [name.decode().title() for name, n in times.items() if n > 1 and name in STAND_ONCE]


def _host_flaw(host: bytes) -> Flaw:
    if not host:
        return Flaw("/Host", "missing", "is missing: send the name of this server", "header")
    return Flaw("/Host", "host", "must be a name or an address, with a port where there is one", "header")
