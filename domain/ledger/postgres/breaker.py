"""Tells an outage at once, once it is known, until the database answers a probe.

Without it every request of an outage would wait for as long as it may, and hold a thread meanwhile.
"""

import logging
from collections.abc import Callable
from threading import Event, Lock, Thread
from time import monotonic

from domain.ledger.errors import LedgerUnavailable
from domain.ledger.patience import cut

PROBE_S_MIN = 0.05
PROBE_S_MAX = 0.25
FIRST_PROBE_S = 0.5
"""How long a request waits for the first probe: it may have been one connection that fell silent."""

log = logging.getLogger("carnet.ledger")


class Breaker:
    """One for each pool of connections, used from any thread. `probe` raises where the database does not answer."""

    def __init__(self, probe: Callable[[], None]) -> None:
        self._probe = probe
        self._answered_at = 0.0
        self._is_open = False
        self._lock = Lock()
        self._ended = Event()
        self._first_probe = Event()
        self._prober: Thread | None = None

    def check(self) -> None:
        """Raises LedgerUnavailable while the database does not answer: at once, once a first probe has failed."""
        if self._is_open:
            self._first_probe.wait(cut(FIRST_PROBE_S))
        if self._is_open:
            raise LedgerUnavailable("the database has not answered, and does not answer a probe yet")

    def answered(self) -> None:
        self._answered_at = monotonic()

    def unanswered(self, since: float) -> None:
        """A wait that began then (`monotonic()`) was in vain: an outage, unless another was answered since."""
        with self._lock:
            if self._is_open or self._ended.is_set() or self._answered_at > since:
                return
            self._is_open = True
            self._first_probe.clear()
            self._prober = Thread(target=self._run, name="carnet-probe", daemon=True)
            self._prober.start()
        log.warning("the database does not answer; requests are refused until it does")

    def close(self) -> None:
        """End the probing."""
        self._ended.set()
        if self._prober is not None:
            self._prober.join(timeout=PROBE_S_MAX)

    def _run(self) -> None:
        wait_s = 0.0
        while not self._ended.wait(wait_s):
            try:
                self._probe()
            except Exception:  # whatever it is, the next probe tells
                self._first_probe.set()
                wait_s = min(PROBE_S_MAX, 2 * wait_s or PROBE_S_MIN)
                continue
            self.answered()
            self._is_open = False
            self._first_probe.set()
            log.warning("the database answers again")
            return
