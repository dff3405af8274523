"""What kept late entries, corrections and reasons share: to bring sums on, and to read the facts of a page."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Protocol

from domain.fact import Fact
from domain.ledger.contract import LedgerRecorder
from domain.ledger.envelope import Head, StoredFact
from domain.ledger.records import FactFilter
from domain.moments import beyond, from_milliseconds
from replay.as_of import position_before
from replay.reports.entries import EntriesPage, Entry, pages_of_facts
from replay.reports.entry_sums import ANY_DAY, Amounts, Days


class Growing(Protocol):
    """Sums that facts are added to, in order of position."""

    position: int
    """The position of the ledger that they are true for."""

    def bring_to(self, position: int, stored: Sequence[StoredFact]) -> None:
        """Add the wanted facts up to a position. Raises UnreadableFact; then nothing was added."""


def brought_on(sums: Growing, recorder: LedgerRecorder, wanted: Sequence[type[Fact]]) -> Head:
    """Bring sums to the head of the ledger, some facts at a time; the head.

    Raises UnreadableFact, LedgerUnavailable.
    """
    head = recorder.head()
    for position, stored in pages_of_facts(recorder, sums.position, head.position, wanted):
        sums.bring_to(position, stored)
    return replace(
        head, position=max(head.position, sums.position)
    )  # a replica may lag behind what was read before


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
