"""The lists of packages: across customers with every filter, and those of one customer."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, func, or_, select

from domain.moments import local_day, to_milliseconds
from domain.package.state import PaymentStatus, Status
from projections.engine.definition import Row
from projections.engine.index_walk import FilteredList, Leg, ListKey, Source, there_is, unindexed, walk
from projections.engine.snapshot import Snapshot
from projections.models.availability import unavailable_because
from projections.models.card_columns import card_status, expiry_of
from projections.models.customers import CUSTOMERS
from projections.models.package_services import PACKAGE_SERVICES
from projections.models.packages import CARDS
from projections.queries.merged import absorbed_by, cards_as_owned, with_other_names
from projections.queries.ranges import Range

READS = (CARDS.name, PACKAGE_SERVICES.name, CUSTOMERS.name)
"""The read models that a list of packages is made from."""

PurchaseKey = tuple[datetime, str]
"""Where a page of the list ended: moment of purchase and package id. Neither ever changes."""


@dataclass(frozen=True, slots=True)
class PackageFilter:
    """The filters of a list of packages, combined with AND; the values of one filter with OR."""

    status: tuple[Status, ...] = ()
    payment_status: tuple[PaymentStatus, ...] = ()
    customer_id: tuple[str, ...] = ()
    offer_id: tuple[str, ...] = ()
    service_id: tuple[str, ...] = ()
    location_id: tuple[str, ...] = ()
    """Where it was sold."""
    expires_from: date | None = None
    expires_to: date | None = None
    """The last valid day as it is now, in the zone fixed at sale; packages without one are in no range."""
    purchased_from: date | None = None
    purchased_to: date | None = None
    """The day of purchase, in the same zone."""
    owing: bool | None = None
    external_ref: tuple[str, ...] = ()
    origin_id: tuple[str, ...] = ()
    """The import or the transfer that it came by."""


def find_packages(
    snapshot: Snapshot,
    business_id: str,
    wanted: PackageFilter,
    *,
    now: datetime,
    after: PurchaseKey | None,
    limit: int,
) -> list[Row]:
    """At most `limit` cards, latest purchase first, behind the key `after`."""
    meant = replace(wanted, customer_id=with_other_names(snapshot, business_id, wanted.customer_id))
    asked = _Asked(snapshot, business_id, meant, now)
    walked = FilteredList(asked.everything, asked.look, asked.sources(), descending=True)
    return cards_as_owned(snapshot, business_id, walk(snapshot.connection, walked, after, limit))


def packages_of_customer(
    snapshot: Snapshot, business_id: str, customer_id: str, *, bought_for_others: bool = False
) -> list[Row]:
    """All cards of one customer, in no order; also those that they paid for and others have, if wanted."""
    cards = snapshot.tables[CARDS.name]
    names = with_other_names(snapshot, business_id, (customer_id,))
    own = select(cards).where(cards.c.business_id == business_id, cards.c.customer_id.in_(names))
    found = _rows(snapshot, own)
    if bought_for_others:
        # A query of its own: for either of two columns SQLite looks at all packages of the business.
        theirs = cards.c.purchased_by.in_(names), unindexed(cards.c.customer_id).not_in(names)
        found += _rows(snapshot, select(cards).where(cards.c.business_id == business_id, *theirs))
    return cards_as_owned(snapshot, business_id, found)


def active_packages(
    snapshot: Snapshot, business_id: str, customer_ids: Collection[str], now: datetime
) -> dict[str, int]:
    """Customer → number of active packages; customers without one are left out."""
    cards = snapshot.tables[CARDS.name]
    others = absorbed_by(snapshot, business_id, customer_ids)
    whose = {name: id for id, names in others.items() for name in names}
    theirs = (
        cards.c.business_id == business_id,
        cards.c.customer_id.in_(sorted({*customer_ids, *whose})),
    )
    counted = (
        select(cards.c.customer_id, func.count())
        .where(*theirs, *has_status(unindexed(cards.c.state), cards.c.valid_until, "active", now))
        .group_by(cards.c.customer_id)
    )
    found: dict[str, int] = {}
    for customer_id, packages in snapshot.connection.execute(counted):
        owner = whose.get(customer_id, customer_id)
        found[owner] = found.get(owner, 0) + packages
    return found


def kinds_in(snapshot: Snapshot, business_id: str, cards: Sequence[Row]) -> dict[str, dict[str, str]]:
    """Participant id → its kind (person, dog …), for the households of these cards."""
    customers = snapshot.tables[CUSTOMERS.name]
    theirs = customers.c.customer_id.in_(sorted({card["customer_id"] for card in cards}))
    query = select(customers.c.participants).where(customers.c.business_id == business_id, theirs)
    households = snapshot.connection.scalars(query)
    return {each["id"]: {"kind": each["kind"]} for household in households for each in household}


def _rows(snapshot: Snapshot, query: Select[tuple[object, ...]]) -> list[Row]:
    return [dict(row) for row in snapshot.connection.execute(query).mappings()]


def equal_columns(wanted: PackageFilter) -> dict[str, Sequence[Any]]:
    """Column → its allowed values, for the filters that compare one column."""
    equal: dict[str, Sequence[Any]] = {
        "customer_id": wanted.customer_id,
        "offer_id": wanted.offer_id,
        "location_id": wanted.location_id,
        "external_ref": wanted.external_ref,
        "origin_id": wanted.origin_id,
        "payment": wanted.payment_status,
        "owing": () if wanted.owing is None else (wanted.owing,),
    }
    return {column: values for column, values in equal.items() if values}


def has_status(
    state: ColumnElement[str],
    valid_until: ColumnElement[datetime],
    status: Status,
    now: datetime | ColumnElement[datetime],
) -> list[ColumnElement[bool]]:
    """Conditions in the order of precedence of `domain.package.state.status`."""
    match status:
        case "cancelled":
            return [state == "cancelled"]
        case "fully_used":
            return [state == "used_up"]
        case "expired":
            return [state == "open", valid_until <= now]
        case "active":
            return [state == "open", or_(valid_until.is_(None), valid_until > now)]


class _Asked:
    """One query of the list of packages."""

    def __init__(self, snapshot: Snapshot, business_id: str, wanted: PackageFilter, now: datetime) -> None:
        self._connection = snapshot.connection
        self._business_id = business_id
        self._wanted = wanted
        self._purchases = Range(wanted.purchased_from, wanted.purchased_to)
        self._now = now
        self._cards = snapshot.tables[CARDS.name]
        self._services = snapshot.tables[PACKAGE_SERVICES.name]

    # The rows at keys

    def look(self, keys: Sequence[ListKey], limit: int) -> list[Row]:
        cards = self._cards
        query = (
            select(cards)
            .where(cards.c.business_id == self._business_id, cards.c.package_id.in_([id for _, id in keys]))
            .where(*self._conditions())
            .order_by(unindexed(cards.c.purchased_at).desc(), unindexed(cards.c.package_id).desc())
            .limit(limit)
        )
        return [dict(row) for row in self._connection.execute(query).mappings()]

    def _conditions(self) -> list[ColumnElement[bool]]:
        wanted, cards = self._wanted, self._cards
        conditions: list[ColumnElement[bool]] = []
        if wanted.status:
            state, now = unindexed(cards.c.state), self._now
            statuses = (has_status(state, cards.c.valid_until, status, now) for status in wanted.status)
            conditions.append(or_(*(and_(*each) for each in statuses)))
        for column, values in equal_columns(self._wanted).items():
            conditions.append(unindexed(cards.c[column]).in_(values))
        if wanted.service_id:
            conditions.append(self._serves())
        if wanted.expires_from is not None or wanted.expires_to is not None:
            conditions.append(or_(and_(*self._expires_as_written()), and_(*self._expires_thawed())))
        return [*conditions, *self._purchases.days(unindexed(cards.c.purchased_on))]

    def _serves(self) -> ColumnElement[bool]:
        cards, services = self._cards, self._services
        return there_is(
            services,
            services.c.business_id == self._business_id,
            services.c.service_id.in_(self._wanted.service_id),
            services.c.package_id == cards.c.package_id,
        )

    # A freeze that ends by the clock moves the expiry without a fact.

    def _expires_as_written(self) -> list[ColumnElement[bool]]:
        cards = self._cards
        frozen = or_(cards.c.thaws_at.is_(None), cards.c.thaws_at > self._now)
        return [frozen, *self._expires(cards.c.expires_on)]

    def _expires_thawed(self) -> list[ColumnElement[bool]]:
        cards = self._cards
        return [cards.c.thaws_at <= self._now, *self._expires(cards.c.thawed_expires_on)]

    def _expires(self, expires_on: ColumnElement[str]) -> Iterator[ColumnElement[bool]]:
        if self._wanted.expires_from is not None:
            yield expires_on >= self._wanted.expires_from.isoformat()
        if self._wanted.expires_to is not None:
            yield expires_on <= self._wanted.expires_to.isoformat()

    # The sources of keys

    def everything(self, after: ListKey | None, limit: int) -> Select[Any]:
        return self._leg(self._cards)(after, limit)

    def sources(self) -> list[Source]:
        wanted, cards, services = self._wanted, self._cards, self._services
        sources = [
            Source([self._leg(cards, cards.c[column] == value) for value in values])
            for column, values in equal_columns(self._wanted).items()
        ]
        if wanted.status:
            ends, now = cards.c.valid_until, self._now
            statuses = [has_status(cards.c.state, ends, status, now) for status in wanted.status]
            sources.append(Source([self._leg(cards, *each) for each in statuses]))
        if wanted.service_id:
            legs = [self._leg(services, services.c.service_id == id) for id in wanted.service_id]
            sources.append(Source(legs))
        if wanted.expires_from is not None or wanted.expires_to is not None:
            expiring = (self._expires_as_written(), self._expires_thawed())
            sources.append(Source([self._unordered(*each) for each in expiring], in_order=False))
        return sources

    def _leg(self, table: Table, *conditions: ColumnElement[bool]) -> Leg:
        """Packages in order of purchase. Needs an index on the columns of the conditions and the purchase."""

        def leg(after: ListKey | None, limit: int) -> Select[Any]:
            purchased_at, package_id = table.c.purchased_at, table.c.package_id
            query = select(purchased_at, package_id).where(
                table.c.business_id == self._business_id, *conditions, *self._purchases.moments(purchased_at)
            )
            if after is not None:
                # The first condition lets the index begin at the key.
                query = query.where(purchased_at <= after[0], is_behind(purchased_at, package_id, after))
            return query.order_by(purchased_at.desc(), package_id.desc()).limit(limit)

        return leg

    def _unordered(self, *conditions: ColumnElement[bool]) -> Leg:
        """Packages that meet these conditions, unordered. Needs an index that begins with them."""

        def leg(after: ListKey | None, limit: int) -> Select[Any]:
            cards = self._cards
            key = (cards.c.purchased_at, cards.c.package_id)
            query = select(*key).where(cards.c.business_id == self._business_id, *conditions)
            if after is not None:
                query = query.where(is_behind(unindexed(key[0]), unindexed(key[1]), after))
            return query.limit(limit)

        return leg


def is_behind(
    purchased_at: ColumnElement[datetime], package_id: ColumnElement[str], after: ListKey
) -> ColumnElement[bool]:
    moment, id = after
    return or_(purchased_at < moment, and_(purchased_at == moment, package_id < id))


# The order of one customer's cards

DisplayKey = tuple[int, str, int, str]
NEVER = "9999-12-31"
"""The last valid day, for sorting, of a package that never expires."""


def display_key(card: Row, moment: datetime, *, payment_required: bool) -> DisplayKey:
    """Sorts usable cards first, then those not usable yet, by soonest expiry (never: last) and earliest purchase.

    Those that are expired, cancelled or fully used come last, the newest of them first (S82, S84).
    """
    purchased = to_milliseconds(card["purchased_at"])
    status = card_status(card, moment)
    if status != "active":
        return (2, "", -purchased, card["package_id"])
    expiry, day = expiry_of(card), local_day(moment, card["time_zone"])
    expires_on = expiry.on(day)
    last = NEVER if expires_on is None else expires_on.isoformat()
    reason = unavailable_because(card, moment, status, payment_required=payment_required)
    return (0 if reason is None else 1, last, purchased, card["package_id"])
