"""The bookings of an export, one row each."""

from collections.abc import Iterator, Sequence

from domain.moments import rfc3339
from projections.engine.definition import Row
from projections.queries.bookings import READS, BookingFilter, StartKey, find_bookings, services_in
from replay.export.table import ROWS_AT_ONCE, Column, Export, Line, Source, split_ref, walked

COLUMNS = (
    Column("booking_id", "text", "The id of the booking."),
    Column("external_source", "text", "The program that `external_ref` is of."),
    Column("external_ref", "text", "The reference of the booking in that program."),
    Column("customer_id", "text", "The customer who booked."),
    Column("customer_source", "text", "The program that `customer_ref` is of."),
    Column("customer_ref", "text", "The reference of the customer in that program."),
    Column("customer_name", "text", "The name of the customer."),
    Column("participant_id", "text", "Who comes."),
    Column("participant_name", "text", "The name of who comes."),
    Column("service_id", "text", "The service that was booked."),
    Column("service_name", "text", "Its name as it is now."),
    Column("staff_id", "text", "Who performs it."),
    Column("staff_name", "text", "The name of who performs it."),
    Column("location_id", "text", "The location."),
    Column("location", "text", "The name of the location."),
    Column("starts_at", "moment", "The start."),
    Column("local_date", "day", "The day of the start in `time_zone`."),
    Column("time_zone", "text", "The time zone of the location."),
    Column("quantity", "integer", "The units that it takes."),
    Column("status", "text", "pending, confirmed, completed or cancelled."),
    Column("attendance", "text", "unmarked, attended, late or no_show."),
    Column("currency", "text", "ISO 4217, of every amount of the row."),
    Column("price", "integer", "The price in money, in minor units; empty where none was named."),
    Column("paid", "integer", "What was paid less what was refunded, in minor units."),
    Column("refunded", "integer", "What was refunded, in minor units."),
    Column("payment_method", "text", "How it was paid, of the latest payment."),
    Column("refund_due", "boolean", "Whether money has to be given back."),
    Column("deduct", "text", "at_booking or at_attendance."),
    Column("redemption_id", "text", "The redemption of its units."),
    Column("credits_used", "integer", "Units of packages that it uses, without those given back."),
    Column("packages", "text", "The packages that pay, with their units: `id:units`, with spaces between."),
    Column("free_until", "moment", "Until when it can be cancelled in time."),
    Column("outcome", "text", "What became of its units when it was cancelled or missed."),
    Column("in_time", "boolean", "Whether it was cancelled in time; empty where it was not cancelled."),
    Column("cancelled_by", "text", "Who cancelled it."),
    Column("reason", "text", "The reason that was given."),
    Column("reason_code", "text", "The code of the reason."),
    Column("reason_text", "text", "The text that the code had then."),
    Column("series_id", "text", "The series that it belongs to."),
    Column("series_number", "integer", "Its number in the series, from 1."),
    Column("series_count", "integer", "The bookings of the series."),
    Column("made_at", "moment", "The moment when it was made."),
    Column("made_by", "text", "Whether a customer, the desk or a program made it."),
    Column("version", "integer", "The version of the booking."),
)
SAME = frozenset(
    (
        "booking_id",
        "customer_id",
        "participant_id",
        "service_id",
        "staff_id",
        "location_id",
        "local_date",
        "time_zone",
        "quantity",
        "status",
        "attendance",
        "price",
        "paid",
        "refunded",
        "payment_method",
        "refund_due",
        "deduct",
        "redemption_id",
        "credits_used",
        "outcome",
        "in_time",
        "cancelled_by",
        "reason_code",
        "reason_text",
        "series_id",
        "series_number",
        "series_count",
        "made_by",
        "version",
    )
)
"""Columns that are those of the read model."""


def _reads(wanted: BookingFilter) -> Sequence[str]:
    return READS


def _pages(source: Source, wanted: BookingFilter) -> Iterator[list[Line]]:
    def read(after: StartKey | None) -> tuple[Sequence[Row], StartKey | None]:
        rows = find_bookings(source.snapshot, source.business_id, wanted, after=after, limit=ROWS_AT_ONCE)
        last = rows[-1] if len(rows) == ROWS_AT_ONCE else None
        return rows, None if last is None else (last["starts_at"], last["booking_id"])

    for rows in walked(read):
        yield _page(source, rows)


def _page(source: Source, rows: Sequence[Row]) -> list[Line]:
    services = services_in(source.snapshot, source.business_id, rows)
    names = source.names(row[who] for row in rows for who in ("customer_id", "participant_id", "staff_id"))
    texts = source.texts(row[which] for row in rows for which in ("reason_id", "attendance_reason_id"))
    references = source.references(row["customer_id"] for row in rows)
    lines: list[Line] = []
    for row in rows:
        service = services.get(row["service_id"])
        lines.append(
            {
                **{name: row[name] for name in SAME},
                **split_ref(row["external_ref"]),
                **split_ref(references.get(row["customer_id"]), "customer"),
                "customer_name": names.get(row["customer_id"]),
                "participant_name": names.get(row["participant_id"]) or names.get(row["customer_id"]),
                "service_name": None if service is None else service.name,
                "staff_name": names.get(row["staff_id"] or ""),
                "location": source.locations.get(row["location_id"] or ""),
                "starts_at": rfc3339(row["starts_at"]),
                "currency": source.business.currency,
                "packages": " ".join(f"{each['package_id']}:{each['quantity']}" for each in row["sources"])
                or None,
                "free_until": rfc3339(row["free_until"]),
                "reason": texts.get(row["reason_id"] or row["attendance_reason_id"] or ""),
                "made_at": rfc3339(row["made_at"]),
            }
        )
    return lines


BOOKINGS_EXPORT: Export[BookingFilter] = Export(
    "bookings", "A booking a row, by the start.", COLUMNS, _reads, _pages
)
