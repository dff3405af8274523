"""The keys in use, looked up in the background: a till that is used once a minute waits for no look at its key.

A key is believed for three seconds (api/http/api_keys.py). One that let somebody in within the last quarter of an hour
is looked up again before these are over. Where that fails or comes late, the request looks it up, as before. Nothing is
done while no key is in use.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Lock, Thread
from time import monotonic

EVERY_S = 2.0
"""Seconds between two looks, so that one that takes a second is still in time."""
IN_USE_S = 900.0
"""Seconds for which a key counts as used."""
TOGETHER_MAX = 500
"""Keys in one statement: more would keep the interpreter from requests for milliseconds."""
log = logging.getLogger("carnet.keys")

LookUp = Callable[[Sequence[str]], object]
"""Looks up keys by their ids."""


class LastUses:
    """When each key let somebody in for the last time. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self._moments: dict[str, float] = {}
        self._lock = Lock()
        self.some = Event()
        """Set while a key may be in use."""

    def note(self, key_id: str) -> None:
        with self._lock:
            self._moments[key_id] = self._clock()
        if not self.some.is_set():
            self.some.set()

    def recent(self) -> list[str]:
        """The keys in use. The others are forgotten."""
        with self._lock:
            begin = self._clock() - IN_USE_S
            self._moments = {id: moment for id, moment in self._moments.items() if moment > begin}
            if not self._moments:
                self.some.clear()
            return [*self._moments]


def look_at_those_in_use(uses: LastUses, look_up: LookUp) -> None:
    """Look up all keys in use, some together. Raises LedgerUnavailable."""
    ids = uses.recent()
    for start in range(0, len(ids), TOGETHER_MAX):
        look_up(ids[start : start + TOGETHER_MAX])


@contextmanager
def known_while_in_use(uses: LastUses, look_up: LookUp, every_s: float = EVERY_S) -> Iterator[None]:
    """Look up the keys in use every `every_s` seconds, in a thread of its own, as long as the block lasts."""
    ended = Event()

    def run() -> None:
        while uses.some.wait() and not ended.wait(every_s):
            try:
                look_at_those_in_use(uses, look_up)
            except Exception as error:  # each request looks its key up then
                log.warning("the keys in use could not be looked up: %s", type(error).__name__)

    thread = Thread(target=run, name="carnet-keys", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        uses.some.set()
        thread.join()
