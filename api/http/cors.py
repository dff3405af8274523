"""Cross-origin requests: which pages of other hosts may read the answers (CORS, Fetch standard).

    cors = Cors(["https://till.example"])
    headers = cors.headers(b"https://till.example", preflight=False)

Off unless origins are named. Cookies are never involved: a page sends the key itself.
"""

from collections.abc import Collection

from api.http.responses import Header

ANY = "*"
SENT = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Ledger-Min-Position, traceparent"
)
"""Headers that a page may send."""
EXPOSED = (
    "Allow, ETag, Idempotency-Replayed, Ledger-Position, Location, RateLimit, RateLimit-Policy, Request-Id,"
    " Retry-After"
)
"""Headers that a page may read."""
METHODS = "GET, HEAD, POST"
PREFLIGHT_KEPT_S = 600


class Cors:
    """The headers for allowed origins. `origins`: as browsers send them (`https://host:port`), or `*` for all."""

    def __init__(self, origins: Collection[str]) -> None:
        self._any = ANY in origins
        self._origins = frozenset(origin.encode() for origin in origins)

    def headers(self, origin: bytes | None, *, preflight: bool) -> list[Header]:
        """The headers of an answer to a page of `origin`. A foreign origin gets none that allow anything."""
        told: list[Header] = [] if self._any else [(b"vary", b"origin")]
        if origin is None or not (self._any or origin in self._origins):
            return told
        told.append((b"access-control-allow-origin", b"*" if self._any else origin))
        if preflight:
            told.append((b"access-control-allow-methods", METHODS.encode()))
            told.append((b"access-control-allow-headers", SENT.encode()))
            told.append((b"access-control-max-age", b"%d" % PREFLIGHT_KEPT_S))
        else:
            told.append((b"access-control-expose-headers", EXPOSED.encode()))
        return told
