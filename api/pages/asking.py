"""The one way from the pages to the API: each question and each command runs its own route, without a socket.

    answer = await api.ask(visitor, "customers.show", {"customer_id": id})
    answer = await api.give(visitor, "packages.redeem", {"package_id": id}, body, key=…, if_match=…)

The route checks the key, counts the request, and judges roles, ownership and what was sent, as for any other client.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote, urlencode

from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Message

Parameters = Mapping[str, str | int | bool | Sequence[str] | None]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at a page: their key, and the connection that they came by."""

    key: str
    connection: Mapping[str, Any]
    """`client`, `server` and `scheme` of the ASGI scope."""
    host: bytes
    traceparent: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answered: an answer of the route, or a problem."""

    status: int
    headers: Mapping[bytes, bytes]
    body: Any
    """The JSON, as Python has it."""

    @property
    def is_good(self) -> bool:
        return self.status < 300

    @property
    def position(self) -> int | None:
        """The position of the ledger that it is true for."""
        value = self.headers.get(b"ledger-position")
        return None if value is None else int(value)

    @property
    def tag(self) -> str | None:
        """The ETag, which a form sends back as `if_match`."""
        value = self.headers.get(b"etag")
        return None if value is None else value.decode()

    @property
    def is_repeated(self) -> bool:
        """Whether the same command was answered before."""
        return b"idempotency-replayed" in self.headers


class ApiRefused(Exception):
    """A question was answered with a problem, which the page has to tell."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.body.get("code"))


class Api:
    """The routes of the application, by the names of their operations."""

    def __init__(self, app: ASGIApp, paths: Mapping[str, str]) -> None:
        """`paths`: operation → path, with the parameters of the path in braces."""
        self._app = app
        self._paths = paths

    async def ask(
        self,
        visitor: Visitor,
        operation: str,
        path: Mapping[str, str] | None = None,
        parameters: Parameters | None = None,
    ) -> Answer:
        """The answer to a question, whatever it is."""
        query = urlencode([*_sent(parameters or {})])
        return await self._sent(visitor, "GET", self._path(operation, path), query, [], b"")

    async def know(
        self,
        visitor: Visitor,
        operation: str,
        path: Mapping[str, str] | None = None,
        parameters: Parameters | None = None,
    ) -> Answer:
        """The answer to a question that must be answered. Raises ApiRefused."""
        answer = await self.ask(visitor, operation, path, parameters)
        if not answer.is_good:
            raise ApiRefused(answer)
        return answer

    async def give(
        self,
        visitor: Visitor,
        operation: str,
        path: Mapping[str, str] | None,
        body: Mapping[str, Any],
        *,
        key: str,
        if_match: str | None = None,
        dry_run: bool = False,
    ) -> Answer:
        """The answer to a command. The same `key` and body are answered the same again."""
        sent = json.dumps(body).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(sent))]
        headers.append((b"idempotency-key", key.encode()))
        if if_match is not None:
            headers.append((b"if-match", if_match.encode()))
        query = "dry_run=true" if dry_run else ""
        return await self._sent(visitor, "POST", self._path(operation, path), query, headers, sent)

    def _path(self, operation: str, path: Mapping[str, str] | None) -> str:
        return self._paths[operation].format_map(
            {name: quote(id, safe="") for name, id in (path or {}).items()}
        )

    async def _sent(
        self,
        visitor: Visitor,
        method: str,
        path: str,
        query: str,
        headers: Iterable[tuple[bytes, bytes]],
        body: bytes,
    ) -> Answer:
        messages: list[HTTPReceiveMessage] = [
            {"type": "http.request", "body": body, "more_body": False},
            {"type": "http.disconnect"},
        ]
        sent: list[Any] = []

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(_scope(visitor, method, path, query, headers), receive, send)
        start, *parts = sent
        text = b"".join(part.get("body", b"") for part in parts)
        return Answer(start["status"], dict(start["headers"]), json.loads(text) if text else None)


def _scope(
    visitor: Visitor, method: str, path: str, query: str, headers: Iterable[tuple[bytes, bytes]]
) -> HTTPScope:
    own = [(b"host", visitor.host), (b"authorization", b"Bearer " + visitor.key.encode())]
    if visitor.traceparent is not None:
        own.append((b"traceparent", visitor.traceparent))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [*own, *headers],
        "state": {},
        **visitor.connection,
    }
    return cast("HTTPScope", scope)


def _sent(parameters: Parameters) -> Iterable[tuple[str, str]]:
    """Parameters as an address has them. None is left out, a sequence is sent one by one."""
    for name, value in parameters.items():
        if value is None:
            continue
        if isinstance(value, bool):
            yield name, "true" if value else "false"
        elif isinstance(value, str | int):
            yield name, str(value)
        else:
            yield from ((name, each) for each in value)
