"""Parts of answers that are kept while nothing they are made of has changed.

    known = texts.known({key: mark, ...})    # key → text, where it was kept with an equal mark
    texts.keep({key: (mark, text), ...})

The mark holds the version of everything that the text follows from. Threads may share them.
"""

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from threading import Lock
from typing import TypeVar

from api.http.kept_answers import BYTES_MAX

Key = TypeVar("Key", bound=Hashable)


class KeptTexts:
    """The texts of one process; the least recently used leaves first."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._kept: OrderedDict[Hashable, tuple[Hashable, bytes]] = OrderedDict()
        self._lock = Lock()
        self.bytes = 0

    def known(self, marks: Mapping[Key, Hashable]) -> dict[Key, bytes]:
        found: dict[Key, bytes] = {}
        with self._lock:
            for key, mark in marks.items():
                kept = self._kept.get(key)
                if kept is not None and kept[0] == mark:
                    self._kept.move_to_end(key)
                    found[key] = kept[1]
        return found

    def keep(self, texts: Mapping[Key, tuple[Hashable, bytes]]) -> None:
        with self._lock:
            for key, made in texts.items():
                self._forget(key)
                self._kept[key] = made
                self.bytes += len(made[1])
            while self.bytes > self._bytes_max:
                self._forget(next(iter(self._kept)))

    def _forget(self, key: Hashable) -> None:
        if (kept := self._kept.pop(key, None)) is not None:
            self.bytes -= len(kept[1])
