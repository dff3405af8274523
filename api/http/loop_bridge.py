"""Outcomes on their way from the threads of the ledger to the event loop that waits for them.

    outcome = await outcomes.of(lambda settle: ledger.submit(order, settle))

A batch settles many orders at once, and waking the loop costs a call of the system each time: those that
arrive before the loop has looked share one.
"""

from asyncio import AbstractEventLoop, Future
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

from domain.ledger.group_commit import Outcome, Settle


class LoopBridge:
    """What one event loop waits for. `of` is called on the loop; the orders settle on any thread."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.loop = loop
        self._arrived: list[tuple[Future[Outcome], Outcome]] = []
        """Settled, and not yet told; not empty: the loop was woken."""
        self._lock = Lock()

    async def of(self, submit: Callable[[Settle], None]) -> Outcome:
        """The outcome of what `submit` hands in, holding no thread meanwhile."""
        future: Future[Outcome] = self.loop.create_future()
        submit(lambda outcome: self._arrive(future, outcome))
        return await future

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
