"""What kept late entries, corrections and reasons share: to read the facts of a page."""

from collections.abc import Sequence
from datetime import date

from domain.ledger.contract import LedgerRecorder
from domain.ledger.envelope import Head, StoredFact
from domain.ledger.records import FactFilter
from domain.moments import beyond, from_milliseconds
from replay.as_of import position_before
from replay.reports.entries import EntriesPage, Entry
from replay.reports.entry_sums import ANY_DAY, Amounts, Days


def days_of(first: date, last: date | None) -> Days:
    return Days(first.toordinal(), ANY_DAY if last is None else last.toordinal())


def upto(recorder: LedgerRecorder, last: date | None, zone: str, head: Head) -> int:
    """The last position that was recorded by the end of a day (None: the head's)."""
    end = None if last is None else beyond(last, zone)
    if end is None or from_milliseconds(head.recorded_at) < end:
        return head.position
    return position_before(recorder, end, head.position)


def facts_at(
    recorder: LedgerRecorder, positions: Sequence[int], names: tuple[str, ...] = ()
) -> Sequence[StoredFact]:
    """The facts at these positions, in order, but for those of other names."""
    if not positions:
        return ()
    wanted = FactFilter(names=names, positions=tuple(positions))
    return recorder.chosen_facts(wanted, positions[0] - 1, positions[-1], len(positions))


def page(position: int, amounts: Amounts, entries: Sequence[Entry]) -> EntriesPage:
    return EntriesPage(position, amounts.facts, amounts.units, amounts.value, entries)
