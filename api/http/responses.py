"""Replies: a status, headers and a finished body, in the cheapest form that the framework takes.

return Reply(201, body, [(b"ledger-position", b"17")])
"""

from collections.abc import Iterable
from dataclasses import dataclass

from litestar.types import Receive, Scope, Send

Header = tuple[bytes, bytes]
"""A name in lower case, and its value."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An ASGI application that sends one reply. Litestar's own `Response` costs three times as much: it
    renders, merges headers and cookies, and looks its defaults up.

    HEAD gets the same headers and no body. A 304 has neither a body nor the headers of one.
    """

    status: int
    body: bytes
    headers: Iterable[Header] = ()
    media_type: str = "application/json"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [*self.headers]
        if self.status != 304:
            headers.append((b"content-type", self.media_type.encode()))
            headers.append((b"content-length", b"%d" % len(self.body)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        body = b"" if scope.get("method") == "HEAD" else self.body
        await send({"type": "http.response.body", "body": body, "more_body": False})


def unchanged(headers: Iterable[Header]) -> Reply:
    """A 304: the sender of `If-None-Match` has the answer already."""
    return Reply(304, b"", headers)
