"""Log lines on their way to standard error: whoever logs never waits, and never fails.

A reader that sleeps, a full disk or a closed descriptor keep the writing thread, and nobody else. Lines that find no
room are dropped, and counted in the next line that is written.
"""

import os
from collections import deque
from threading import Condition, Thread
from time import monotonic

LINES_MAX = 10_000
"""Lines that wait at most."""
FLUSH_S_MAX = 1.0
"""How long the end of a process waits for its last lines."""


class LogLines:
    """A text stream onto a file descriptor, for loggers. Each write is a whole line."""

    def __init__(self, descriptor: int = 2, lines_max: int = LINES_MAX) -> None:
        self._descriptor = descriptor
        self._lines_max = lines_max
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        """As a process begins: with no line waiting, and no thread."""
        self._waiting: deque[bytes] = deque()
        self._changed = Condition()
        self._thread: Thread | None = None
        self._writing = False
        self.dropped = 0
        """Lines that found no room, or could not be written, since the last one that was."""

    def write(self, line: str) -> int:
        """Take a line, without waiting."""
        with self._changed:
            if len(self._waiting) >= self._lines_max:
                self.dropped += 1
                return len(line)
            self._waiting.append(line.encode("utf-8", "backslashreplace"))
            if self._thread is None:
                self._thread = Thread(target=self._run, name="carnet-log", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return len(line)

    def flush(self) -> None:
        """Loggers call it after every line: nothing to do."""

    def drain(self, seconds: float = FLUSH_S_MAX) -> None:
        """Wait until all lines are written, but no longer than that."""
        deadline = monotonic() + seconds
        with self._changed:
            while (self._waiting or self._writing) and (left := deadline - monotonic()) > 0:
                self._changed.wait(left)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._writing = False
                self._changed.notify_all()
                while not self._waiting:
                    self._changed.wait()
                lines, self._waiting = self._waiting, deque()
                dropped, self.dropped, self._writing = self.dropped, 0, True
            if dropped:
                lines.append(b'{"event": "log lines dropped", "level": "warning", "lines": %d}\n' % dropped)
            for line in lines:
                if not self._written(line):
                    with self._changed:
                        self.dropped += 1

    def _written(self, line: bytes) -> bool:
        """Whether the whole line went out."""
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except OSError:  # closed, full, or nobody reads any more
            return False
        return True


def hold_standard_streams() -> None:
    """Open what is closed of the descriptors 0 to 2, so that no file or socket of ours ever gets one of them."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest one that is free


LINES = LogLines()
"""Those of this process."""
