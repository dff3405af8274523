"""The customers of an export, one row each."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from domain.people.profile import PROFILE_FIELDS, profile_in
from domain.people.sought import EVERYBODY, Sought
from projections.engine.definition import Row
from projections.models.packages import CARDS
from projections.models.points import POINTS, balances
from projections.queries.customers import CustomerFilter, find_customers, reads
from projections.queries.packages import active_packages
from replay.export.table import (
    ROWS_AT_ONCE,
    Cell,
    Column,
    Export,
    Line,
    Source,
    reference_of,
    split_ref,
    walked,
)


@dataclass(frozen=True, slots=True)
class CustomersWanted:
    filters: tuple[CustomerFilter, ...] = (CustomerFilter(),)
    who: Sought = EVERYBODY


COLUMNS = (
    Column("customer_id", "text", "The id of the customer."),
    Column("reference", "text", "What an import takes as the reference: `external_ref`, else the id."),
    Column("external_source", "text", "The program that `external_ref` is of."),
    Column("external_ref", "text", "The reference of the customer in that program."),
    Column("name", "text", "The whole name."),
    Column("email", "text", "The e-mail address."),
    Column("mobile", "text", "The mobile number, E.164."),
    Column("country_code", "text", "The country code in which numbers are dialled, such as +36."),
    Column("gender", "text", "male, female or other."),
    Column("date_of_birth", "day", "The day of birth."),
    Column("anniversary", "day", "A day that the customer celebrates."),
    Column("locale", "text", "In which letters speak to the customer, such as hu-HU."),
    Column("category", "text", "One of the business's categories."),
    Column("status", "text", "active or inactive."),
    Column("blocked", "boolean", "Whether the customer may neither buy nor book."),
    Column("consent_session_reminder", "boolean", "Whether reminders of sessions may be sent."),
    Column("consent_birthday", "boolean", "Whether birthday wishes may be sent."),
    Column("consent_marketing", "boolean", "Whether advertising may be sent."),
    Column(
        "participants",
        "text",
        "The others of the household as it is now, as JSON: a list of objects with id, number, name, kind and"
        " barred_services (service ids).",
    ),
    Column("points", "integer", "The balance of reward points."),
    Column("active_packages", "integer", "The packages that are active at the moment of the export."),
    Column("version", "integer", "The version of the customer."),
)


def _reads(wanted: CustomersWanted) -> Sequence[str]:
    return tuple(dict.fromkeys((*reads(wanted.filters), CARDS.name, POINTS.name)))


def _pages(source: Source, wanted: CustomersWanted) -> Iterator[list[Line]]:
    def read(after: str | None) -> tuple[Sequence[Row], str | None]:
        rows = find_customers(source.snapshot, source.business_id, wanted.filters, after, ROWS_AT_ONCE)
        return rows, rows[-1]["customer_id"] if len(rows) == ROWS_AT_ONCE else None

    for rows in walked(read):
        yield _page(source, rows, wanted.who)


def _page(source: Source, rows: Sequence[Row], who: Sought) -> list[Line]:
    ids = [row["customer_id"] for row in rows]
    household = [each["id"] for row in rows for each in _others(row)]
    people = source.people(ids)
    if who:
        found = {id for id, person in people.items() if who.fits(person)}
        rows = [row for row in rows if row["customer_id"] in found]
    names = source.names(household)
    points = balances(source.snapshot, source.business_id, ids)
    active = active_packages(source.snapshot, source.business_id, ids, source.now)
    lines: list[Line] = []
    for row in rows:
        id = row["customer_id"]
        person = people.get(id)
        profile = None if person is None else profile_in(person)
        told = {name: getattr(profile, name, None) for name in PROFILE_FIELDS if name != "photo"}
        lines.append(
            {
                "customer_id": id,
                "reference": reference_of(row["external_ref"], id),
                **split_ref(row["external_ref"]),
                **{name: _text(value) for name, value in told.items()},
                "category": row["category"],
                "status": "active" if row["active"] else "inactive",
                "blocked": row["blocked"],
                "consent_session_reminder": row["session_reminder"],
                "consent_birthday": row["birthday"],
                "consent_marketing": row["marketing"],
                "participants": _participants(row, names),
                "points": points.get(id, 0),
                "active_packages": active.get(id, 0),
                "version": row["version"],
            }
        )
    return lines


def _text(value: Any) -> Cell:
    return None if value is None else str(value)


def _others(row: Row) -> list[Row]:
    """The household without the customer in person and those who left."""
    return [each for each in row["participants"] if each["number"] and not each["left"]]


def _participants(row: Row, names: dict[str, str]) -> str | None:
    told = [
        {
            "id": each["id"],
            "number": each["number"],
            "name": names.get(each["id"]),
            "kind": each["kind"],
            "barred_services": each["barred_services"],
        }
        for each in _others(row)
    ]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")) if told else None


CUSTOMERS_EXPORT: Export[CustomersWanted] = Export(
    "customers", "A customer a row, in the order of the ids.", COLUMNS, _reads, _pages
)
