"""Waking those who wait for facts. A hint only: whoever waits also polls."""

from collections.abc import Callable
from threading import Condition, local
from time import monotonic

POLL_S = 0.02


class GrowthSignal:
    """Counts what was announced; each thread is woken once for everything since its last wait.

    `elsewhere` says whether another process wrote since it was last asked. It is asked every `POLL_S`
    while somebody waits, by one thread at a time.
    """

    def __init__(self, elsewhere: Callable[[], bool]) -> None:
        self._elsewhere = elsewhere
        self._announced = 0
        self._condition = Condition()
        self._of_thread = local()

    def announce(self) -> None:
        with self._condition:
            self._announced += 1
            self._condition.notify_all()

    def wait(self, timeout_s: float) -> bool:
        """True as soon as there is news since this thread's last wait, False after `timeout_s`."""
        deadline = monotonic() + timeout_s
        seen: int = getattr(self._of_thread, "seen", 0)
        with self._condition:
            while self._announced == seen:
                if self._elsewhere():
                    self._announced += 1
                    self._condition.notify_all()
                    break
                left_s = deadline - monotonic()
                if left_s <= 0:
                    return False
                self._condition.wait(min(left_s, POLL_S))
            self._of_thread.seen = self._announced
            return True
