"""Group commit: the commands that arrive while the last batch is being flushed are the next batch.

Whoever is idle is served at once, with no wait added. One flight at a time takes what waits, of all
businesses, and reads and stores it together: measured, two half as full cost a third more for each command,
and won nothing even when every flush was a millisecond slower. For the same reason a flight that finds not half as
many as it carried before waits a moment for them: those whom it answered are about to ask for more.

What a flight cannot carry (the head of a ledger is held elsewhere, a command conflicts, a decision asks for more)
goes on by itself, business by business, so that no business waits for another's trouble.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Condition, Lock

from domain.ledger.orders import Order, Result
from domain.refusals import Refused

BATCH_MAX = 500
"""Orders in one batch; bounds how long one append holds the heads of its ledgers."""

LINGER_S = 0.001
"""How long a flight waits at most for as many orders as the one before it carried."""

Outcome = Result | BaseException
"""What became of an order, or what `execute()` raised for its whole batch."""
Settle = Callable[[Outcome], None]
Waiting = tuple[Order, Settle]
Execute = Callable[[str, Sequence[Order]], list[Result]]
ExecuteAll = Callable[[Mapping[str, Sequence[Order]]], Mapping[str, list[Result | None]]]


class GroupCommit:
    """Orders from anywhere, carried out in batches by a few threads: one batch at a time per business.

    Whoever submits holds no thread and no connection meanwhile, so that any number may wait.
    """

    def __init__(
        self, execute: Execute, execute_all: ExecuteAll, threads: int, linger_s: float = LINGER_S
    ) -> None:
        """`threads`: how many businesses are served by themselves at once; as many connections are used."""
        self._execute = execute
        self._execute_all = execute_all
        self._linger_s = linger_s
        self._pilot = ThreadPoolExecutor(1, "ledger")
        self._alone = ThreadPoolExecutor(threads, "ledger-alone")
        self._waiting: dict[str, deque[Waiting]] = {}
        """Businesses that wait or are being served, and who waits for their next batch."""
        self._ready: dict[str, None] = {}
        """Those of them that are not being served, in the order in which they came."""
        self._at_gate = 0
        """How many orders of theirs wait."""
        self._awaited = 0
        """At how many of them a flight that lingers takes off."""
        self._flying = False
        self._closing = False
        self._lock = Lock()
        self._enough = Condition(self._lock)

    def submit(self, business_id: str, order: Order, settle: Settle) -> None:
        """Have an order carried out; `settle` is called on one of our threads and must not block."""
        with self._lock:
            if business_id not in self._waiting:
                self._waiting[business_id] = deque()
                self._ready[business_id] = None
            self._waiting[business_id].append((order, settle))
            if business_id not in self._ready:  # who serves it looks again
                return
            self._at_gate += 1
            self._tell_if_enough()
            if self._flying:  # it boards before it ends
                return
        self._take_off()

    def execute(self, business_id: str, order: Order) -> Result:
        """Have an order carried out and wait for it. Raises what `execute()` raises."""
        future: Future[Outcome] = Future()
        self.submit(business_id, order, future.set_result)
        return result_of(future.result())

    def close(self) -> None:
        """Carry out what waits, then stop."""
        with self._lock:
            self._closing = True
            self._enough.notify()
        self._pilot.shutdown()
        self._alone.shutdown()

    def _tell_if_enough(self) -> None:
        if self._awaited and self._at_gate >= self._awaited:
            self._enough.notify()

    # Flights

    def _take_off(self) -> None:
        with self._lock:
            if not self._ready or self._flying:
                return
            self._flying = True
        _run(self._pilot, self._fly)

    def _fly(self) -> None:
        """Carry what waits, until nothing does."""
        carried_last = 0
        while batches := self._board(carried_last):
            carried_last = sum(map(len, batches.values()))
            carried = self._carried({id: [order for order, _ in batch] for id, batch in batches.items()})
            served = []
            for business_id, batch in batches.items():
                results = carried.get(business_id, [None] * len(batch))
                left = [waiting for waiting, result in zip(batch, results, strict=True) if result is None]
                if left:
                    _run(self._alone, self._serve, business_id, left)
                for (_, settle), result in zip(batch, results, strict=True):
                    if result is not None:
                        settle(result)
                if not left:
                    served.append(business_id)
            self._served(served)

    def _board(self, carried_last: int) -> dict[str, list[Waiting]]:
        """What waits, business by business; nothing ends the flight."""
        batches: dict[str, list[Waiting]] = {}
        seats = BATCH_MAX
        with self._lock:
            if carried_last > max(1, 2 * self._at_gate):
                self._awaited = carried_last
                self._enough.wait_for(lambda: self._at_gate >= carried_last or self._closing, self._linger_s)
                self._awaited = 0
            while self._ready and seats:
                business_id = next(iter(self._ready))
                del self._ready[business_id]
                waiting = self._waiting[business_id]
                self._at_gate -= len(waiting)
                batches[business_id] = [waiting.popleft() for _ in range(min(len(waiting), seats))]
                seats -= len(batches[business_id])
            if not batches:
                self._flying = False
        return batches

    def _carried(self, orders: Mapping[str, Sequence[Order]]) -> Mapping[str, list[Result | None]]:
        try:
            return self._execute_all(orders)
        except Exception:  # one of them caused it: by themselves they find out which
            return {}

    # By themselves

    def _serve(self, business_id: str, batch: Sequence[Waiting]) -> None:
        outcomes: Sequence[Outcome]
        try:
            outcomes = self._execute(business_id, [order for order, _ in batch])
        except BaseException as error:
            outcomes = [error] * len(batch)
        for (_, settle), outcome in zip(batch, outcomes, strict=True):
            settle(outcome)
        self._served([business_id])

    def _served(self, business_ids: Sequence[str]) -> None:
        """Their next batches queue behind the other businesses."""
        with self._lock:
            for business_id in business_ids:
                if waiting := self._waiting[business_id]:
                    self._ready[business_id] = None
                    self._at_gate += len(waiting)
                else:
                    del self._waiting[business_id]
            self._tell_if_enough()
        self._take_off()


def _run(threads: Executor, work: Callable[..., None], *arguments: object) -> None:
    try:
        threads.submit(work, *arguments)
    except RuntimeError:  # closing: nobody else is left to do it
        work(*arguments)


def result_of(outcome: Outcome) -> Result:
    """The result, where there is one. Raises what was raised for the batch (a refusal is a result)."""
    if isinstance(outcome, BaseException) and not isinstance(outcome, Refused):
        raise outcome
    return outcome
