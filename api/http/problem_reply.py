"""The reply to a request that failed: its problem, true for a position of the ledger where there is one.

Before it is sent the rest of the body is taken in (api/http/draining.py).
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from litestar.concurrency import sync_to_thread
from litestar.types import Receive, Scope, Send

from api.http.draining import drain
from api.http.problems import MEDIA_TYPE, Problem
from api.http.request import Exchange, exchange_of
from api.http.responses import Header, Reply
from domain.ledger.errors import LedgerUnavailable, UnknownBusiness


@dataclass(frozen=True, slots=True)
class ProblemReply:
    """An ASGI application, in the form in which Litestar takes the result of an error handler."""

    problem: Problem
    headers: Iterable[Header]
    by_facts: bool
    """Whether stored facts are the reason. The request alone is true for any position."""

    def to_asgi_response(self, **_: Any) -> "ProblemReply":
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope)
        await drain(exchange, receive)
        position = await self._position(exchange)
        told = [] if position is None else [(b"ledger-position", b"%d" % position)]
        body = self.problem.to_json(exchange.request_id, "body" if scope.get("method") == "POST" else "query")
        await Reply(self.problem.status, body, [*self.headers, *told], MEDIA_TYPE)(scope, receive, send)

    async def _position(self, exchange: Exchange) -> int | None:
        """A position for which the problem is true; None where no business is known, and for a fault of ours."""
        if exchange.known_caller is None or self.problem.status >= 500:
            return None
        seen = exchange.frame.positions.get(exchange.caller.business_id)
        if self.problem.status == 429 or (seen is not None and not self.by_facts):
            return seen
        with suppress(LedgerUnavailable, UnknownBusiness):
            return await sync_to_thread(_head, exchange)
        return seen


def _head(exchange: Exchange) -> int:
    return exchange.frame.ledger(exchange.caller.business_id).recorder.head().position
