"""A fact among those around it: the one before in the chain, the head, and what the same request caused."""

from asyncio import gather
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from api.pages.asking import Answer, ApiRefused
from api.pages.view import View

AROUND = 50
"""Facts on either side that are looked at for those of the same request, which stand together."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    fact: Any
    """As the feed has it."""
    before: Any | None
    """The fact at the position before; None for the first of the ledger."""
    head: Any
    caused: list[Any]
    """The facts of the same request, in order of position, with this one."""
    is_all: bool
    """Whether no fact of the request can be beyond those."""


async def neighbours_of(view: View, position: int) -> Neighbours:
    """Raises ApiRefused where there is no such fact."""
    first = max(position - AROUND - 1, 0)
    found, head = await gather(
        view.know("facts.list", None, {"after": first, "limit": 2 * AROUND}), view.know("ledger.head")
    )
    around = {fact["position"]: fact for fact in found.body["data"]}
    fact = around.get(position)
    if fact is None:
        raise ApiRefused(Answer(404, {"code": "not-found"}, None))
    request = fact["meta"].get("request_id")

    def same(each: Any) -> bool:
        return request is not None and each["meta"].get("request_id") == request

    earlier = [around[at] for at in range(position - 1, first, -1) if at in around]
    later = [around[at] for at in range(position + 1, position + AROUND + 1) if at in around]
    before, after = list(takewhile(same, earlier)), list(takewhile(same, later))
    is_all = len(before) < AROUND and len(after) < AROUND - 1
    return Neighbours(fact, around.get(position - 1), head.body, [*reversed(before), fact, *after], is_all)
