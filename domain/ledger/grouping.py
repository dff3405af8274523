"""Group commit: the commands of a business that arrive while its last batch is being flushed are
the next batch. Whoever finds the business idle carries its command out at once, with no wait added.
"""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Event, Lock

from domain.ledger.execute import Order, Result

BATCH_MAX = 500
"""Orders in one batch; bounds how long one append holds the ledger's head."""


class _Waiter:
    """A thread with an order. When it is woken without an outcome, the next batch is its to lead."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.woken = Event()
        self.outcome: Result | BaseException | None = None

    def finish(self, outcome: Result | BaseException) -> None:
        self.outcome = outcome
        self.woken.set()


class Grouped:
    """Orders of many threads, executed in batches, one batch at a time per business."""

    def __init__(self, execute: Callable[[str, Sequence[Order]], list[Result]]) -> None:
        self._execute = execute
        self._waiting: dict[str, deque[_Waiter]] = {}
        """Businesses with a batch under way, and who waits for the next."""
        self._lock = Lock()

    def execute(self, business_id: str, order: Order) -> Result | BaseException:
        """One order's result, carried out together with others of its business.

        Returns what `execute()` raised for the batch, for the caller to raise as its own.
        """
        waiter = _Waiter(order)
        if self._joins(business_id, waiter):
            waiter.woken.wait()
        if waiter.outcome is None:
            self._lead(business_id, waiter)
        assert waiter.outcome is not None
        return waiter.outcome

    def _joins(self, business_id: str, waiter: _Waiter) -> bool:
        """Whether a batch is under way, so that this order waits for the next."""
        with self._lock:
            waiting = self._waiting.get(business_id)
            if waiting is None:
                self._waiting[business_id] = deque()
                return False
            waiting.append(waiter)
            return True

    def _lead(self, business_id: str, leader: _Waiter) -> None:
        """Carry out the leader's order and all that wait; then the first of those who came since leads."""
        batch = [leader, *self._take(business_id)]
        try:
            results = self._execute(business_id, [waiter.order for waiter in batch])
        except BaseException as error:
            for waiter in batch:
                waiter.finish(error)
        else:
            for waiter, result in zip(batch, results, strict=True):
                waiter.finish(result)
        finally:
            self._hand_over(business_id)

    def _take(self, business_id: str) -> list[_Waiter]:
        with self._lock:
            waiting = self._waiting[business_id]
            return [waiting.popleft() for _ in range(min(len(waiting), BATCH_MAX - 1))]

    def _hand_over(self, business_id: str) -> None:
        with self._lock:
            waiting = self._waiting[business_id]
            if waiting:
                waiting.popleft().woken.set()
            else:
                del self._waiting[business_id]
