"""What verification reads of a business: its facts and the tables beside them, all as of one moment."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from domain.ledger.answer_bytes import unpacked
from domain.ledger.envelope import Head, StoredFact
from domain.ledger.errors import UnreadableAnswer
from domain.ledger.request_keys import unpacked_key
from domain.ledger.tables import TABLES

ROWS_PER_PAGE = 2_000
UNREADABLE = "\0"
"""The body of an answer that cannot be read. No answer holds it: JSON has no such character."""


class StoredHead(NamedTuple):
    """The row of a ledger's head, as it lies there."""

    head: Head
    secret: bytes


class Row(NamedTuple):
    """A row of a table: its key, and its other columns by name (`domain.ledger.tables`)."""

    key: tuple[str, ...]
    values: Mapping[str, Any]


class Evidence(Protocol):
    """A snapshot of one business in one database."""

    business_id: str

    def head(self) -> StoredHead | None:
        """None where the business has no head."""

    def facts(self, after: int, limit: int) -> Sequence[StoredFact]:
        """Facts in order of position, behind `after`, at most `limit`."""

    def registered(self, numbers: Collection[int]) -> Sequence[tuple[int, str | None]]:
        """Number and customer of those of these streams that have a row in `streams`."""

    def page(
        self, table: str, after: tuple[str, ...] | None, limit: int, *, by_number: bool = False
    ) -> Sequence[tuple[Any, ...]]:
        """Rows of a table in order of their keys, by code point, behind `after`, at most `limit`.

        Columns in the order of `domain.ledger.tables`, those of the key first. The key and the body of a request are as
        they are kept. `by_number`: streams are told by their numbers, as they are kept too, so that no id is looked up.
        """

    def strays(self) -> Sequence[str]:
        """Rows that no page shows, and that belong to nothing: a table and a key each, without personal data."""


class Mending(Evidence, Protocol):
    """The same in a transaction that holds the ledger's head. What is put and deleted is committed with it."""

    def put(self, table: str, row: Row) -> None:
        """Write a row of a derived table as it should be, whatever is there."""

    def delete(self, table: str, key: tuple[str, ...]) -> None: ...

    def index_anew(self) -> None:
        """Delete strays, and make indexes anew that this store keeps as tables."""


def as_told(table: str, row: Sequence[Any]) -> Row:
    """A row of a page by names. An answer is told as it was given; UNREADABLE: it cannot be."""
    key, columns = TABLES[table].key, TABLES[table].columns
    values = dict(zip(columns, row[len(key) :], strict=True))
    told = tuple(row[: len(key)])
    if table == "requests":
        values["body"] = answer_in(values["body"])
        told = (unpacked_key(row[0], values["key_text"]),)
    return Row(told, values)


def answer_in(kept: bytes | None) -> str | None:
    """The answer as it was given; None: it was erased. UNREADABLE: it cannot be read."""
    try:
        return None if kept is None else unpacked(kept)
    except UnreadableAnswer:
        return UNREADABLE


def pages(evidence: Evidence, table: str, *, by_number: bool = False) -> Iterator[Sequence[tuple[Any, ...]]]:
    """All rows of a table in order of their keys. Memory does not grow with it."""
    after: tuple[str, ...] | None = None
    columns = len(TABLES[table].key)
    while page := evidence.page(table, after, ROWS_PER_PAGE, by_number=by_number):
        yield page
        if len(page) < ROWS_PER_PAGE or not columns:
            return
        after = tuple(page[-1][:columns])


def beginning(evidence: Evidence, table: str, prefix: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a table whose key begins with a prefix, in order of their keys."""
    after: tuple[str, ...] = (prefix,)
    while page := evidence.page(table, after, ROWS_PER_PAGE):
        for row in page:
            if not row[0].startswith(prefix):
                return
            yield row
        after = tuple(page[-1][: len(TABLES[table].key)])


def rows(evidence: Evidence, table: str) -> Iterator[Row]:
    """The same, each by names."""
    for page in pages(evidence, table):
        for row in page:
            yield as_told(table, row)
