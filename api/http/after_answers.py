"""Work that a request asks for, and that is done once it has been answered: how long it takes is told to nobody.

    frame.after_answers.do(partial(send_link, frame, business_id, email))

One thread does it, in the order in which it was asked for. A request that finds too much waiting is answered all the
same, and its work is left out: whoever asked may ask again.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

import structlog

WAITING_MAX = 1_000
"""Works that wait at once."""
log = structlog.get_logger("carnet.api")


class AfterAnswers:
    """Of one process. Thread-safe."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "carnet-after-answers")
        self._room = BoundedSemaphore(WAITING_MAX)

    def do(self, work: Callable[[], None]) -> None:
        """Do this later. What it raises is logged by its type alone."""
        if not self._room.acquire(blocking=False):
            log.warning("left out", waiting=WAITING_MAX)
            return
        self._thread.submit(self._done, work)

    def finish(self) -> None:
        """Wait until all that was asked for before is done."""
        self._thread.submit(bool).result()

    def _done(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # nobody waits for it
            log.error("fault after an answer", error=type(error).__name__)
        finally:
            self._room.release()
