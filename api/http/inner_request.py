"""A request inside another: its own route of the same application answers it, as if it had come alone.

    use = InnerRequest("/v1/packages/pkg_…/redemptions", b'{"service_id": …}', "till-1/17")
    reply = await answered(app, scope, use)

It comes with the key, the trace and the address of the request that carries it, and passes the same admission, limits
and checks as any other request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Message, Scope

from api.http.responses import Header

PASSED_ON = (b"host", b"authorization", b"traceparent")
"""Headers of the carrying request that are those of the inner one too, unless it has its own."""
OF_THE_CONNECTION = ("type", "asgi", "http_version", "scheme", "client", "server")


@dataclass(frozen=True, slots=True)
class InnerRequest:
    """A GET; with a body a POST."""

    path: str
    body: bytes | None = None
    key: str = ""
    """The Idempotency-Key of a command."""
    query: str = ""
    headers: tuple[Header, ...] = ()
    media_type: bytes = b"application/json"
    """Of the body."""


@dataclass(frozen=True, slots=True)
class InnerReply:
    status: int
    headers: Mapping[bytes, bytes]
    body: bytes

    @property
    def replayed(self) -> bool:
        """Whether the same command was answered before."""
        return b"idempotency-replayed" in self.headers

    @property
    def position(self) -> int | None:
        """The position of the ledger that the answer is true for, if it names one."""
        return self._number(b"ledger-position")

    @property
    def retry_after_s(self) -> int | None:
        return self._number(b"retry-after")

    def _number(self, name: bytes) -> int | None:
        value = self.headers.get(name)
        return None if value is None else int(value)


async def answered(app: ASGIApp, carrier: Scope, request: InnerRequest) -> InnerReply:
    """The reply of the route at its path; a fault is a reply too. `carrier`: the scope of the carrying request."""
    messages: list[HTTPReceiveMessage] = [
        {"type": "http.request", "body": request.body or b"", "more_body": False},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await app(inner_scope(carrier, request), receive, send)
    start, *parts = sent
    return InnerReply(
        start["status"], dict(start["headers"]), b"".join(part.get("body", b"") for part in parts)
    )


def inner_scope(carrier: Scope, request: InnerRequest) -> HTTPScope:
    """The scope in which the route answers. Given to the application with the carrier's own receive and send, the reply
    goes to whoever sent the carrying request, piece by piece."""
    outer: Mapping[str, Any] = cast("Mapping[str, Any]", carrier)
    headers = dict(request.headers)
    if request.body is not None:
        headers |= {b"content-type": request.media_type, b"content-length": b"%d" % len(request.body)}
    if request.key:
        headers[b"idempotency-key"] = request.key.encode()
    passed_on = [
        (name, value) for name, value in outer["headers"] if name in PASSED_ON and name not in headers
    ]
    own: dict[str, object] = {
        "method": "GET" if request.body is None else "POST",
        "path": request.path,
        "raw_path": request.path.encode(),
        "root_path": "",
        "query_string": request.query.encode(),
        "headers": [*passed_on, *headers.items()],
        "state": {},
    }
    return cast("HTTPScope", {name: outer[name] for name in OF_THE_CONNECTION if name in outer} | own)
