"""Rows of kept sums, as a test lays them down."""

from domain.ledger.contract import Store
from domain.ledger.report_sums import StoredSums


def lay(store: Store, row: StoredSums) -> None:
    """Put a row in place of whatever lies there."""
    there = store.report_sums.digest(row.business_id, row.name)
    assert store.report_sums.put(row, instead_of=there)
