"""The history of packages of an export, one row for each fact."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, select, tuple_

from domain.moments import local_day, rfc3339
from projections.engine.definition import Row
from projections.models.customers import CUSTOMERS
from projections.models.package_history import HISTORY
from projections.models.packages import CARDS
from projections.queries.merged import as_owned, with_other_names
from projections.queries.ranges import ALWAYS, Range
from replay.export.table import ROWS_AT_ONCE, Column, Export, Line, Source, split_ref, walked

FactKey = tuple[str, int]
"""Package and version."""


@dataclass(frozen=True, slots=True)
class HistoryWanted:
    """The filters of the history, combined with AND; the values of one filter with OR."""

    package_id: tuple[str, ...] = ()
    customer_id: tuple[str, ...] = ()
    effective: Range = ALWAYS
    """When it happened; a day is one of the package's time zone."""


COLUMNS = (
    Column("package_id", "text", "The id of the package."),
    Column("version", "integer", "The number of the fact in the package, from 1."),
    Column("position", "integer", "The position of the fact in the ledger."),
    Column("package_name", "text", "The name of the package."),
    Column("customer_id", "text", "The customer whose package it is."),
    Column("customer_source", "text", "The program that `customer_ref` is of."),
    Column("customer_ref", "text", "The reference of the customer in that program."),
    Column("customer_name", "text", "The name of the customer."),
    Column("recorded_at", "moment", "The moment when it was recorded."),
    Column("effective_at", "moment", "The moment when it happened."),
    Column("local_date", "day", "The day of `effective_at` in `time_zone`."),
    Column("time_zone", "text", "The time zone of the package."),
    Column("kind", "text", "What happened, for a program."),
    Column("label", "text", "What happened, for a person."),
    Column("text", "text", "The note, or the reason that was given."),
    Column("reason_code", "text", "The code of the reason."),
    Column("reason_text", "text", "The text that the code had then."),
    Column("line", "integer", "The line of the package, from 1; empty: the whole package."),
    Column("change", "integer", "The change of the units that remain, signed."),
    Column("remaining", "integer", "The units that remain of the line after it, in recorded order."),
    Column("currency", "text", "ISO 4217, of every amount of the row."),
    Column("value", "integer", "The change of the value of the units that remain, signed, in minor units."),
    Column("amount", "integer", "Money that came or, negative, went, in minor units."),
    Column("price", "integer", "What the package costs from then on, in minor units."),
    Column("payment_method", "text", "How it was paid."),
    Column("payment_id", "text", "The payment."),
    Column("redemption_id", "text", "The redemption."),
    Column("transfer_id", "text", "The transfer."),
    Column("service_id", "text", "The service that was used."),
    Column("participant_id", "text", "Who used it."),
    Column("participant_name", "text", "The name of who used it."),
    Column("staff_id", "text", "Who performed it, or entered it."),
    Column("staff_name", "text", "The name of that member of staff."),
    Column("location_id", "text", "The location."),
    Column("location", "text", "The name of the location."),
    Column("booking_id", "text", "The booking."),
    Column("session_at", "moment", "The start of the session."),
    Column("expires_on", "day", "The last valid day from then on, where the fact sets it."),
    Column("frozen_until", "day", "The last day of the freeze that the fact begins."),
    Column("actor_id", "text", "Who entered it."),
    Column("actor_role", "text", "The role of who entered it."),
)
SAME = (
    "package_id",
    "version",
    "position",
    "customer_id",
    "kind",
    "label",
    "line",
    "change",
    "remaining",
    "value",
    "amount",
    "price",
    "payment_method",
    "payment_id",
    "redemption_id",
    "transfer_id",
    "service_id",
    "participant_id",
    "staff_id",
    "location_id",
    "booking_id",
    "expires_on",
    "frozen_until",
    "reason_code",
    "reason_text",
    "actor_id",
    "actor_role",
    "currency",
    "package_name",
    "time_zone",
)
"""Columns that are those of the read models."""


def _reads(wanted: HistoryWanted) -> Sequence[str]:
    return (HISTORY.name, CARDS.name, CUSTOMERS.name)


def _pages(source: Source, wanted: HistoryWanted) -> Iterator[list[Line]]:
    for rows in walked(lambda after: _read(source, wanted, after)):
        yield _page(source, [row for row in rows if _is_within(row, wanted.effective)])


def _read(
    source: Source, wanted: HistoryWanted, after: FactKey | None
) -> tuple[Sequence[Row], FactKey | None]:
    history, cards = source.snapshot.tables[HISTORY.name], source.snapshot.tables[CARDS.name]
    key = (history.c.package_id, history.c.version)
    its_card = and_(cards.c.business_id == history.c.business_id, cards.c.package_id == history.c.package_id)
    of_card = (cards.c.customer_id, cards.c.currency, cards.c.time_zone, cards.c.name.label("package_name"))
    query = select(history, *of_card).join_from(history, cards, its_card)
    query = query.where(history.c.business_id == source.business_id)
    query = query.where(*wanted.effective.moments(history.c.effective_at))
    if wanted.package_id:
        query = query.where(history.c.package_id.in_(wanted.package_id))
    if wanted.customer_id:
        query = query.where(
            cards.c.customer_id.in_(with_other_names(source.snapshot, source.business_id, wanted.customer_id))
        )
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    found = source.snapshot.connection.execute(query.order_by(*key).limit(ROWS_AT_ONCE))
    rows: list[Row] = [dict(row) for row in found.mappings()]
    last = rows[-1] if len(rows) == ROWS_AT_ONCE else None
    return rows, None if last is None else (last["package_id"], last["version"])


def _is_within(row: Row, effective: Range) -> bool:
    """Whether it passes the bounds that are days; SQL has passed it by those that are moments."""
    return effective.holds_day(local_day(row["effective_at"], row["time_zone"]))


def _page(source: Source, rows: Sequence[Row]) -> list[Line]:
    rows = as_owned(source.snapshot, source.business_id, rows)
    who = ("customer_id", "participant_id", "staff_id")
    names = source.names(row[each] for row in rows for each in who)
    texts = source.texts(row["text_id"] for row in rows)
    references = source.references(row["customer_id"] for row in rows)
    return [
        {
            **{name: row[name] for name in SAME},
            **split_ref(references.get(row["customer_id"]), "customer"),
            "customer_name": names.get(row["customer_id"]),
            "recorded_at": rfc3339(row["recorded_at"]),
            "effective_at": rfc3339(row["effective_at"]),
            "local_date": local_day(row["effective_at"], row["time_zone"]).isoformat(),
            "text": texts.get(row["text_id"] or ""),
            "participant_name": names.get(row["participant_id"] or ""),
            "staff_name": names.get(row["staff_id"] or ""),
            "location": source.locations.get(row["location_id"] or ""),
            "session_at": row["session_at"] and rfc3339(row["session_at"]),
        }
        for row in rows
    ]


HISTORY_EXPORT: Export[HistoryWanted] = Export(
    "history",
    "A fact of a package a row, package by package, each in recorded order.",
    COLUMNS,
    _reads,
    _pages,
)
