"""The services that a business owes its customers at the end of a day, with its sales and redemptions.

Computed from the history of all packages: the facts whose `effective_at` is not later than that day, in the order of
business time. The history is read as a stream, package by package, so that memory does not grow with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, func, select

from domain.moments import end_of, local_day
from domain.package.expiry import Expiry
from domain.package.state import Status, status
from projections.engine.tables import Snapshot

READ_MODELS = ("cards", "history")
"""The read models of these reports; callers pass a snapshot of them."""
ROWS_PER_FETCH = 1_000


@dataclass
class Liability:
    """All packages of a business at the end of a day. Amounts in minor units of `currency`.

    Voided sales are in none of the figures. `units_redeemed` and the redemptions leave out restored uses; corrections
    are not among them. Without forfeitures, which have no figure of their own, units_granted + units_corrected -
    units_redeemed - units_lapsed is units_remaining.
    """

    on: str
    currency: str
    customers: int = 0
    packages: int = 0
    units_granted: int = 0
    amount_sold: int = 0
    redemptions: int = 0
    redemptions_across_packages: int = 0
    units_redeemed: int = 0
    units_corrected: int = 0
    """Units that corrections added, less those they took."""
    units_lapsed: int = 0
    """Units that lapsed with their package, less those that reinstating brought back."""
    units_remaining: int = 0
    packages_active: int = 0
    packages_fully_used: int = 0
    packages_expired: int = 0
    packages_cancelled: int = 0
    units_valid: int = 0
    """Units of packages that are neither expired nor cancelled."""
    liability: int = 0
    """The value of those units."""
    position: int = 0
    """The position of the ledger that the report is true for."""


@dataclass
class Held:
    """A package at the end of a day, folded from its history up to then."""

    customer_id: str
    purchase_number: int
    purchased_on: str
    time_zone: str
    granted: int = 0
    remaining: int = 0
    price: int = 0
    unused_value: int = 0
    redeemed: int = 0
    corrected: int = 0
    lapsed: int = 0
    expires_on: date | None = None
    frozen_on: date | None = None
    frozen_until: date | None = None
    cancelled: bool = False
    voided: bool = False

    @property
    def expiry(self) -> Expiry:
        return Expiry(self.expires_on, self.time_zone, self.frozen_on, self.frozen_until)

    def status(self, moment: datetime) -> Status:
        return status(self.cancelled, self.remaining, self.expiry.has_passed(moment))


def liability(snapshot: Snapshot, business_id: str, currency: str, on: date, zone: str) -> Liability:
    """The report at the end of the day `on` in `zone`, from the facts known now."""
    moment = end_of(on, zone)
    report = Liability(on.isoformat(), currency, position=snapshot.position)
    customer = None
    for held in _packages(snapshot, business_id, moment):
        if held.voided:
            continue
        # Packages come customer by customer.
        report.customers += held.customer_id != customer
        customer = held.customer_id
        _add(report, held, moment)
    report.redemptions, report.redemptions_across_packages = _redemptions(snapshot, business_id, moment)
    return report


def customer(
    snapshot: Snapshot, business_id: str, customer_id: str, on: date, zone: str
) -> list[dict[str, Any]]:
    """The packages of one customer at the end of a day, in order of purchase. Amounts in minor units."""
    moment = end_of(on, zone)
    held = [h for h in _packages(snapshot, business_id, moment, customer_id) if not h.voided]
    day = local_day(moment, zone)
    return [
        {
            "purchase_number": package.purchase_number,
            "purchased_on": package.purchased_on,
            "expires_on": (last := package.expiry.on(day)) and last.isoformat(),
            "granted": package.granted,
            "remaining": package.remaining,
            "price": package.price,
            "unused_value": package.unused_value,
        }
        for package in held
    ]


def _add(report: Liability, held: Held, moment: datetime) -> None:
    report.packages += 1
    report.units_granted += held.granted
    report.amount_sold += held.price
    report.units_redeemed += held.redeemed
    report.units_corrected += held.corrected
    report.units_lapsed += held.lapsed
    report.units_remaining += held.remaining
    match held.status(moment):
        case "active":
            report.packages_active += 1
            report.units_valid += held.remaining
            report.liability += held.unused_value
        case "fully_used":
            report.packages_fully_used += 1
        case "expired":
            report.packages_expired += 1
        case "cancelled":
            report.packages_cancelled += 1


# Packages from their history


def _packages(
    snapshot: Snapshot, business_id: str, moment: datetime, customer_id: str | None = None
) -> Iterator[Held]:
    """Every package that was sold by a moment, folded up to it: by customer, then in order of purchase."""
    rows = _stream(snapshot.connection, _history(snapshot, business_id, moment, customer_id))
    for _, of_package in groupby(rows, key=lambda row: row.package_id):
        yield _folded(of_package)


def _history(snapshot: Snapshot, business_id: str, moment: datetime, customer_id: str | None) -> Select[Any]:
    cards, history = snapshot.tables["cards"], snapshot.tables["history"]
    same = and_(history.c.business_id == cards.c.business_id, history.c.package_id == cards.c.package_id)
    columns = (cards.c.customer_id, cards.c.purchase_number, cards.c.purchased_on, cards.c.time_zone)
    found = (
        select(history, *columns)
        .select_from(cards.join(history, same))
        .where(cards.c.business_id == business_id, cards.c.purchased_at <= moment)
        .where(history.c.effective_at <= moment)
        .order_by(
            cards.c.customer_id,
            cards.c.purchased_at,
            cards.c.purchase_number,
            cards.c.package_id,
            history.c.effective_at,
            history.c.position,
        )
    )
    return found if customer_id is None else found.where(cards.c.customer_id == customer_id)


def _stream(connection: Connection, query: Select[Any]) -> Iterator[Row[Any]]:
    yield from connection.execute(query, execution_options={"yield_per": ROWS_PER_FETCH})


def _folded(rows: Iterator[Row[Any]]) -> Held:
    first = next(rows)
    held = Held(first.customer_id, first.purchase_number, first.purchased_on, first.time_zone)
    _take(held, first)
    for row in rows:
        _take(held, row)
    return held


def _take(held: Held, row: Row[Any]) -> None:
    held.remaining += row.change
    held.unused_value += row.value
    match row.kind:
        case "purchase":
            held.granted = row.change
            held.price = row.amount
            held.expires_on = _day(row.expires_on)
        case "price":
            held.price = row.amount
        case "use" | "restoration":
            held.redeemed -= row.change
        case "correction":
            held.corrected += row.change
        case "expiry":
            # Reinstating is one of these, and the only one possible for a cancelled package.
            held.expires_on = _day(row.expires_on)
            held.cancelled = held.voided = False
            held.lapsed -= row.change
        case "freeze":
            _freeze(held, row)
        case "cancellation":
            held.cancelled, held.voided = True, row.label == "Voided"
            held.lapsed -= row.change
        case _:
            pass


def _freeze(held: Held, row: Row[Any]) -> None:
    if row.frozen_until is not None:
        held.frozen_on = local_day(row.effective_at, held.time_zone)
        held.frozen_until = _day(row.frozen_until)
    else:
        held.frozen_on = held.frozen_until = None
        held.expires_on = _day(row.expires_on)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _redemptions(snapshot: Snapshot, business_id: str, moment: datetime) -> tuple[int, int]:
    """The number of redemptions that still used a unit at that moment, and of those over several packages."""
    history = snapshot.tables["history"]
    packages = func.count(case((history.c.kind == "use", history.c.package_id)).distinct())
    each = (
        select(packages.label("packages"))
        .where(history.c.business_id == business_id, history.c.redemption_id.is_not(None))
        .where(history.c.effective_at <= moment)
        .group_by(history.c.redemption_id)
        .having(func.sum(history.c.change) < 0)
        .subquery()
    )
    across = func.count(case((each.c.packages > 1, 1)))
    found = snapshot.connection.execute(select(func.count(), across).select_from(each)).one()
    return found[0], found[1]
