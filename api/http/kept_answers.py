"""Answers that are kept while nothing can have changed them: the ledger has not grown, and no minute has passed.

    body = answers.of(asked, head, now)      # None: it must be found, and then kept
    answers.keep(asked, position, body, now)

Only for questions whose answer follows from the facts of the business and the day alone. Days, in every zone, end at
whole minutes. A read model that was repaired is seen within the minute.
"""

from collections import OrderedDict
from collections.abc import Hashable
from datetime import datetime
from threading import Lock
from typing import NamedTuple

BYTES_MAX = 16 * 1024 * 1024
"""What the bodies that a process keeps may take together."""
MINUTE_S = 60


class _Kept(NamedTuple):
    position: int
    minute: int
    body: bytes


class KeptAnswers:
    """The answers of one process; the least recently used leaves first. Threads may share them."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = Lock()
        self.bytes = 0

    def __contains__(self, asked: Hashable) -> bool:
        return asked in self._kept

    def of(self, asked: Hashable, head: int, now: datetime) -> bytes | None:
        """The answer to the same question at the same end of the ledger, in the same minute."""
        with self._lock:
            kept = self._kept.get(asked)
            if kept is None or (kept.position, kept.minute) != (head, _minute(now)):
                return None
            self._kept.move_to_end(asked)
        return kept.body

    def keep(self, asked: Hashable, position: int, body: bytes, now: datetime) -> None:
        """Keep an answer that is true for this position and was asked for at `now`."""
        with self._lock:
            if asked in self._kept:
                self._forget(asked)
            self._kept[asked] = _Kept(position, _minute(now), body)
            self.bytes += len(body)
            while self.bytes > self._bytes_max:
                self._forget(next(iter(self._kept)))

    def _forget(self, asked: Hashable) -> None:
        self.bytes -= len(self._kept.pop(asked).body)


def _minute(moment: datetime) -> int:
    return int(moment.timestamp()) // MINUTE_S
