"""The sums from which a process answers reports, of the businesses whose reports were asked for last.

    sums = SumsOfBusinesses(carnet, after_answers, DAYS.name, KeptSums)
    sums.of(business_id, zone).liability(books, "EUR")

They are kept beside the ledger once an answer was given from them, so that a process that starts begins with them. A
process holds them for as long as the row stands that they began with or were kept as. Where a repair has taken it away,
they are made anew, and where another process keeps others since, it goes on with these: whatever was wrong with a row
ends with it, at all processes.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

import structlog

from api.http.after_answers import AfterAnswers
from api.http.ledger_types import Carnet, Contention, LedgerUnavailable, RoleNeeded, StoredSums
from replay.reports.kept_form import Keeping, Kept

BUSINESSES_MAX = 16
"""The sums of ten years take about 10 MB, and the places of single movements 22 MB for a million facts."""
FACTS_MIN = 1_000
"""The sums of smaller books are not kept: to make them takes less than 50 ms."""
GROWN_MAX = 2_000
"""Facts by which sums grow before they are kept again, where a fiftieth of them is not less: half a second of work for
the process that begins with the older ones."""
REST_S = 300.0
"""Seconds between two times that a process keeps the sums of a business."""
K = TypeVar("K", bound=Kept)
log = structlog.get_logger("carnet.reports")


@dataclass
class _Held(Generic[K]):
    """Those of one business in this process."""

    sums: K
    row: bytes | None = None
    """The digest of the row that they began with or were kept as, when it was last looked at; None: there was none."""
    kept_upto: int = 0
    """The position of those that this process kept last; 0: it kept none."""
    tried_at: float | None = None
    """When this process kept them last, or tried to."""


class SumsOfBusinesses(Generic[K]):
    """Those of one kind. Threads may share them; those that were asked for longest ago leave first."""

    def __init__(
        self,
        carnet: Carnet,
        after_answers: AfterAnswers,
        name: str,
        make: Callable[[str, Keeping], K],
        businesses_max: int = BUSINESSES_MAX,
        facts_min: int = FACTS_MIN,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`name` of the kind of sums, and what makes those of a business, of its zone and where they are kept."""
        self._carnet = carnet
        self._name = name
        self._make = make
        self._after_answers = after_answers
        self._businesses_max = businesses_max
        self._facts_min = facts_min
        self._clock = clock
        self._held: OrderedDict[str, _Held[K]] = OrderedDict()
        self._lock = Lock()

    def of(self, business_id: str, zone: str) -> K:
        """Those of a business, whose zone never changes; none are made yet where nobody asked, nor kept any.

        It looks whether their row still stands. Raises LedgerUnavailable.
        """
        there = self._there(business_id)
        with self._lock:
            held = self._held.get(business_id)
            if held is not None and held.row == there:
                self._held.move_to_end(business_id)
                return held.sums
        keeping = Keeping(partial(self._find, business_id), partial(self._grown, business_id))
        begun = _Held(self._make(zone, keeping), there)
        begun.sums.begin(self._carnet.ledger(business_id).recorder)
        with self._lock:
            if self._held.get(business_id) is held:
                self._take(business_id, held, begun)
            return self._held[business_id].sums

    def _take(self, business_id: str, held: _Held[K] | None, begun: _Held[K]) -> None:
        if held is not None and begun.row is not None and not begun.sums.position:
            # A row of another release, or one that is not believed, tells nothing of those here.
            held.row = begun.row
        else:
            self._held[business_id] = begun
        self._held.move_to_end(business_id)
        if len(self._held) > self._businesses_max:
            self._held.popitem(last=False)

    def _there(self, business_id: str) -> bytes | None:
        try:
            return self._carnet.store.report_sums.digest(business_id, self._name)
        except RoleNeeded:
            return None

    def _find(self, business_id: str) -> StoredSums | None:
        try:
            return self._carnet.store.report_sums.find(business_id, self._name)
        except RoleNeeded:
            return None

    def _grown(self, business_id: str) -> None:
        with self._lock:
            held = self._held.get(business_id)
            if held is None or not self._is_due(held):
                return
            held.tried_at = self._clock()
        self._after_answers.do(partial(self._keep, held, business_id))

    def _is_due(self, held: _Held[K]) -> bool:
        position = held.sums.position
        if position < self._facts_min:
            return False
        if held.tried_at is not None and self._clock() - held.tried_at < REST_S:
            return False
        return position - max(held.kept_upto, held.sums.found_at) > min(GROWN_MAX, position // 50)

    def _keep(self, held: _Held[K], business_id: str) -> None:
        """In place of the row that they stand on, and of no other: another one was kept, or a repair has been there.

        Books that are only read here are reported on, too: then nothing is kept.
        """
        try:
            row = held.sums.stored(self._carnet.ledger(business_id).recorder)
            if row is not None and self._carnet.store.report_sums.put(row, instead_of=held.row):
                held.row, held.kept_upto = row.digest, row.position
        except (LedgerUnavailable, Contention) as error:
            log.info("sums are not kept", business_id=business_id, error=type(error).__name__)
