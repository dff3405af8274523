"""Whose other name each merged customer was, at a position of the ledger."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock

from domain.decision import Reads
from domain.ledger.contract import LedgerRecorder
from domain.ledger.mapper import Recorded, all_recorded
from domain.people.facts import CustomerMerged, CustomerUnmerged
from replay.as_of import Past

PAGE = 500
FACTS_LOOKED_AT = 50_000
"""By one statement, so that none takes long where there are few merges."""


@dataclass(frozen=True, slots=True)
class Merges:
    """The merges of a business at a moment."""

    survivors: Mapping[str, str] = field(default_factory=dict)
    """Customer → the one whose other name it was."""
    ever: frozenset[str] = frozenset()
    """Customers who were merged with another at some time until then: a redemption may be of several of them."""


class MergedStreams:
    """The customers of a business who were ever merged, found once: later only newer facts are looked through.

    To look through a million facts for the few merges takes as long as many requests. Threads may share them.
    """

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._position = 0
        self._lock = Lock()

    def begin(self, ids: Iterable[str], position: int) -> None:
        """Those up to a position that another process found."""
        with self._lock:
            if position > self._position:
                self._ids |= set(ids)
                self._position = position

    def upto(self, recorder: LedgerRecorder, position: int) -> list[str]:
        """Ids of the streams that tell of a merge up to a position, and perhaps of some behind it."""
        with self._lock:
            if position > self._position:
                self._ids |= set(_merged(recorder, self._position, position))
                self._position = position
            return sorted(self._ids)


def merges_at(
    recorder: LedgerRecorder, past: Past, position: int, merged: MergedStreams | None = None
) -> Merges:
    """A merge counts from when it was recorded, on both clocks. `merged`: those that were found before.

    Raises UnreadableFact, LedgerUnavailable.
    """
    found: dict[str, str] = {}
    ever: set[str] = set()
    for recorded in _facts(recorder, position, merged or MergedStreams()):
        fact = recorded.fact
        if past.effective_before is not None and recorded.recorded_at >= past.effective_before:
            continue
        if isinstance(fact, CustomerMerged):
            ever |= {fact.survivor_id, fact.absorbed_id}
            found |= dict.fromkeys((fact.absorbed_id, *fact.absorbed_before), fact.survivor_id)
        elif isinstance(fact, CustomerUnmerged):
            del found[fact.absorbed_id]
            found |= dict.fromkeys(fact.absorbed_before, fact.absorbed_id)
    return Merges(found, frozenset(ever))


def _facts(recorder: LedgerRecorder, position: int, merged: MergedStreams) -> Iterator[Recorded]:
    """Merges and un-merges up to a position, in order, each once: as recorded on the absorbed customer."""
    streams = merged.upto(recorder, position)
    facts = recorder.load(Reads(dict.fromkeys(streams, 0))).facts if streams else ()
    for recorded in sorted(all_recorded(facts), key=lambda each: each.position):
        fact = recorded.fact
        if recorded.position > position or not isinstance(fact, CustomerMerged | CustomerUnmerged):
            continue
        if fact.absorbed_id == recorded.stream_id:
            yield recorded


def _merged(recorder: LedgerRecorder, start: int, position: int) -> Iterator[str]:
    while start < position:
        upto = min(start + FACTS_LOOKED_AT, position)
        page = recorder.select_notifications(
            start, PAGE, upto, [CustomerMerged.stored_name], inclusive_of_start=False
        )
        for each in page:
            yield str(each.originator_id)
        start = page[-1].id if len(page) == PAGE else upto
