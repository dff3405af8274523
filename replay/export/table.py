"""The tables of exports: their columns, and the source that their rows are read from."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Generic, Literal, TypeVar

from pydantic_core import from_json
from sqlalchemy import select

from domain.business.state import Business
from domain.ledger.contract import LedgerRecorder
from domain.people.directory import Person
from projections.engine.definition import Row
from projections.engine.snapshot import Snapshot
from projections.models.customers import CUSTOMERS

F = TypeVar("F")
T = TypeVar("T")

Kind = Literal["text", "integer", "boolean", "day", "moment"]
"""day: YYYY-MM-DD; moment: RFC 3339 in UTC."""
Cell = str | int | bool | None
Line = Mapping[str, Cell]
"""Column → cell, every column of the table."""

ROWS_AT_ONCE = 500
"""Rows that an export reads at once, and holds."""
PEOPLE_AT_ONCE = 2_000
"""People that are asked for at once."""
ERASED = "(erased)"
"""Instead of a text that was erased."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: Kind
    meaning: str


@dataclass(frozen=True)
class Source:
    """What the rows of one export are read from: a snapshot at one position, and the directory as it is now."""

    snapshot: Snapshot
    recorder: LedgerRecorder
    business: Business
    business_id: str
    now: datetime
    """The moment that statuses are told for, the same for all rows."""

    @cached_property
    def locations(self) -> Mapping[str, str]:
        """Location id → name."""
        return {id: location.name for id, location in self.business.locations.items()}

    def people(self, ids: Iterable[str | None]) -> dict[str, Person]:
        """People of the directory, by id, for those of these ids that have a row."""
        wanted = sorted({id for id in ids if id is not None})
        found: dict[str, Person] = {}
        for first in range(0, len(wanted), PEOPLE_AT_ONCE):
            some = self.recorder.people(wanted[first : first + PEOPLE_AT_ONCE])
            found |= {person.id: person for person in some}
        return found

    def names(self, ids: Iterable[str | None]) -> dict[str, str]:
        """Names by id, of customers, participants and members of staff."""
        return {id: from_json(person.data)["name"] for id, person in self.people(ids).items()}

    def texts(self, ids: Iterable[str | None]) -> dict[str, str]:
        """Notes and reasons by id; a text that was erased says so."""
        wanted = sorted({id for id in ids if id is not None})
        if not wanted:
            return {}
        return dict.fromkeys(wanted, ERASED) | {text.id: text.text for text in self.recorder.texts(wanted)}

    def references(self, customer_ids: Iterable[str]) -> dict[str, str]:
        """Customer id → `source:ref`, for those who have a reference of another program."""
        customers = self.snapshot.tables[CUSTOMERS.name]
        query = select(customers.c.customer_id, customers.c.external_ref).where(
            customers.c.business_id == self.business_id,
            customers.c.customer_id.in_(sorted(set(customer_ids))),
            customers.c.external_ref.is_not(None),
        )
        return {row.customer_id: row.external_ref for row in self.snapshot.connection.execute(query)}


@dataclass(frozen=True)
class Export(Generic[F]):
    """A table that can be exported, filtered by an `F`."""

    name: str
    about: str
    """What a row is, and the order of the rows."""
    columns: Sequence[Column]
    reads: Callable[[F], Sequence[str]]
    """The read models that it needs."""
    pages: Callable[[Source, F], Iterator[list[Line]]]
    """Its rows, some hundreds at a time, in order."""


def split_ref(ref: str | None, prefix: str = "external") -> dict[str, Cell]:
    """The columns of a `source:ref`."""
    source, _, rest = (ref or "").partition(":")
    return {f"{prefix}_source": source or None, f"{prefix}_ref": rest or None}


def reference_of(external_ref: str | None, id: str) -> str:
    """The reference that an import takes: that of the other program, else the id here."""
    return id if external_ref is None else external_ref.partition(":")[2]


def walked(read: Callable[[T | None], tuple[Sequence[Row], T | None]]) -> Iterator[Sequence[Row]]:
    """The pages of a list: `read` gives the rows behind a key, and the key of the next page, None at the end."""
    after: T | None = None
    while True:
        rows, after = read(after)
        yield rows
        if after is None:
            return
