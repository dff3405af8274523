"""The lists of packages: across customers with every filter, and those of one customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, Table, and_, exists, false, not_, or_, select, true

from domain.package import PaymentStatus, Status
from domain.values import local_day, start_of
from projections.cards import CARDS, expiry_on
from projections.customer_list import CUSTOMERS
from projections.definition import EPOCH, Row
from projections.package_services import PACKAGE_SERVICES
from projections.views import Snapshot

READS = (CARDS.name, PACKAGE_SERVICES.name, CUSTOMERS.name)
"""The read models that a list of packages is made from."""

PurchaseKey = tuple[datetime, str]
"""Where a page of the list ended: moment of purchase and package id, neither of which ever changes."""


@dataclass(frozen=True, slots=True)
class PackageFilter:
    """What a list of packages is narrowed to; filters combine with AND, values of one with OR."""

    status: tuple[Status, ...] = ()
    payment_status: tuple[PaymentStatus, ...] = ()
    customer_id: tuple[str, ...] = ()
    offer_id: tuple[str, ...] = ()
    service_id: tuple[str, ...] = ()
    location_id: tuple[str, ...] = ()
    """Where it was sold."""
    expires_from: date | None = None
    expires_to: date | None = None
    """The last valid day as it stands now; packages without one are in no range."""
    purchased_from: date | None = None
    purchased_to: date | None = None
    owing: bool | None = None
    external_ref: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Clock:
    """The moment a list is asked for, and the business's zone, which every package of it has."""

    now: datetime
    zone: str

    @property
    def today(self) -> date:
        return local_day(self.now, self.zone)


