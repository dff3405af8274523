"""Streams that other tables name. Where sums tell that the stored streams are right, they are read there, as none was
noted; where a sum differs, all streams are noted, and stored rows are not believed."""

from collections.abc import Iterable

from domain.ledger.evidence import ROWS_PER_PAGE, Evidence
from domain.ledger.numbers import number_of
from replay.proof.workbook import Workbook

CUSTOMER = "cus_"
"""What the ids of customers begin with, whose streams are their own."""


def learn(evidence: Evidence, book: Workbook, ids: Iterable[str]) -> None:
    """Have these streams in the workbook, once `derived.streams` was read."""
    if not book.is_written:
        book.learn(evidence.registered({number_of(id) for id in ids}))


def learn_owners(evidence: Evidence, book: Workbook, table: str) -> None:
    """Have the streams of the facts that told of the rows of a table."""
    for page in book.pages(f"SELECT DISTINCT stream_id FROM {table}", ROWS_PER_PAGE):
        learn(evidence, book, [id for (id,) in page if not id.startswith(CUSTOMER)])
