"""The entries of points of an export, one row each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select, tuple_

from domain.moments import local_day, rfc3339
from projections.engine.definition import Row
from projections.models.customers import CUSTOMERS
from projections.models.points import POINTS_ENTRIES
from projections.queries.merged import as_owned, with_other_names
from projections.queries.ranges import Range
from replay.export.table import ROWS_AT_ONCE, Column, Export, Line, Source, split_ref, walked

EntryKey = tuple[str, int]
"""Customer and version."""


@dataclass(frozen=True, slots=True)
class PointsWanted:
    """The filters of entries, combined with AND; the values of one filter with OR."""

    customer_id: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    """Days of the business's time zone."""
    action: tuple[str, ...] = ()
    points: int | None = None


COLUMNS = (
    Column("entry_id", "text", "The id of the entry."),
    Column("customer_id", "text", "The customer whose points they are."),
    Column("customer_source", "text", "The program that `customer_ref` is of."),
    Column("customer_ref", "text", "The reference of the customer in that program."),
    Column("customer_name", "text", "The name of the customer."),
    Column("version", "integer", "The number of the entry in the account, from 1."),
    Column("position", "integer", "The position of the entry in the ledger."),
    Column("recorded_at", "moment", "The moment when it was recorded."),
    Column("effective_at", "moment", "The moment when it counts."),
    Column("local_date", "day", "The day of `effective_at` in the business's time zone."),
    Column("action", "text", "added, redeemed or adjusted."),
    Column("points", "integer", "The change of the balance, signed."),
    Column("total", "integer", "The balance after it, in recorded order."),
    Column("by", "text", "staff, or system where a rule or a program made it."),
    Column("actor_id", "text", "Who entered it; empty where a rule did."),
    Column("actor_name", "text", "The name of who entered it."),
    Column("reason", "text", "The reason that was given."),
    Column("source_kind", "text", "What it was for: manual, payment, purchase or visit."),
    Column("source_id", "text", "The id of the payment, the package, or the visit."),
)


def _reads(wanted: PointsWanted) -> Sequence[str]:
    return (POINTS_ENTRIES.name, CUSTOMERS.name)


def _pages(source: Source, wanted: PointsWanted) -> Iterator[list[Line]]:
    for rows in walked(lambda after: _read(source, wanted, after)):
        here = [row for row in rows if _is_within(row, wanted, source.business.time_zone)]
        yield _page(source, here)


def _read(
    source: Source, wanted: PointsWanted, after: EntryKey | None
) -> tuple[Sequence[Row], EntryKey | None]:
    table = source.snapshot.tables[POINTS_ENTRIES.name]
    key = (table.c.customer_id, table.c.version)
    query = select(table).where(
        table.c.business_id == source.business_id,
        *Range(wanted.first, wanted.last).moments(table.c.effective_at),
    )
    if wanted.customer_id:
        query = query.where(
            table.c.customer_id.in_(with_other_names(source.snapshot, source.business_id, wanted.customer_id))
        )
    if wanted.action:
        query = query.where(table.c.action.in_(wanted.action))
    if wanted.points is not None:
        query = query.where(table.c.points == wanted.points)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    found = source.snapshot.connection.execute(query.order_by(*key).limit(ROWS_AT_ONCE))
    rows: list[Row] = [dict(row) for row in found.mappings()]
    last = rows[-1] if len(rows) == ROWS_AT_ONCE else None
    return rows, None if last is None else (last["customer_id"], last["version"])


def _is_within(row: Row, wanted: PointsWanted, zone: str) -> bool:
    on = local_day(row["effective_at"], zone)
    return (wanted.first is None or wanted.first <= on) and (wanted.last is None or on <= wanted.last)


def _page(source: Source, rows: Sequence[Row]) -> list[Line]:
    rows = as_owned(source.snapshot, source.business_id, rows)
    names = source.names(row[who] for row in rows for who in ("customer_id", "actor_id"))
    texts = source.texts(row["text_id"] for row in rows)
    references = source.references(row["customer_id"] for row in rows)
    return [_line(source, row, names, texts, references) for row in rows]


def _line(
    source: Source, row: Row, names: dict[str, str], texts: dict[str, str], references: dict[str, str]
) -> Line:
    same = ("customer_id", "version", "position", "action", "points", "total", "by", "actor_id")
    of: dict[str, Any] = row["source"] or {}
    return {
        **{name: row[name] for name in same},
        "entry_id": row["id"],
        **split_ref(references.get(row["customer_id"]), "customer"),
        "customer_name": names.get(row["customer_id"]),
        "recorded_at": rfc3339(row["recorded_at"]),
        "effective_at": rfc3339(row["effective_at"]),
        "local_date": local_day(row["effective_at"], source.business.time_zone).isoformat(),
        "actor_name": names.get(row["actor_id"] or ""),
        "reason": texts.get(row["text_id"] or ""),
        "source_kind": of.get("kind"),
        "source_id": of.get("id"),
    }


POINTS_EXPORT: Export[PointsWanted] = Export(
    "points",
    "An entry of points a row, customer by customer, each in recorded order.",
    COLUMNS,
    _reads,
    _pages,
)
