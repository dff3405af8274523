"""Taking in the rest of a body that is not wanted, so that the refusal arrives.

A server that closes a connection while the body is still coming resets it, and the caller may lose the answer that
was sent before.
"""

import asyncio
from contextlib import suppress

from litestar.types import Receive

from api.http.request import Exchange

BYTES_MAX = 32 * 1024 * 1024
SECONDS_MAX = 5.0
"""Beyond these the connection is closed at once."""


async def drain(exchange: Exchange, receive: Receive) -> None:
    """Read what is left of the body, up to the limits above."""
    if exchange.read or not _is_coming(exchange):
        return
    exchange.read = True
    with suppress(TimeoutError):
        async with asyncio.timeout(SECONDS_MAX):
            await _drop(receive)


def _is_coming(exchange: Exchange) -> bool:
    """Whether a body follows the headers. A caller that waits for `100 Continue` does not send it."""
    if exchange.header(b"expect") is not None:
        return False
    return b"transfer-encoding" in exchange.headers or exchange.header(b"content-length") not in (None, "0")


async def _drop(receive: Receive) -> None:
    left = BYTES_MAX
    while left > 0:
        message = await receive()
        if message["type"] != "http.request":
            return
        left -= len(message.get("body", b""))
        if not message.get("more_body", False):
            return
