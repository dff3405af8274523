"""Group commit: the commands of a business that arrive while its last batch is being flushed are
the next batch. A business that is idle is served at once, with no wait added.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from domain.ledger.execute import Order, Result
from domain.refusals import Refused

BATCH_MAX = 500
"""Orders in one batch; bounds how long one append holds the ledger's head."""

Outcome = Result | BaseException
"""What became of an order, or what `execute()` raised for its whole batch."""
Settle = Callable[[Outcome], None]


class Grouped:
    """Orders from anywhere, carried out in batches by a few threads: one batch at a time per business.

    Whoever submits holds no thread and no connection meanwhile, so that any number may wait.
    """

    def __init__(self, execute: Callable[[str, Sequence[Order]], list[Result]], threads: int) -> None:
        """`threads`: how many businesses are served at once; as many connections are used."""
        self._execute = execute
        self._threads = ThreadPoolExecutor(threads, "ledger")
        self._waiting: dict[str, deque[tuple[Order, Settle]]] = {}
        """Businesses that are being served, and who waits for their next batch."""
        self._lock = Lock()

    def submit(self, business_id: str, order: Order, settle: Settle) -> None:
        """Have an order carried out; `settle` is called on one of our threads and must not block."""
        with self._lock:
            waiting = self._waiting.get(business_id)
            if waiting is not None:
                waiting.append((order, settle))
                return
            self._waiting[business_id] = deque([(order, settle)])
        self._queue(business_id)

    def execute(self, business_id: str, order: Order) -> Result:
        """Have an order carried out and wait for it. Raises what `execute()` raises."""
        future: Future[Outcome] = Future()
        self.submit(business_id, order, future.set_result)
        return result_of(future.result())

    def close(self) -> None:
        """Carry out what waits, then stop."""
        self._threads.shutdown()

    def _serve(self, business_id: str) -> None:
        """Carry out all that waits for a business; what came meanwhile queues behind other businesses."""
        batch = self._take(business_id)
        outcomes: Sequence[Outcome]
        try:
            outcomes = self._execute(business_id, [order for order, _ in batch])
        except BaseException as error:
            outcomes = [error] * len(batch)
        for (_, settle), outcome in zip(batch, outcomes, strict=True):
            settle(outcome)
        if not self._is_done(business_id):
            self._queue(business_id)

    def _queue(self, business_id: str) -> None:
        try:
            self._threads.submit(self._serve, business_id)
        except RuntimeError:  # closing: nobody else is left to do it
            self._serve(business_id)

    def _take(self, business_id: str) -> list[tuple[Order, Settle]]:
        with self._lock:
            waiting = self._waiting[business_id]
            return [waiting.popleft() for _ in range(min(len(waiting), BATCH_MAX))]

    def _is_done(self, business_id: str) -> bool:
        with self._lock:
            if self._waiting[business_id]:
                return False
            del self._waiting[business_id]
            return True


def result_of(outcome: Outcome) -> Result:
    """The result, where there is one. Raises what was raised for the batch (a refusal is a result)."""
    if isinstance(outcome, BaseException) and not isinstance(outcome, Refused):
        raise outcome
    return outcome
