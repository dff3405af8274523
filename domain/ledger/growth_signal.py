"""Wakes threads that wait for facts. A hint only: they also poll."""

from collections.abc import Callable
from threading import Condition, local
from time import monotonic

POLL_S = 0.02


class GrowthSignal:
    """Counts announcements; each thread is woken once for all of them since its last wait.

    `elsewhere` tells whether another process wrote since its last call. Waiting threads call it every `POLL_S`
    seconds, one thread at a time.
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
        """True as soon as something was announced since this thread's last wait, False after `timeout_s`."""
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
