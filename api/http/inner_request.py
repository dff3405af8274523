"""A command inside another request: its own route of the same application answers it, as if it had come alone.

    reply = await answered(request, InnerCommand("/v1/packages/pkg_…/redemptions", "till-1/17", b'{"service_id": …}'))

It comes with the key, the trace and the address of the request that carries it, and passes the same admission, limits
and checks as any other request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from litestar.types import HTTPReceiveMessage, HTTPScope, Message

from api.http.request import HttpRequest

PASSED_ON = (b"host", b"authorization", b"traceparent")
"""Headers of the carrying request that are those of the command too."""
OF_THE_CONNECTION = ("type", "asgi", "http_version", "scheme", "client", "server")


@dataclass(frozen=True, slots=True)
class InnerCommand:
    """A POST: its path, its Idempotency-Key, and the bytes of its JSON body."""

    path: str
    key: str
    body: bytes


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


async def answered(request: HttpRequest, command: InnerCommand) -> InnerReply:
    """The reply of the route at the command's path; a fault is a reply too."""
    messages: list[HTTPReceiveMessage] = [
        {"type": "http.request", "body": command.body, "more_body": False},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await request.app(_scope(request, command), receive, send)
    start, *parts = sent
    return InnerReply(
        start["status"], dict(start["headers"]), b"".join(part.get("body", b"") for part in parts)
    )


def _scope(request: HttpRequest, command: InnerCommand) -> HTTPScope:
    outer: Mapping[str, Any] = cast("Mapping[str, Any]", request.scope)
    headers = [(name, value) for name, value in outer["headers"] if name in PASSED_ON]
    headers += [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(command.body)),
        (b"idempotency-key", command.key.encode()),
    ]
    own = {
        "method": "POST",
        "path": command.path,
        "raw_path": command.path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "state": {},
    }
    return cast("HTTPScope", {name: outer[name] for name in OF_THE_CONNECTION if name in outer} | own)
