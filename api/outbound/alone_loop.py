"""A loop that runs in one process of an installation at a time, beside everything else.

A subclass says what the loop does while it is alone. Killing it loses nothing: another process goes on.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Event, Thread
from typing import Self

PACE_S = 1.0
"""Seconds between two rounds."""
ELSEWHERE_S = 5.0
"""Seconds after which is looked again whether another process still runs the loop."""
BACK_OFF_S_MAX = 30.0
STOP_S_MAX = 9.0
"""Seconds that stopping waits for what is under way."""

IsAlone = Callable[[], bool]


class AloneLoop(ABC):
    """`what` it sends, for the log and the thread; `log` of the loop."""

    def __init__(self, what: str, log: logging.Logger) -> None:
        self._what = what
        self._log = log
        self._stopping = Event()
        self._thread: Thread | None = None

    @abstractmethod
    def alone(self) -> AbstractContextManager[IsAlone]:
        """The lock that one process has: whether it is this one, asked again while it is held."""

    @abstractmethod
    def work(self, stopping: Event, is_alone: IsAlone) -> None:
        """Rounds of work, until told to stop or no longer alone. Any error is retried."""

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Run in a thread of this process as long as the block lasts."""
        self.start()
        try:
            yield self
        finally:
            self.stop()

    def start(self) -> None:
        """Run in a thread of this process until `stop()`."""
        self._stopping.clear()
        name = f"carnet-{self._what}"
        self._thread = Thread(target=self.run, args=(self._stopping,), name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after what is under way."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_S_MAX)
            self._thread = None

    def run(self, stopping: Event) -> None:
        """Work until told to stop, while no other process does. Errors are retried after growing pauses."""
        failures = 0
        while not stopping.is_set():
            try:
                with self.alone() as is_alone:
                    if is_alone():
                        self.work(stopping, is_alone)
                failures = 0
                stopping.wait(ELSEWHERE_S)
            except Exception as error:  # the loop survives every error and tries again
                failures += 1
                self._log.warning("%s: %s; trying again", self._what, type(error).__name__)
                stopping.wait(min(BACK_OFF_S_MAX, 0.5 * 2 ** min(failures, 10)))
