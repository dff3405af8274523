"""Group commit: the commands that arrive while one batch is being flushed are the next batch.

An idle business is served at once, with no wait added. One thread takes all waiting orders, of all businesses,
and reads and stores them together. Measured: two batches at a time, each half as full, cost a third more for
each command, and won nothing even when every flush was a millisecond slower. For the same reason a batch with less
than half the orders of the last one waits a moment: the clients just answered are about to send more.

Orders that a batch cannot complete (the head of a ledger is locked elsewhere, a command conflicts, a decision
asks for more) go on alone, business by business, so that no business waits for another's trouble.

An order keeps the patience of its request. One whose patience has ended while it waited is not tried; the others of a
batch may wait for as long as the last of them.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Condition, Lock
from time import monotonic

from domain.ledger.orders import Order, Result
from domain.ledger.patience import ends_at, out_of_patience, until
from domain.refusals import Refused

BATCH_MAX = 500
"""Orders in one batch; bounds how long one append holds the heads of its ledgers."""

LINGER_S = 0.001
"""Longest wait of a batch for as many orders as the last one had."""

Outcome = Result | BaseException
"""The result of an order, or what `execute()` raised for its whole batch."""
Settle = Callable[[Outcome], None]
Waiting = tuple[Order, Settle, float | None]
"""An order, who gets its outcome, and the moment at which the patience of its request ends."""
Execute = Callable[[str, Sequence[Order]], list[Result]]
ExecuteAll = Callable[[Mapping[str, Sequence[Order]]], Mapping[str, list[Result | None]]]


class GroupCommit:
    """Carries out orders in batches on a few threads, one batch at a time per business.

    A waiting order holds no thread and no connection, so any number may wait.
    """

    def __init__(
        self, execute: Execute, execute_all: ExecuteAll, threads: int, linger_s: float = LINGER_S
    ) -> None:
        """`threads`: businesses served alone at once, each with a connection of its own. `linger_s`: seconds."""
        self._execute = execute
        self._execute_all = execute_all
        self._linger_s = linger_s
        self._batch_thread = ThreadPoolExecutor(1, "ledger")
        self._alone = ThreadPoolExecutor(threads, "ledger-alone")
        self._waiting: dict[str, deque[Waiting]] = {}
        """Businesses that wait or are being served, with the orders for their next batch."""
        self._ready: dict[str, None] = {}
        """Those of them that are not being served, in order of arrival."""
        self._ready_count = 0
        """Orders waiting in the ready businesses."""
        self._awaited_count = 0
        """The ready count that ends the wait of a batch; 0 while none waits."""
        self._is_running = False
        self._closing = False
        self._lock = Lock()
        self._enough = Condition(self._lock)

    def submit(self, business_id: str, order: Order, settle: Settle) -> None:
        """Have an order carried out; `settle` gets its outcome on one of our threads and must not block."""
        with self._lock:
            if business_id not in self._waiting:
                self._waiting[business_id] = deque()
                self._ready[business_id] = None
            self._waiting[business_id].append((order, settle, ends_at()))
            if business_id not in self._ready:  # being served: `_served` queues it again
                return
            self._ready_count += 1
            self._tell_if_enough()
            if self._is_running:  # the running thread takes it before it stops
                return
        self._start()

    def execute(self, business_id: str, order: Order) -> Result:
        """Have an order carried out and wait for it. Raises what `execute()` raises."""
        future: Future[Outcome] = Future()
        self.submit(business_id, order, future.set_result)
        return result_of(future.result())

    def close(self) -> None:
        """Carry out the waiting orders, then stop."""
        with self._lock:
            self._closing = True
            self._enough.notify()
        self._batch_thread.shutdown()
        self._alone.shutdown()

    def _tell_if_enough(self) -> None:
        if self._awaited_count and self._ready_count >= self._awaited_count:
            self._enough.notify()

    # Together

    def _start(self) -> None:
        with self._lock:
            if not self._ready or self._is_running:
                return
            self._is_running = True
        _run(self._batch_thread, self._run_batches)

    def _run_batches(self) -> None:
        """Carry out the waiting orders until none is left."""
        last_count = 0
        while batches := self._next_batches(last_count):
            last_count = sum(map(len, batches.values()))
            in_time = {id: _in_time(batch) for id, batch in batches.items()}
            served = [id for id, batch in in_time.items() if not batch]
            batches = {id: batch for id, batch in in_time.items() if batch}
            everyone = [waiting for batch in batches.values() for waiting in batch]
            with until(_last_end(everyone)):
                completed = self._try_all(
                    {id: [order for order, *_ in batch] for id, batch in batches.items()}
                )
            for business_id, batch in batches.items():
                results = completed.get(business_id, [None] * len(batch))
                left = [waiting for waiting, result in zip(batch, results, strict=True) if result is None]
                if left:
                    _run(self._alone, self._serve, business_id, left)
                for (_, settle, _), result in zip(batch, results, strict=True):
                    if result is not None:
                        settle(result)
                if not left:
                    served.append(business_id)
            self._served(served)

    def _next_batches(self, last_count: int) -> dict[str, list[Waiting]]:
        """The next orders by business, `BATCH_MAX` at most; none when nothing waits, and the thread then stops."""
        batches: dict[str, list[Waiting]] = {}
        room = BATCH_MAX
        with self._lock:
            if last_count > max(1, 2 * self._ready_count):
                self._awaited_count = last_count
                self._enough.wait_for(
                    lambda: self._ready_count >= last_count or self._closing, self._linger_s
                )
                self._awaited_count = 0
            while self._ready and room:
                business_id = next(iter(self._ready))
                del self._ready[business_id]
                waiting = self._waiting[business_id]
                self._ready_count -= len(waiting)
                batches[business_id] = [waiting.popleft() for _ in range(min(len(waiting), room))]
                room -= len(batches[business_id])
            if not batches:
                self._is_running = False
        return batches

    def _try_all(self, orders: Mapping[str, Sequence[Order]]) -> Mapping[str, list[Result | None]]:
        try:
            return self._execute_all(orders) if orders else {}
        except Exception:  # one order caused it; alone, its business finds out which
            return {}

    # Alone

    def _serve(self, business_id: str, batch: Sequence[Waiting]) -> None:
        batch = _in_time(batch)
        outcomes: Sequence[Outcome]
        try:
            with until(_last_end(batch)):
                outcomes = self._execute(business_id, [order for order, *_ in batch]) if batch else ()
        except BaseException as error:
            outcomes = [error] * len(batch)
        for (_, settle, _), outcome in zip(batch, outcomes, strict=True):
            settle(outcome)
        self._served([business_id])

    def _served(self, business_ids: Sequence[str]) -> None:
        """Queue the next batches of these businesses behind the other businesses."""
        with self._lock:
            for business_id in business_ids:
                if waiting := self._waiting[business_id]:
                    self._ready[business_id] = None
                    self._ready_count += len(waiting)
                else:
                    del self._waiting[business_id]
            self._tell_if_enough()
        self._start()


def _run(threads: Executor, work: Callable[..., None], *arguments: object) -> None:
    try:
        threads.submit(work, *arguments)
    except RuntimeError:  # closing: no thread is left, so it runs here
        work(*arguments)


def _in_time(batch: Sequence[Waiting]) -> list[Waiting]:
    """Those whose patience has not ended; the others are told so."""
    now, in_time = monotonic(), list[Waiting]()
    for waiting in batch:
        _, settle, end = waiting
        if end is None or now < end:
            in_time.append(waiting)
        else:
            settle(out_of_patience())
    return in_time


def _last_end(batch: Sequence[Waiting]) -> float | None:
    """When the patience of all of them has ended; None where one has no end."""
    ends = [end for _, _, end in batch if end is not None]
    return max(ends) if ends and len(ends) == len(batch) else None


def result_of(outcome: Outcome) -> Result:
    """The result of an order; a refusal is one. Raises what was raised for its batch."""
    if isinstance(outcome, BaseException) and not isinstance(outcome, Refused):
        raise outcome
    return outcome
