"""The remembered verifications of ledgers in memory, for tests."""

from collections.abc import Sequence
from threading import Lock

from domain.ledger.verification import KEPT_MAX, StoredVerification


class MemoryVerifications:
    """Implements `domain.ledger.kept_beside.Verifications`."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[str, dict[int, StoredVerification]] = {}

    def add(self, verification: StoredVerification) -> None:
        with self._lock:
            kept = self._kept.setdefault(verification.business_id, {})
            kept.setdefault(verification.verified_at, verification)
            for moment in sorted(kept)[:-KEPT_MAX]:
                del kept[moment]

    def of(self, business_id: str) -> Sequence[StoredVerification]:
        with self._lock:
            kept = self._kept.get(business_id, {})
            return [kept[moment] for moment in sorted(kept, reverse=True)]
