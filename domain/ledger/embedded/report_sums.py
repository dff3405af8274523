"""The kept sums of ledgers in memory, for tests."""

from threading import Lock

from domain.ledger.report_sums import StoredSums


class MemoryReportSums:
    """Implements `domain.ledger.kept_beside.ReportSums`."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[tuple[str, str], StoredSums] = {}

    def find(self, business_id: str, name: str) -> StoredSums | None:
        with self._lock:
            return self._kept.get((business_id, name))

    def put(self, sums: StoredSums) -> None:
        with self._lock:
            self._kept[sums.business_id, sums.name] = sums

    def forget(self, business_id: str, name: str) -> None:
        with self._lock:
            self._kept.pop((business_id, name), None)
