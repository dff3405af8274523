"""Whether the sums that are kept are those of the facts: each kind that is believed is folded anew, and compared."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from domain.ledger.contract import LedgerRecorder
from domain.ledger.kept_beside import ReportSums
from replay.reports.kept_form import Kind
from replay.reports.kept_late import LATE
from replay.reports.kept_movements import MOVEMENTS
from replay.reports.kept_reasons import REASONS
from replay.reports.kept_sums import DAYS

KINDS: tuple[Kind[Any], ...] = (DAYS, REASONS, LATE, MOVEMENTS)
"""All that are kept. A row of another kind is read by nobody."""


class WrongSums(NamedTuple):
    name: str
    """Of the kind."""
    where: str


def wrong_sums(kept: ReportSums, recorder: LedgerRecorder) -> Iterator[WrongSums]:
    """Where kept sums are not what the ledger makes them. Takes as long as the first report of a process for each kind;
    what would not be believed is passed over. Raises UnreadableFact, LedgerUnavailable.
    """
    for kind in KINDS:
        row = kept.find(recorder.business_id, kind.name)
        found = None if row is None else kind.believed(recorder, row.zone, row)
        if row is not None and found is not None:
            made = kind.made(recorder, row.zone, row.position)
            yield from (WrongSums(kind.name, where) for where in kind.differences(found, made))
