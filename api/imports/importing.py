"""Importing what another system kept: customers, and the balances of their packages.

    sheet = Sheet(content, "csv", mapping, Customers.columns, currency)
    report = run(carnet, business_id, sheet, Customers("imp_…"), source, currency=currency, refused=…)

Rows become commands, decided like those of the API, in file order and 500 at a time. A row is known by its
source and reference: importing a file again changes nothing that is in already. Memory does not grow with
the file.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from pydantic import ValidationError

from api.http.flaw_words import words_for
from api.imports.batches import Batches, batched, end_bulk, recorded, rolled_back
from api.imports.cells import day_in, minor_units
from api.imports.day_book import Cells, Unreadable
from api.imports.flaws import Unfit, code_of
from api.imports.load import RefusedRow, refused_for
from api.imports.sheet import Columns, Form, Sheet
from domain.actor import Actor, Role
from domain.ledger.carnet import Carnet
from domain.ledger.collector import collecting_rarely
from domain.ledger.mapper import Meta
from domain.ledger.orders import Order, Result
from domain.refusals import IdempotencyKeyReused, Invalid, Refused
from domain.values import Value

E = TypeVar("E", bound=Value)
E_contra = TypeVar("E_contra", bound=Value, contravariant=True)

IMPORTER = Meta(actor=Actor(id="import", role=Role.OWNER, via="command line"))
DUPLICATES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Entry(Generic[E]):
    """What one or several rows say of one thing. `content` differs for any other content."""

    lines: tuple[int, ...]
    """Those of its rows in the file, from 1."""
    reference: str
    value: E
    content: bytes

    @property
    def line(self) -> int:
        return self.lines[0]


@dataclass(frozen=True, slots=True)
class PossibleDuplicate:
    """A customer who was registered, and others who may be the same person."""

    line: int
    customer_id: str
    others: tuple[str, ...]


@dataclass
class ImportReport:
    """The counts of an import, in rows. `recorded` ones were not in the books before, `replayed` ones were."""

    import_id: str | None = None
    """The batch that new customers and packages are marked with; None in a dry run over HTTP."""
    rows: int = 0
    recorded: int = 0
    replayed: int = 0
    refused: int = 0
    services: int = 0
    """Services defined for these rows."""
    position: int = 0
    """The head of the ledger after the last row; in a dry run, where it would be."""
    possible_duplicates: list[PossibleDuplicate] = field(default_factory=list)
    """At most 1,000."""


@dataclass(frozen=True, slots=True)
class Importing:
    """What a kind of import works with: the books, the business's secret, the source of the references."""

    batches: Batches
    secret: bytes
    source: str
    meta: Meta
    currency: str
    report: ImportReport


class Kind(Protocol[E]):
    """One kind of import: its columns, how rows are read, and which commands they are."""

    columns: Columns

    def entries(self, sheet: Sheet, currency: str) -> Iterator[Entry[E] | Unreadable]: ...

    def orders(self, importing: Importing, entries: Sequence[Entry[E]]) -> list[Order | RefusedRow]:
        """One for each entry, in their order."""

    def done(self, importing: Importing, entry: Entry[E], order: Order) -> None:
        """After an entry was recorded for the first time."""

    def finish(self, importing: Importing) -> None:
        """After the last row."""


def run(
    carnet: Carnet,
    business_id: str,
    sheet: Sheet,
    kind: Kind[E],
    source: str,
    *,
    currency: str,
    refused: Callable[[RefusedRow], None],
    progress: Callable[[ImportReport], None] = lambda report: None,
    import_id: str | None = None,
    meta: Meta = IMPORTER,
    dry_run: bool = False,
) -> ImportReport:
    """Record every row that is not in yet; `refused` is called with each that stays out.

    A dry run decides every row on the effects of those before it, and writes nothing; it holds the books while it
    lasts. Raises UnknownLayout and OSError for the file; LedgerUnavailable and Contention for the store (another
    import then goes on where this one ended); UnreadableFact.
    """
    report = ImportReport(import_id)
    kept = rolled_back(carnet, business_id) if dry_run else nullcontext(recorded(carnet, business_id))
    with kept as batches, collecting_rarely():
        importing = Importing(batches, batches.recorder.secret(), source, meta, currency, report)
        for batch in batched(kind.entries(sheet, currency), _reference):
            _import(importing, kind, batch, refused)
            progress(report)
        kind.finish(importing)
        report.position = batches.recorder.head().position
    if not dry_run:
        end_bulk(carnet, report.rows)
    return report


