"""The sums of days from which a process answers reports, of the businesses whose reports were asked for last."""

from collections import OrderedDict
from threading import Lock

from replay.reports.kept_sums import KeptSums

BUSINESSES_MAX = 16
"""The sums of ten years take about 10 MB."""


class SumsOfBusinesses:
    """Threads may share them; those that were asked for longest ago leave first."""

    def __init__(self, businesses_max: int = BUSINESSES_MAX) -> None:
        self._businesses_max = businesses_max
        self._kept: OrderedDict[str, KeptSums] = OrderedDict()
        self._lock = Lock()

    def of(self, business_id: str, zone: str) -> KeptSums:
        """Those of a business, whose zone never changes; none are made yet where nobody asked."""
        with self._lock:
            kept = self._kept.setdefault(business_id, KeptSums(zone))
            self._kept.move_to_end(business_id)
            if len(self._kept) > self._businesses_max:
                self._kept.popitem(last=False)
        return kept