def find_packages(
    snapshot: Snapshot,
    business_id: str,
    wanted: PackageFilter,
    *,
    now: datetime,
    zone: str,
    after: PurchaseKey | None,
    limit: int,
) -> list[Row]:
    """At most `limit` cards, latest purchase first, that come after a place in the list."""
    cards = snapshot.tables[CARDS.name]
    services = snapshot.tables[PACKAGE_SERVICES.name]
    query = (
        select(cards)
        .where(cards.c.business_id == business_id, *_conditions(cards, services, wanted, _Clock(now, zone)))
        .order_by(cards.c.purchased_at.desc(), cards.c.package_id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(_is_after(cards, after))
    return _rows(snapshot, query)


def packages_of_customer(snapshot: Snapshot, business_id: str, customer_id: str) -> list[Row]:
    """All cards of one customer, in no order."""
    cards = snapshot.tables[CARDS.name]
    mine = (cards.c.business_id == business_id, cards.c.customer_id == customer_id)
    return _rows(snapshot, select(cards).where(*mine))


def kinds_in(snapshot: Snapshot, business_id: str, cards: Sequence[Row]) -> dict[str, str]:
    """What the participants of these cards' households are (person, dog …), by id."""
    customers = snapshot.tables[CUSTOMERS.name]
    theirs = customers.c.customer_id.in_(sorted({card["customer_id"] for card in cards}))
    query = select(customers.c.participants).where(customers.c.business_id == business_id, theirs)
    households = snapshot.connection.scalars(query)
    return {each["id"]: each["kind"] for household in households for each in household}


def _rows(snapshot: Snapshot, query: Select[tuple[object, ...]]) -> list[Row]:
    return [dict(row) for row in snapshot.connection.execute(query).mappings()]


def _is_after(cards: Table, after: PurchaseKey) -> ColumnElement[bool]:
    purchased_at, package_id = after
    return or_(
        cards.c.purchased_at < purchased_at,
        and_(cards.c.purchased_at == purchased_at, cards.c.package_id < package_id),
    )


def _conditions(
    cards: Table, services: Table, wanted: PackageFilter, clock: _Clock
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.status:
        conditions.append(or_(*(_has_status(cards, status, clock.now) for status in wanted.status)))
    if wanted.payment_status:
        conditions.append(or_(*(_is_paid(cards, status) for status in wanted.payment_status)))
    for column in ("customer_id", "offer_id", "location_id", "external_ref"):
        if values := getattr(wanted, column):
            conditions.append(cards.c[column].in_(values))
    if wanted.service_id:
        conditions.append(_serves(cards, services, wanted.service_id))
    if wanted.expires_from is not None:
        conditions.append(_expires_on_or_after(cards, wanted.expires_from, clock))
    if wanted.expires_to is not None:
        conditions.append(_expires_on_or_before(cards, wanted.expires_to, clock))
    if wanted.purchased_from is not None:
        conditions.append(cards.c.purchased_on >= wanted.purchased_from.isoformat())
    if wanted.purchased_to is not None:
        conditions.append(cards.c.purchased_on <= wanted.purchased_to.isoformat())
    if wanted.owing is not None:
        owes = and_(cards.c.cancelled == false(), cards.c.paid < cards.c.price)
        conditions.append(owes if wanted.owing else not_(owes))
    return conditions


def _has_status(cards: Table, status: Status, now: datetime) -> ColumnElement[bool]:
    """The same order of precedence as `domain.package.status`."""
    used_up = cards.c.remaining == 0
    over = and_(cards.c.valid_until.is_not(None), cards.c.valid_until <= now)
    stands = cards.c.cancelled == false()
    match status:
        case "cancelled":
            return cards.c.cancelled == true()
        case "fully_used":
            return and_(stands, used_up)
        case "expired":
            return and_(stands, not_(used_up), over)
        case "active":
            return and_(stands, not_(used_up), or_(cards.c.valid_until.is_(None), cards.c.valid_until > now))


def _is_paid(cards: Table, status: PaymentStatus) -> ColumnElement[bool]:
    """The same bounds as `domain.package.payment_status`."""
    match status:
        case "paid":
            return cards.c.paid >= cards.c.price
        case "partial":
            return and_(cards.c.paid > 0, cards.c.paid < cards.c.price)
        case "unpaid":
            return and_(cards.c.paid <= 0, cards.c.price > 0)


def _serves(cards: Table, services: Table, service_ids: Sequence[str]) -> ColumnElement[bool]:
    return exists().where(
        services.c.business_id == cards.c.business_id,
        services.c.package_id == cards.c.package_id,
        services.c.service_id.in_(service_ids),
    )


# A freeze that the clock has ended moves the expiry without a fact: then `valid_until` tells the day.


def _expires_on_or_after(cards: Table, day: date, clock: _Clock) -> ColumnElement[bool]:
    return or_(
        and_(_thawed(cards, clock), cards.c.valid_until > start_of(day, clock.zone)),
        and_(_as_written(cards, clock), cards.c.expires_on >= day.isoformat()),
    )


def _expires_on_or_before(cards: Table, day: date, clock: _Clock) -> ColumnElement[bool]:
    return or_(
        and_(_thawed(cards, clock), cards.c.valid_until <= start_of(day + timedelta(days=1), clock.zone)),
        and_(_as_written(cards, clock), cards.c.expires_on <= day.isoformat()),
    )


def _thawed(cards: Table, clock: _Clock) -> ColumnElement[bool]:
    return and_(cards.c.frozen_until.is_not(None), cards.c.frozen_until < clock.today.isoformat())


def _as_written(cards: Table, clock: _Clock) -> ColumnElement[bool]:
    return or_(cards.c.frozen_until.is_(None), cards.c.frozen_until >= clock.today.isoformat())


# The order of one customer's cards

DisplayKey = tuple[bool, str, int, str]
NEVER = "9999-12-31"
"""Where a package that never expires ranks among last valid days."""


def display_key(card: Row, moment: datetime) -> DisplayKey:
    """Units left first, soonest expiry first, never last, then earlier purchase; used up at the end (S82)."""
    expires_on = expiry_on(card, local_day(moment, card["time_zone"]))
    return (
        card["remaining"] <= 0,
        expires_on or NEVER,
        milliseconds(card["purchased_at"]),
        card["package_id"],
    )


def milliseconds(moment: datetime) -> int:
    """A moment as a cursor holds it: whole milliseconds since 1970."""
    return (moment - EPOCH) // timedelta(milliseconds=1)
