"""The packages of an export, a row for each of their lines."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from domain.moments import local_day, rfc3339
from projections.engine.definition import Row
from projections.models.card_columns import COUNTS, card_status, expiry_of, owed_for
from projections.queries.packages import READS, PackageFilter, PurchaseKey, find_packages
from replay.export.table import ROWS_AT_ONCE, Column, Export, Line, Source, reference_of, split_ref, walked

COUNTED = {
    "granted": "Units that the line was sold with.",
    "total": "Units of the line with all corrections and transfers: used + remaining.",
    "used": "Units used, those used before an import included.",
    "used_before": "Units used before they were imported.",
    "held": "Units held for bookings; they count as remaining.",
    "remaining": "Units not used.",
    "redeemed": "Units redeemed and not given back.",
    "forfeited": "Units forfeited and not given back.",
    "corrected": "Units taken away by corrections.",
    "transferred": "Units moved to other packages.",
    "lapsed": "Units that ran out with the package.",
}


def _counted(count: str) -> str:
    """The column of a count. An import reads `units` and `remaining`, and takes `used_before` for all that was used."""
    return {"total": "units", "used_before": "used_elsewhere"}.get(count, count)


COLUMNS = (
    Column("package_id", "text", "The id of the package."),
    Column("line", "integer", "The line of the package, from 1. Sum columns of money where it is 1."),
    Column("lines", "integer", "The lines that the package has."),
    Column("reference", "text", "What an import takes as the reference: `external_ref`, else the id."),
    Column("customer", "text", "What an import takes as the customer: `customer_ref`, else `customer_id`."),
    Column("external_source", "text", "The program that `external_ref` is of."),
    Column("external_ref", "text", "The reference of the package in that program."),
    Column("customer_id", "text", "The customer whose package it is."),
    Column("customer_source", "text", "The program that `customer_ref` is of."),
    Column("customer_ref", "text", "The reference of the customer in that program."),
    Column("customer_name", "text", "The name of the customer."),
    Column("purchased_by", "text", "The customer who bought it for them."),
    Column("name", "text", "The name of the package."),
    Column("offer_id", "text", "The offer that was sold."),
    Column("offer_version", "integer", "The version of the offer that was sold."),
    Column("purchase_number", "integer", "The number of the purchase."),
    Column("origin", "text", "sale, transfer, import, membership or top_up."),
    Column("origin_id", "text", "The id of the transfer, import, membership or top-up."),
    Column("location_id", "text", "The location of the sale."),
    Column("location", "text", "The name of that location."),
    Column(
        "valid_at", "text", "The ids of the locations where it can be used, with spaces between; empty: all."
    ),
    Column("time_zone", "text", "The time zone of its days."),
    Column("purchased_on", "day", "The day of the purchase."),
    Column("purchased_at", "moment", "The moment of the purchase."),
    Column("recorded_at", "moment", "The moment when the purchase was recorded."),
    Column("status", "text", "active, expired, fully_used or cancelled, at the moment of the export."),
    Column("started_on", "day", "The first day of validity; empty while it waits for the first use."),
    Column("expires_on", "day", "The last valid day; empty: none."),
    Column("frozen_on", "day", "The first day of the latest freeze that lasts or ran out by itself."),
    Column("frozen_until", "day", "The last day of that freeze; empty: without an end."),
    Column("validity", "text", "The rule of validity that was sold, as JSON."),
    Column("cancellation", "text", "The terms of cancellation that were sold, as JSON."),
    Column("sharing", "text", "Who of the household may use it."),
    Column("beneficiaries", "text", "The participants it is for, ids with spaces between."),
    Column("payment_status", "text", "How far it is paid."),
    Column("currency", "text", "ISO 4217, of every amount of the row."),
    Column("price", "integer", "The price of the package, in minor units."),
    Column("list_price", "integer", "The price in the catalogue, in minor units."),
    Column("paid", "integer", "What was paid less what was refunded, in minor units."),
    Column("refunded", "integer", "What was refunded, in minor units."),
    Column("owing", "integer", "What is still to be paid, in minor units."),
    Column("unused_value", "integer", "The value of the units that remain, in minor units."),
    Column("line_label", "text", "The label of the line."),
    Column("service_ids", "text", "The services that the line is good for, ids with spaces between."),
    Column("service", "text", "Their names when they were sold, with | between them."),
    Column("tax_rate", "integer", "The tax in the price of the line, in basis points; empty: none is known."),
    *(Column(_counted(name), "integer", COUNTED[name]) for name in COUNTS),
    Column("last_used_at", "moment", "The moment of the latest use."),
    Column("version", "integer", "The version of the package."),
)
SAME = (
    "package_id",
    "customer_id",
    "purchased_by",
    "name",
    "offer_id",
    "offer_version",
    "purchase_number",
    "origin",
    "origin_id",
    "location_id",
    "time_zone",
    "purchased_on",
    "started_on",
    "frozen_on",
    "frozen_until",
    "sharing",
    "currency",
    "price",
    "list_price",
    "paid",
    "refunded",
    "unused_value",
    "version",
)
"""Columns that are those of the card."""


def _reads(wanted: PackageFilter) -> Sequence[str]:
    return READS


def _pages(source: Source, wanted: PackageFilter) -> Iterator[list[Line]]:
    def read(after: PurchaseKey | None) -> tuple[Sequence[Row], PurchaseKey | None]:
        rows = find_packages(
            source.snapshot, source.business_id, wanted, now=source.now, after=after, limit=ROWS_AT_ONCE
        )
        last = rows[-1] if len(rows) == ROWS_AT_ONCE else None
        return rows, None if last is None else (last["purchased_at"], last["package_id"])

    for cards in walked(read):
        ids = {card["customer_id"] for card in cards}
        references, names = source.references(ids), source.names(ids)
        yield [line for card in cards for line in _lines(source, card, references, names)]


def _lines(source: Source, card: Row, references: dict[str, str], names: dict[str, str]) -> Iterator[Line]:
    expires_on = expiry_of(card).on(local_day(source.now, card["time_zone"]))
    whole: dict[str, Any] = {
        **{name: card[name] for name in SAME},
        **split_ref(card["external_ref"]),
        "reference": reference_of(card["external_ref"], card["package_id"]),
        "customer": reference_of(references.get(card["customer_id"]), card["customer_id"]),
        **split_ref(references.get(card["customer_id"]), "customer"),
        "lines": len(card["lines"]),
        "customer_name": names.get(card["customer_id"]),
        "location": source.locations.get(card["location_id"] or ""),
        "valid_at": " ".join(card["locations"]) or None,
        "purchased_at": rfc3339(card["purchased_at"]),
        "recorded_at": rfc3339(card["recorded_at"]),
        "status": card_status(card, source.now),
        "expires_on": _day(expires_on),
        "validity": _json(card["validity"]),
        "cancellation": _json(card["cancellation"]),
        "beneficiaries": " ".join(card["beneficiaries"]) or None,
        "payment_status": card["payment"],
        "owing": owed_for(card),
        "last_used_at": card["last_used_at"] and rfc3339(card["last_used_at"]),
    }
    for number, line in enumerate(card["lines"], 1):
        yield {
            **whole,
            "line": number,
            "line_label": line["label"],
            "service_ids": " ".join(service["id"] for service in line["services"]) or None,
            "service": "|".join(service["name"] for service in line["services"]) or None,
            "tax_rate": line["tax_rate"],
            **{_counted(count): line[count] for count in COUNTS},
        }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


PACKAGES_EXPORT: Export[PackageFilter] = Export(
    "packages",
    "A line of a package a row, latest purchase first; most packages have one line.",
    COLUMNS,
    _reads,
    _pages,
)
