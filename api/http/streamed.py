"""Replies in pieces, of any length, that hold something open while they are sent: a snapshot, a file.

    return Streamed(headers, "text/csv", pieces, close)

The status line is sent when the first piece is there, so an error before it is a proper problem. A reply that
breaks off ends without its last chunk: the server cuts the connection, and no client takes it for complete. What
the reply holds is freed when it ends, when the reader hangs up, and when the reader is too slow.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock

import structlog
from litestar.concurrency import sync_to_thread
from litestar.types import Receive, Scope, Send

from api.http.responses import Header

STALLED_S = 30.0
"""Seconds that a reader may take for one piece."""
SENDING_S_MAX = 900.0
"""Seconds that the whole reply may take: no snapshot is kept longer."""

log = structlog.get_logger("carnet.api")


@dataclass(slots=True)
class Streamed:
    """An ASGI application that sends one reply, piece by piece. `close` is called once, on any end."""

    headers: Sequence[Header]
    media_type: str
    pieces: Iterator[bytes]
    """At least one. Each is made in a thread, while the one before waits to be sent."""
    close: Callable[[], None]
    stalled_s: float = STALLED_S
    sending_s_max: float = SENDING_S_MAX
    _ended: bool = False
    _pulling: Lock = field(default_factory=Lock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hung_up = asyncio.ensure_future(_hung_up(receive))
        try:
            headers = [*self.headers, (b"content-type", self.media_type.encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            if scope.get("method") == "HEAD":
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            elif why := await self._broken_off(send, hung_up):
                log.warning("broke a reply off", why=why)
        finally:
            hung_up.cancel()
            # Not awaited: a piece may be under way in another thread, and its end must not be waited for here.
            asyncio.get_running_loop().run_in_executor(None, self._end)

    async def _broken_off(self, send: Send, hung_up: "asyncio.Future[None]") -> str | None:
        """Send the pieces; why it was broken off, or None. What is held is freed before the last piece is sent."""
        until = time.monotonic() + self.sending_s_max
        try:
            piece = await sync_to_thread(self._next)
            while piece is not None:
                following = await sync_to_thread(self._next)
                if hung_up.done():
                    return "the reader hung up"
                if time.monotonic() > until:
                    return "it took too long"
                if following is None:
                    await sync_to_thread(self._end)
                more = following is not None
                if piece or not more:
                    sent = send({"type": "http.response.body", "body": piece, "more_body": more})
                    await asyncio.wait_for(sent, self.stalled_s)
                piece = following
        except TimeoutError:
            return "the reader was too slow"
        except Exception as error:
            return type(error).__name__
        return None

    def _next(self) -> bytes | None:
        with self._pulling:
            return next(self.pieces, None)

    def _end(self) -> None:
        with self._pulling:
            if not self._ended:
                self._ended = True
                self.close()


async def _hung_up(receive: Receive) -> None:
    """Wait until the reader is gone."""
    with suppress(Exception):
        while (await receive())["type"] != "http.disconnect":
            pass
