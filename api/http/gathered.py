"""Questions that wait for the database while others are under way are answered together: a flight.

    answer = await gathered.of(question)

A question alone leaves at once. No event loop waits for the database, and no thread for a question.
"""

from asyncio import AbstractEventLoop, Future
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from domain.ledger.patience import ends_at, until

FLIGHTS_MAX = 2
"""Flights under way at a time: the answers of one are read while the other is under way."""

Q = TypeVar("Q")
A = TypeVar("A")


class _Waiting(NamedTuple, Generic[Q, A]):
    question: Q
    ends_at: float | None
    """When the patience of its request ends, by `monotonic()`."""
    answer: "Future[A]"


class Gathered(Generic[Q, A]):
    """The questions of one event loop. `answer_all` answers those of a flight, on a thread, each by its answer or by
    what went wrong with it alone; where it raises, each question is asked again alone."""

    def __init__(
        self, loop: AbstractEventLoop, answer_all: Callable[[Sequence[Q]], Sequence[A | Exception]], name: str
    ) -> None:
        """`name`: of the threads."""
        self.loop = loop
        self._answer_all = answer_all
        self._threads = ThreadPoolExecutor(FLIGHTS_MAX, name)
        self._waiting: list[_Waiting[Q, A]] = []
        self._under_way = 0

    async def answer(self, question: Q) -> A:
        """Raises what went wrong with this question."""
        answer: Future[A] = self.loop.create_future()
        self._waiting.append(_Waiting(question, ends_at(), answer))
        self._take_off()
        return await answer

    def _take_off(self) -> None:
        if self._waiting and self._under_way < FLIGHTS_MAX:
            asked, self._waiting = self._waiting, []
            self._under_way += 1
            flight = self.loop.run_in_executor(self._threads, self._outcomes, asked)
            flight.add_done_callback(partial(self._landed, asked))

    def _landed(self, asked: Sequence[_Waiting[Q, A]], flight: "Future[Sequence[A | Exception]]") -> None:
        self._under_way -= 1
        self._take_off()
        for waiting, outcome in zip(asked, flight.result(), strict=True):
            if waiting.answer.done():  # the client has gone
                continue
            if isinstance(outcome, Exception):
                waiting.answer.set_exception(outcome)
            else:
                waiting.answer.set_result(outcome)

    def _outcomes(self, asked: Sequence[_Waiting[Q, A]]) -> Sequence[A | Exception]:
        """The answer of each question. Where they cannot be found together, each is asked alone."""
        ends = [each.ends_at for each in asked if each.ends_at is not None]
        last = max(ends) if len(ends) == len(asked) else None
        try:
            with until(last):
                return self._answer_all([each.question for each in asked])
        except Exception as error:
            if len(asked) == 1:
                return [error]
            return [outcome for each in asked for outcome in self._outcomes([each])]
