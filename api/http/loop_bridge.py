"""Hands outcomes from the threads of the ledger to the event loop that waits for them.

    outcome = await outcomes.of(lambda settle: ledger.submit(order, settle))

A batch settles many orders at once, and each wake-up of the loop costs a system call. Outcomes that arrive
before the loop runs share one wake-up.

    made = outcomes.run(work)

The other way round, a thread of the ledger has work done on the loop. Threads share one interpreter: when the one that
works lets go of it for a moment, such as to pack an answer, the loop takes it for all the requests that have come,
and the database has nothing to do meanwhile. On the loop nobody takes it, and the requests have their turn while the
database works.
"""

from asyncio import AbstractEventLoop, Future
from collections.abc import Callable
from concurrent.futures import Future as Promise
from contextlib import suppress
from threading import Lock
from time import monotonic
from typing import TypeVar

from domain.ledger.group_commit import Outcome, Settle
from domain.ledger.patience import ends_at, out_of_patience

T = TypeVar("T")

BEGINS_S = 0.02
"""Work that the loop has not begun by then is done where it is waited for."""


class LoopBridge:
    """The orders that one event loop waits for. Call `of` on the loop and `run` on another thread; the orders settle on
    any thread."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.loop = loop
        self._arrived: list[tuple[Future[Outcome], Outcome]] = []
        """Settled and not handed over yet. Not empty: the loop was woken."""
        self._lock = Lock()

    async def of(self, submit: Callable[[Settle], None]) -> Outcome:
        """The outcome of the order that `submit` hands in. Holds no thread while it waits.

        It is LedgerUnavailable when the patience of the request ends first; the order may be carried out all the same,
        and the same request again tells.
        """
        future: Future[Outcome] = self.loop.create_future()
        submit(lambda outcome: self._arrive(future, outcome))
        end = ends_at()
        if end is None:
            return await future
        given_up = self.loop.call_later(end - monotonic(), self._give_up, future)
        try:
            return await future
        finally:
            given_up.cancel()

    def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises on the loop, or here where the loop is not free or has stopped."""
        made: Promise[T] = Promise()
        try:
            self.loop.call_soon_threadsafe(_do, work, made)
        except RuntimeError:  # it has stopped
            return work()
        with suppress(TimeoutError):
            made.exception(BEGINS_S)
        return work() if made.cancel() else made.result()

    @staticmethod
    def _give_up(future: Future[Outcome]) -> None:
        if not future.done():
            future.set_result(out_of_patience())

    def _arrive(self, future: Future[Outcome], outcome: Outcome) -> None:
        with self._lock:
            self._arrived.append((future, outcome))
            if len(self._arrived) > 1:
                return
        with suppress(RuntimeError):  # the server has stopped, and nobody waits
            self.loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        with self._lock:
            arrived, self._arrived = self._arrived, []
        for future, outcome in arrived:
            if not future.done():  # the client may have gone
                future.set_result(outcome)


def _do(work: Callable[[], T], made: Promise[T]) -> None:
    if made.set_running_or_notify_cancel():
        try:
            made.set_result(work())
        except BaseException as error:
            made.set_exception(error)
