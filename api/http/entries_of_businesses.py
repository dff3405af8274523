"""The sums of late entries, corrections and reasons from which a process answers, of the businesses that were asked
about last."""

from collections import OrderedDict
from threading import Lock

from replay.reports.kept_entries import KeptEntries

BUSINESSES_MAX = 16
"""Those of a million facts take less than a megabyte, and 36 bytes for each fact that corrects or has a reason."""


class EntriesOfBusinesses:
    """Threads may share them; those that were asked for longest ago leave first."""

    def __init__(self, businesses_max: int = BUSINESSES_MAX) -> None:
        self._businesses_max = businesses_max
        self._kept: OrderedDict[str, KeptEntries] = OrderedDict()
        self._lock = Lock()

    def of(self, business_id: str, zone: str) -> KeptEntries:
        """Those of a business, whose zone never changes; none are made yet where nobody asked."""
        with self._lock:
            kept = self._kept.setdefault(business_id, KeptEntries(zone))
            self._kept.move_to_end(business_id)
            if len(self._kept) > self._businesses_max:
                self._kept.popitem(last=False)
        return kept
