"""What a process holds of one business to answer reports: found where it is kept, and brought on by a question.

`KeptAlone` holds sums of facts that stand alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from msgspec import structs

from domain.fact import Fact
from domain.ledger.contract import LedgerRecorder
from domain.ledger.envelope import Head, StoredFact
from domain.ledger.report_sums import StoredSums
from replay.reports.entries import pages_of_facts
from replay.reports.kept_form import Keeping, Kind


class Placed(Protocol):
    """Whatever is true for a position."""

    position: int
    """The position of the ledger that they are true for."""


class Growing(Placed, Protocol):
    """Sums that facts are added to, in order of position."""

    def bring_to(self, position: int, stored: Sequence[StoredFact]) -> None:
        """Add the wanted facts up to a position. Raises UnreadableFact; then nothing was added."""


H = TypeVar("H", bound=Placed)
S = TypeVar("S", bound=Growing)


@dataclass
class KeptOfOne(Generic[H]):
    """Of one business. Threads may share it: one of them brings its sums on, the others wait."""

    kind: ClassVar[Kind[Any]]

    zone: str
    keeping: Keeping = field(default_factory=Keeping)
    found_at: int = 0
    """The position of those that were kept, with which these began; 0: all facts were read."""
    sums: H = field(init=False)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.sums = self._empty()

    def _empty(self) -> H:
        raise NotImplementedError

    @property
    def position(self) -> int:
        """The position of the ledger that they are true for; 0: there are none."""
        return self.sums.position

    def stored(self, recorder: LedgerRecorder) -> StoredSums | None:
        """The row for a process that begins later; None: there are no sums, or they are too large.

        Raises LedgerUnavailable.
        """
        with self._lock:
            if not self.position:
                return None
            return self.kind.stored(recorder, self.zone, self.position, self.sums)

    def begin(self, recorder: LedgerRecorder) -> None:
        """Look for the sums that are kept before anything else is asked. Raises LedgerUnavailable."""
        with self._lock:
            self._begin(recorder)

    def _begin(self, recorder: LedgerRecorder) -> None:
        row = None if self.position else self.keeping.find()
        kept = self.kind.believed(recorder, self.zone, row)
        if row is not None and kept is not None:
            self.sums, self.found_at = kept, row.position

    def _brought_on(self, recorder: LedgerRecorder) -> Head:
        """Bring the sums to the head of the ledger, some facts at a time, under the lock; the head.

        Raises UnreadableFact, LedgerUnavailable.
        """
        self._begin(recorder)  # where the database could not be reached before, or another thread was quicker
        head, before = recorder.head(), self.position
        if before < head.position:
            self._grow(recorder, head.position)
        if self.position > before:
            self.keeping.grown()
        # A replica may lag behind what was read before.
        return structs.replace(head, position=max(head.position, self.position))

    def _grow(self, recorder: LedgerRecorder, head: int) -> None:
        """Raises UnreadableFact, LedgerUnavailable."""
        raise NotImplementedError


class KeptAlone(KeptOfOne[S]):
    """Sums that facts are added to."""

    wanted: ClassVar[Sequence[type[Fact]]]
    """Those that are added."""

    def _grow(self, recorder: LedgerRecorder, head: int) -> None:
        bring_on(self.sums, recorder, head, self.wanted)


def bring_on(sums: Growing, recorder: LedgerRecorder, upto: int, wanted: Sequence[type[Fact]]) -> None:
    for position, stored in pages_of_facts(recorder, sums.position, upto, wanted):
        sums.bring_to(position, stored)


def made_of(
    empty: Callable[[str], S], wanted: Sequence[type[Fact]]
) -> Callable[[LedgerRecorder, str, int], S]:
    """What makes sums of the facts up to a position, in a zone."""

    def made(recorder: LedgerRecorder, zone: str, position: int) -> S:
        sums = empty(zone)
        bring_on(sums, recorder, position, wanted)
        return sums

    return made
