"""How many exports run at once: each holds a snapshot of the database for as long as it is read."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from api.http.problems import Problem

EXPORTS_MAX = 4
"""Exports of a process at once."""
OF_A_BUSINESS_MAX = 2
"""Of them, exports of one business: nobody keeps all others waiting."""


class ExportSlots:
    """The exports under way in this process."""

    def __init__(self, all_max: int = EXPORTS_MAX, of_a_business_max: int = OF_A_BUSINESS_MAX) -> None:
        self._all_max = all_max
        self._of_a_business_max = of_a_business_max
        self._running: Counter[str] = Counter()
        self._lock = Lock()

    @contextmanager
    def one(self, business_id: str) -> Iterator[None]:
        """A place for an export. Raises Problem exports-busy."""
        with self._lock:
            full = self._running.total() >= self._all_max
            if full or self._running[business_id] >= self._of_a_business_max:
                raise Problem("exports-busy", f"{self._running.total()} exports are running already")
            self._running[business_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[business_id] -= 1
