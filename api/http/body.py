"""The body of a request, as bytes.

raw = await body_of(request, bytes_max)
"""

import asyncio
import re
import time

from api.http.parsing import BODY_BYTES_MAX
from api.http.problems import Problem
from api.http.request import Exchange, HttpRequest, exchange_of
from domain.ledger.patience import extend

LENGTH = re.compile(r"[0-9]{1,16}")
BYTES_PER_S_MIN = 2_000
"""So many bytes give a body another second to come."""
WAITED_TIMES_MAX = 15
"""How many times as long as for the first bytes a body is waited for in all: 5 minutes."""


async def body_of(request: HttpRequest, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """The bytes of the body. It usually comes in one piece; Litestar's own reading expects a stream.

    It must come within `body_s` seconds, and so much longer as is needed at 2,000 bytes a second, up to fifteen
    times as long. Raises Problem: body-too-large as soon as it is known, malformed-body, request-timeout.
    """
    exchange = exchange_of(request.scope)
    announced = exchange.header(b"content-length")
    if announced is not None and not LENGTH.fullmatch(announced):
        raise Problem("malformed-body", "Content-Length is not a number")
    length = None if announced is None else int(announced)
    if length is not None and length > bytes_max:
        raise too_large(bytes_max)
    if b"transfer-encoding" in exchange.headers:
        length = None  # it is sent in chunks, whatever else is announced
    began = time.monotonic()
    try:
        raw = await _received(request, exchange, bytes_max, length)
    except TimeoutError as error:
        exchange.read = True  # what is left of it is not waited for either
        told = f"the body did not come within {time.monotonic() - began:.0f} seconds"
        raise Problem("request-timeout", told, headers={"Connection": "close"}) from error
    extend(time.monotonic() - began)
    return raw


async def _received(request: HttpRequest, exchange: Exchange, bytes_max: int, length: int | None) -> bytes:
    """The body, which has ended with as many bytes as were announced. Raises TimeoutError, Problem."""
    body_s, began = exchange.frame.body_s, asyncio.get_running_loop().time()
    raw, more = bytearray(), True
    async with asyncio.timeout(body_s) as waiting:
        while more:
            message = await request.receive()
            if message["type"] != "http.request":
                raise Problem("malformed-body", "the request broke off")
            raw += message.get("body", b"")
            # The server's library tells of the end by a message of its own, and each takes another turn of its threads.
            more = message.get("more_body", False) and len(raw) != length
            exchange.read = not more
            if len(raw) > bytes_max:
                raise too_large(bytes_max)
            if more:
                earned = min(body_s + len(raw) / BYTES_PER_S_MIN, body_s * WAITED_TIMES_MAX)
                waiting.reschedule(began + earned)
    return bytes(raw)


def too_large(bytes_max: int) -> Problem:
    return Problem("body-too-large", f"the body is larger than {bytes_max // 1024} KiB")
