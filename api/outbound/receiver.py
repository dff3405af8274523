"""One request to a receiver of webhooks: to a checked address, without redirects, bounded in time and size.

with receiver(url, loopback=False) as post:
    status = post(headers, body)       # raises ReceiverUnusable
"""

import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpcore

from api.http.receiver_addresses import may_reach
from api.outbound.lookups import LOOKUPS

CONNECT_S = 5.0
REQUEST_S_MAX = 15.0
"""Seconds for one request with its answer, connecting included."""
ANSWER_BYTES_MAX = 65_536
"""Bytes that are read of an answer, with its headers and the handshake."""

Post = Callable[[Mapping[str, str], bytes], int]


class ReceiverUnusable(Exception):
    """No answer: `private-address`, `unknown-host`, `unreachable`, `timeout`, `tls-failed` or `bad-answer`."""


class _Refused(Exception):
    pass


class _Bounds:
    """What is left of the time and the bytes of the request under way."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self._ends = time.monotonic() + REQUEST_S_MAX
        self._bytes = ANSWER_BYTES_MAX

    def left_s(self, timeout: float | None) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time is over")
        return left if timeout is None else min(timeout, left)

    def count(self, read: bytes) -> bytes:
        self._bytes -= len(read)
        if self._bytes < 0:
            raise httpcore.RemoteProtocolError("the answer is too long")
        return read


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, bounds: _Bounds) -> None:
        self._stream = stream
        self._bounds = bounds

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._bounds.count(self._stream.read(max_bytes, self._bounds.left_s(timeout)))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._bounds.left_s(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._bounds.left_s(timeout))
        return _Stream(stream, self._bounds)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Connects to the very addresses that were checked: the name is looked up once."""

    def __init__(self, bounds: _Bounds, *, loopback: bool) -> None:
        self._bounds = bounds
        self._loopback = loopback
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failed: Exception = httpcore.ConnectError("no address")
        within_s = self._bounds.left_s(timeout)
        for address in addresses(host, port, loopback=self._loopback, within_s=within_s):
            try:
                stream = self._sockets.connect_tcp(address, port, self._bounds.left_s(timeout))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return _Stream(stream, self._bounds)
        raise failed


def addresses(host: str, port: int, *, loopback: bool, within_s: float = CONNECT_S) -> list[str]:
    """The addresses of a host, if all of them may be reached. A dead name server is waited for no longer than that."""
    try:
        told = LOOKUPS.addresses(host, port, within_s)
    except TimeoutError:
        raise _Refused("timeout") from None
    except (OSError, UnicodeError):
        raise _Refused("unknown-host") from None
    if not all(may_reach(address, loopback=loopback) for address in told):
        raise _Refused("private-address")
    return told


@contextmanager
def receiver(url: str, *, loopback: bool) -> Iterator[Post]:
    """A function that posts to a receiver and returns the status, over one connection where it stays open.

    Redirects are not followed. The function raises ReceiverUnusable.
    """
    bounds = _Bounds()
    timeouts = {"connect": CONNECT_S, "read": REQUEST_S_MAX, "write": REQUEST_S_MAX, "pool": CONNECT_S}
    backend = _Backend(bounds, loopback=loopback)
    with httpcore.ConnectionPool(
        ssl.create_default_context(), max_connections=1, network_backend=backend
    ) as pool:

        def post(headers: Mapping[str, str], body: bytes) -> int:
            bounds.renew()
            sent = [(name.encode(), value.encode()) for name, value in headers.items()]
            try:
                answer = pool.request(
                    "POST", url, headers=sent, content=body, extensions={"timeout": timeouts}
                )
            except Exception as error:
                raise ReceiverUnusable(_reason(error)) from error
            return answer.status

        yield post


def _reason(error: Exception) -> str:
    """Of a failed request, without anything that the receiver has said."""
    if isinstance(error, _Refused):
        return str(error)
    if isinstance(error, httpcore.TimeoutException):
        return "timeout"
    if isinstance(error, httpcore.ConnectError):
        return "tls-failed" if isinstance(error.__cause__, ssl.SSLError) else "unreachable"
    if isinstance(error, httpcore.NetworkError):
        return "unreachable"
    return "bad-answer"
