"""One package read from its ledger as it is or was, for `carnet history`."""

from datetime import datetime

from domain.ledger.contract import LedgerRecorder
from domain.ledger.mapper import all_recorded
from domain.package.fact_parts import PackageOpened
from replay.as_of import PRESENT, Past
from replay.package import PackageThen, package_at


def package_as_it_was(
    recorder: LedgerRecorder, package_id: str, now: datetime, past: Past = PRESENT
) -> PackageThen | None:
    """The package; None when it does not exist, or did not then. Raises UnreadableFact."""
    head = recorder.head().position
    facts = list(all_recorded(recorder.stream(package_id)))
    if not facts or not isinstance(facts[0].fact, PackageOpened):
        return None
    return package_at(recorder, facts, head, now, past)
