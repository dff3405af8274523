"""A document that stays the same while the process runs: /schema, /docs, the pages of problems.

    SCHEMA = FixedDocument(b"{…}")
    return SCHEMA.reply(exchange)

It has a tag of its content, one for each coding, and may be kept by anybody who asks again whether it still holds.
"""

from hashlib import sha256

from api.http.compression import BYTES_MIN, CODINGS, VARIES, Coding, coding_for, in_coding
from api.http.conditions import is_known
from api.http.request import Exchange
from api.http.responses import Header, Reply, unchanged

TAG_LENGTH = 20
CACHED: Header = (b"cache-control", b"no-cache")
"""May be kept, and is asked for with If-None-Match before each use."""


class FixedDocument:
    """A body, and its compressed forms once they have been asked for."""

    def __init__(
        self, body: bytes, media_type: str = "application/json", headers: tuple[Header, ...] = ()
    ) -> None:
        self.body = body
        self._media_type = media_type
        self._headers = headers
        self._digest = sha256(body).hexdigest()[:TAG_LENGTH]
        self._bodies: dict[Coding | None, bytes] = {None: body}

    def reply(self, exchange: Exchange) -> Reply:
        """The document as the caller accepts it, or 304. Raises validation-failed for a wrong If-None-Match."""
        large = len(self.body) >= BYTES_MIN
        coding = coding_for(exchange.header(b"accept-encoding") or "") if large else None
        headers = [*self._headers, CACHED, (b"etag", self._tag(coding).encode())]
        if large:
            headers.append(VARIES)
        known = exchange.header(b"if-none-match")
        if known is not None and is_known([known], *map(self._tag, (None, *CODINGS))):
            return unchanged(headers)
        if coding is not None:
            headers.append((b"content-encoding", coding.encode()))
        return Reply(200, self._in(coding), headers, self._media_type)

    def _tag(self, coding: Coding | None) -> str:
        return f'"{self._digest}"' if coding is None else f'"{self._digest}-{coding}"'

    def _in(self, coding: Coding | None) -> bytes:
        if coding not in self._bodies:
            assert coding is not None, "the plain body is there from the beginning"
            self._bodies[coding] = in_coding(self.body, coding)
        return self._bodies[coding]
