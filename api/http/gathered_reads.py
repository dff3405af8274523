"""Reads of streams that share round trips.

books = await gathered.of(business_id, Reads({id: 0}))
"""

from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from api.http.gathered import Gathered
from api.http.ledger_types import Books, UnknownBusiness
from domain.decision import Reads

LookAll = Callable[[Mapping[str, Reads]], Mapping[str, Books]]
"""Business → what is read, to business → its books, without ledgers that do not exist."""


class _Question(NamedTuple):
    business_id: str
    wanted: Reads


class GatheredReads(Gathered[_Question, Books]):
    """The reads of one event loop."""

    def __init__(self, loop: AbstractEventLoop, look_all: LookAll) -> None:
        super().__init__(loop, self._looked, "reads")
        self._look_all = look_all

    async def of(self, business_id: str, wanted: Reads) -> Books:
        """Streams as they stand now, perhaps among others of the business, without their facts.

        Raises UnreadableFact, UnknownBusiness, LedgerUnavailable.
        """
        return await self.answer(_Question(business_id, wanted))

    def _looked(self, asked: Sequence[_Question]) -> list[Books | Exception]:
        together: dict[str, list[Reads]] = {}
        for each in asked:
            together.setdefault(each.business_id, []).append(each.wanted)
        found = self._look_all({id: Reads.all_of(of) for id, of in together.items()})
        return [found.get(each.business_id, UnknownBusiness(each.business_id)) for each in asked]


def gathered_on_this_loop(known: GatheredReads | None, look_all: LookAll) -> GatheredReads:
    """The reads of the running event loop. A process has one loop, a test several in turn."""
    loop = get_running_loop()
    return known if known is not None and known.loop is loop else GatheredReads(loop, look_all)
