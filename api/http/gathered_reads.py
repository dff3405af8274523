"""Questions that wait for the database while one is under way are read together: one round trip for all of them.

    books = await gathered.of(business_id, Reads({id: 0}))

A question alone leaves at once. No event loop waits for the database, and no thread for a question.
"""

from asyncio import AbstractEventLoop, Future, get_running_loop
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from api.http.ledger_types import Books, UnknownBusiness
from domain.decision import Reads
from domain.ledger.patience import ends_at, until

FLIGHTS_MAX = 2
"""Round trips under way at a time: the answers of one are read while the other is under way."""

LookAll = Callable[[Mapping[str, Reads]], Mapping[str, Books]]
"""Business → what is read, to business → its books, without ledgers that do not exist."""


class _Question(NamedTuple):
    business_id: str
    wanted: Reads
    ends_at: float | None
    """When the patience of its request ends, by `monotonic()`."""
    answer: Future[Books]


class GatheredReads:
    """The questions of one event loop."""

    def __init__(self, loop: AbstractEventLoop, look_all: LookAll) -> None:
        self.loop = loop
        self._look_all = look_all
        self._threads = ThreadPoolExecutor(FLIGHTS_MAX, "reads")
        self._waiting: list[_Question] = []
        self._under_way = 0

    async def of(self, business_id: str, wanted: Reads) -> Books:
        """Streams as they stand now, perhaps among others of the business, without their facts.

        Raises UnreadableFact, UnknownBusiness, LedgerUnavailable.
        """
        answer: Future[Books] = self.loop.create_future()
        self._waiting.append(_Question(business_id, wanted, ends_at(), answer))
        self._take_off()
        return await answer

    def _take_off(self) -> None:
        if self._waiting and self._under_way < FLIGHTS_MAX:
            asked, self._waiting = self._waiting, []
            self._under_way += 1
            flight = self.loop.run_in_executor(self._threads, self._outcomes, asked)
            flight.add_done_callback(partial(self._landed, asked))

    def _landed(self, asked: Sequence[_Question], flight: "Future[list[Books | Exception]]") -> None:
        self._under_way -= 1
        self._take_off()
        for question, outcome in zip(asked, flight.result(), strict=True):
            if question.answer.done():  # the client has gone
                continue
            if isinstance(outcome, Exception):
                question.answer.set_exception(outcome)
            else:
                question.answer.set_result(outcome)

    def _outcomes(self, asked: Sequence[_Question]) -> list[Books | Exception]:
        """The books of each question. Where they cannot be read together, each is read alone."""
        together: dict[str, list[Reads]] = {}
        for each in asked:
            together.setdefault(each.business_id, []).append(each.wanted)
        ends = [each.ends_at for each in asked if each.ends_at is not None]
        last = max(ends) if len(ends) == len(asked) else None
        try:
            with until(last):
                found = self._look_all({id: Reads.all_of(of) for id, of in together.items()})
        except Exception as error:
            if len(asked) == 1:
                return [error]
            return [outcome for each in asked for outcome in self._outcomes([each])]
        return [found.get(each.business_id, UnknownBusiness(each.business_id)) for each in asked]


def gathered_on_this_loop(known: GatheredReads | None, look_all: LookAll) -> GatheredReads:
    """The questions of the running event loop. A process has one loop, a test several in turn."""
    loop = get_running_loop()
    return known if known is not None and known.loop is loop else GatheredReads(loop, look_all)
