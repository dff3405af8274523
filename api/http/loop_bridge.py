"""Hands outcomes from the threads of the ledger to the event loop that waits for them.

    outcome = await outcomes.of(lambda settle: ledger.submit(order, settle))

A batch settles many orders at once, and each wake-up of the loop costs a system call. Outcomes that arrive
before the loop runs share one wake-up.
"""

from asyncio import AbstractEventLoop, Future
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from time import monotonic

from domain.ledger.group_commit import Outcome, Settle
from domain.ledger.patience import ends_at, out_of_patience


class LoopBridge:
    """The orders that one event loop waits for. Call `of` on the loop; the orders settle on any thread."""

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
