"""The one way from the pages to the API: each question and each command runs its own route, without a socket.

    answer = await api.ask(visitor, "customers.show", {"customer_id": id})
    answer = await api.give(visitor, "redemptions.redeem", {"package_id": id}, body, key=…, if_match=…)

The route checks the key, counts the request, and judges roles, ownership and what was sent, as for any other client.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from litestar.types import ASGIApp, Receive, Scope, Send

from api.http.inner_request import InnerReply, InnerRequest, answered, inner_scope

Parameters = Mapping[str, str | int | bool | Sequence[str] | None]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at a page."""

    key: str
    """Empty for somebody who is not signed in."""
    request: Scope
    """The request for the page, from whose address the API is asked."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answered: an answer of the route, or a problem."""

    status: int
    body: Any
    """The JSON, as Python has it."""
    position: int | None
    """The position of the ledger that it is true for."""

    @property
    def is_good(self) -> bool:
        return self.status < 300


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
        return await self._answer(visitor, InnerRequest(self._path(operation, path), query=query))

    async def document(
        self,
        visitor: Visitor,
        operation: str,
        path: Mapping[str, str],
        parameters: Parameters | None = None,
    ) -> InnerReply | Answer:
        """What the API answers in another form than JSON, as it is; a problem as an answer."""
        query = urlencode([*_sent(parameters or {})])
        reply = await self._replied(visitor, InnerRequest(self._path(operation, path), query=query))
        return reply if reply.status < 300 else _read(reply)

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
        headers = () if if_match is None else ((b"if-match", if_match.encode()),)
        query = "dry_run=true" if dry_run else ""
        sent = json.dumps(body).encode()
        return await self._answer(
            visitor, InnerRequest(self._path(operation, path), sent, key, query, headers)
        )

    def passed_on(self, visitor: Visitor, operation: str, parameters: Parameters) -> ASGIApp:
        """An application by which the route answers the visitor itself, piece by piece, however long it is."""
        own = (b"authorization", b"Bearer " + visitor.key.encode())
        request = InnerRequest(
            self._path(operation, {}), query=urlencode([*_sent(parameters)]), headers=(own,)
        )

        async def passing(scope: Scope, receive: Receive, send: Send) -> None:
            await self._app(inner_scope(scope, request), receive, send)

        return passing

    async def upload(
        self,
        visitor: Visitor,
        operation: str,
        content: bytes,
        media_type: str,
        *,
        key: str,
        parameters: Parameters | None = None,
    ) -> Answer:
        """The answer to a command whose body is a file. The same `key` and file are answered the same again."""
        query = urlencode([*_sent(parameters or {})])
        request = InnerRequest(
            self._path(operation, {}), content, key, query, media_type=media_type.encode("latin-1")
        )
        return await self._answer(visitor, request)

    def _path(self, operation: str, path: Mapping[str, str] | None) -> str:
        named = {name: quote(id, safe="") for name, id in (path or {}).items()}
        return self._paths[operation].format_map(named)

    async def _answer(self, visitor: Visitor, request: InnerRequest) -> Answer:
        return _read(await self._replied(visitor, request))

    async def _replied(self, visitor: Visitor, request: InnerRequest) -> InnerReply:
        own = ((b"authorization", b"Bearer " + visitor.key.encode()),) if visitor.key else ()
        return await answered(self._app, visitor.request, replace(request, headers=(*own, *request.headers)))


def _read(reply: InnerReply) -> Answer:
    return Answer(reply.status, json.loads(reply.body) if reply.body else None, reply.position)


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
