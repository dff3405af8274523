"""Work that a request asks for, and that is done once it has been answered: how long it takes is told to nobody.

    frame.after_answers.do(partial(send_link, frame, business_id, email))

One thread does it, in the order in which it was asked for. A request that finds too much waiting is answered all the
same, and its work is left out: whoever asked may ask again. Nothing of it is kept anywhere: it is lost with a process
that is killed.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore, Event
from time import monotonic

import structlog

from api.http.ledger_types import Contention, LedgerUnavailable

WAITING_MAX = 1_000
"""Works that wait at once."""
AGAIN_S = 60.0
"""Seconds after which a work that the database could not be reached for is given up."""
PAUSE_S = 1.0
"""Seconds between two tries."""
log = structlog.get_logger("carnet.api")


class AfterAnswers:
    """Of one process. Thread-safe."""

    def __init__(self, pause_s: float = PAUSE_S, clock: Callable[[], float] = monotonic) -> None:
        self._thread = ThreadPoolExecutor(1, "carnet-after-answers")
        self._room = BoundedSemaphore(WAITING_MAX)
        self._pause_s = pause_s
        self._clock = clock
        self._ending = Event()

    def do(self, work: Callable[[], None], *, until_done: bool = False) -> None:
        """Do this later. What it raises is logged by its type alone.

        `until_done`: again, for a minute, where the database cannot be reached. It must do no harm then.
        """
        if not self._room.acquire(blocking=False):
            log.warning("left out", waiting=WAITING_MAX)
            return
        until = self._clock() + AGAIN_S if until_done else None
        self._thread.submit(self._done, work, until)

    def finish(self) -> None:
        """Wait until all that was asked for before is done."""
        self._thread.submit(bool).result()

    def close(self) -> None:
        """The same, before the process ends: nothing is tried again."""
        self._ending.set()
        self.finish()

    def _done(self, work: Callable[[], None], until: float | None) -> None:
        try:
            while not self._tried(work, until):
                self._ending.wait(self._pause_s)
        except Exception as error:  # nobody waits for it
            log.error("fault after an answer", error=type(error).__name__)
        finally:
            self._room.release()

    def _tried(self, work: Callable[[], None], until: float | None) -> bool:
        """Whether it is done. Raises what it raises where it is not to be tried again."""
        try:
            work()
        except (LedgerUnavailable, Contention):
            if until is None or self._clock() >= until or self._ending.is_set():
                raise
            return False
        return True