def _reference(entry: Entry[E] | Unreadable) -> str | None:
    return entry.reference if isinstance(entry, Entry) else None


def _import(
    importing: Importing,
    kind: Kind[E],
    batch: Sequence[Entry[E] | Unreadable],
    refused: Callable[[RefusedRow], None],
) -> None:
    report = importing.report
    readable = [entry for entry in batch if isinstance(entry, Entry)]
    asked = kind.orders(importing, readable)
    ready = [order for order in asked if isinstance(order, Order)]
    results = iter(importing.batches.carry_out(ready) if ready else [])
    told = iter(zip(readable, asked, strict=True))
    for each in batch:
        if isinstance(each, Unreadable):
            report.rows += 1
            report.refused += 1
            refused(RefusedRow(each.line, each.column, Invalid.code, each.reason, each.flaw))
            continue
        entry, order = next(told)
        report.rows += len(entry.lines)
        result = order if isinstance(order, RefusedRow) else next(results)
        if (refusal := _refusal(entry, result)) is not None:
            report.refused += len(entry.lines)
            refused(refusal)
        elif not isinstance(result, RefusedRow | Refused) and result.replayed:
            report.replayed += len(entry.lines)
        else:
            report.recorded += len(entry.lines)
            assert isinstance(order, Order)
            kind.done(importing, entry, order)


def _refusal(entry: Entry[E], result: Result | RefusedRow) -> RefusedRow | None:
    if isinstance(result, RefusedRow):
        return result
    if not isinstance(result, Refused):
        return None
    if isinstance(result, IdempotencyKeyReused):
        reason = "is in the books already, with other content; change it there"
        return RefusedRow(entry.line, "reference", result.code, reason)
    return refused_for(_line_of(entry, result), _column_of(result), result)


def _line_of(entry: Entry[E], refusal: Refused) -> int:
    """The row that a refusal is about: that of a line of the package, else the first."""
    _, _, place = refusal.pointer.partition("/lines/") if isinstance(refusal, Invalid) else ("", "", "")
    number = place.partition("/")[0]
    return entry.lines[int(number)] if number else entry.line


COLUMN_OF_POINTER = {
    "lines/used_before": "used_before",
    "lines/services": "service",
    "lines/quantity": "units",
}


def _column_of(refusal: Refused) -> str | None:
    """The column that a refusal is about; None: the row as a whole."""
    if not isinstance(refusal, Invalid):
        return None
    parts = [part for part in refusal.pointer.split("/") if part and not part.isdigit()]
    if refusal.problem == "wrong-currency":
        return "currency"
    return COLUMN_OF_POINTER.get("/".join(parts[:2])) or (parts[0] if parts else None)


# Reading a row


def entry_of(
    line: int, cells: Cells, model: type[E], columns: Columns, form: Form, money: str, currency: str
) -> Entry[E] | Unreadable:
    """A row as a value of `model`, whose members are the columns. `money`: minor or major, the unit of its amounts."""
    plain: dict[str, str] = {}
    for column, text in cells.items():
        text = text.strip()
        try:
            if column in columns.days:
                text = day_in(text, form.dates).isoformat()
            elif column in columns.amounts and money == "major":
                text = str(minor_units(text, cells.get("currency", currency), form.decimal))
        except Unfit as error:
            return Unreadable(line, column, str(error), error.flaw)
        if text:
            plain[column] = text
    try:
        value = model.model_validate(plain)
    except ValidationError as error:
        return _unreadable(line, error, columns)
    content = json.dumps([[name, plain[name]] for name in sorted(plain)]).encode()
    return Entry((line,), plain["reference"], value, content)


def _unreadable(line: int, error: ValidationError, columns: Columns) -> Unreadable:
    """The first flaw of a row, in the order of the columns."""
    found = {str(flaw["loc"][0]): flaw for flaw in reversed(error.errors(include_url=False)) if flaw["loc"]}
    known = [*columns.all(), *found]
    column = min(found, key=known.index)
    flaw = found[column]
    told = "must not be empty" if flaw["type"] == "missing" else words_for(flaw)
    return Unreadable(line, column, told, code_of(flaw))
