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

    def digest(self, business_id: str, name: str) -> bytes | None:
        found = self.find(business_id, name)
        return None if found is None else found.digest

    def put(self, sums: StoredSums, *, instead_of: bytes | None) -> bool:
        key = sums.business_id, sums.name
        with self._lock:
            there = self._kept.get(key)
            if (None if there is None else there.digest) != instead_of:
                return False
            self._kept[key] = sums
            return True

    def forget(self, business_id: str, name: str) -> None:
        with self._lock:
            self._kept.pop((business_id, name), None)
