"""The list of customers with every filter of the desk, in the order of their ids.

Ids are ordered in time, so this is the order of registration, except for ids that clients chose themselves. Filters
combine with AND, the values of one filter with OR. A customer passes an `unused_…` filter with none of its values.

A service counts as booked by a booking that is not cancelled, and as used while a unit of a package is in use for
it. The type of a service is the one it has now. (S106–S108, S114–S124)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, false, not_, or_, select, true

from domain.business.customer_filters import BookingState
from domain.people.facts import ConsentName
from projections.engine.definition import Row
from projections.engine.index_walk import (
    LEGS_MAX,
    FilteredList,
    Leg,
    ListKey,
    Source,
    there_is,
    unindexed,
    walk,
)
from projections.engine.snapshot import Snapshot
from projections.models.bookings import BOOKINGS
from projections.models.customers import CUSTOMERS
from projections.models.package_services import PACKAGE_SERVICES
from projections.models.packages import CARDS
from projections.models.services import SERVICES
from projections.models.units_in_use import UNITS_IN_USE
from projections.queries.bookings import starting
from projections.queries.merged import has_merged, of_customer_or_other_name
from projections.queries.ranges import ALWAYS, Range

NOT_CANCELLED = ("pending", "confirmed", "completed")
ACTIVE = ("pending", "confirmed")
OF_ANY_NAME = ("external_ref", "import_id")
"""Filters that compare the column of their name, of the customer or of another name of it after a merge."""
NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """The filters of the list. Empty or None: not filtered by this."""

    category: tuple[str, ...] = ()
    active: bool | None = None
    blocked: bool | None = None
    consent: tuple[ConsentName, ...] = ()
    service_type: tuple[str, ...] = ()
    service_id: tuple[str, ...] = ()
    unused_service_type: tuple[str, ...] = ()
    unused_service_id: tuple[str, ...] = ()
    offer_id: tuple[str, ...] = ()
    """Ever bought by or for the customer; a voided sale does not count."""
    bookings: Range = ALWAYS
    """A booking starts in this time; a day is the booking's own. It is not cancelled, unless `booking_status` says
    otherwise."""
    booking_status: tuple[BookingState, ...] = ()
    external_ref: str | None = None
    import_id: str | None = None
    """Came by this import."""

    @property
    def asks_for_bookings(self) -> bool:
        return bool(self.bookings or self.booking_status)

    @property
    def statuses(self) -> list[str]:
        """The statuses of bookings that count."""
        named = [status for status in self.booking_status if status != "active"]
        return sorted({*named, *(ACTIVE if "active" in self.booking_status else ())} or NOT_CANCELLED)

    @property
    def asks_for_services(self) -> bool:
        return bool(
            self.service_type or self.service_id or self.unused_service_type or self.unused_service_id
        )


def reads(filters: Sequence[CustomerFilter]) -> tuple[str, ...]:
    """The read models that the filters need."""
    names = [CUSTOMERS.name]
    if any(wanted.asks_for_services for wanted in filters):
        names += [SERVICES.name, PACKAGE_SERVICES.name, UNITS_IN_USE.name]
    if any(wanted.asks_for_services or wanted.asks_for_bookings for wanted in filters):
        names.append(BOOKINGS.name)
    if any(wanted.offer_id for wanted in filters):
        names.append(CARDS.name)
    return tuple(names)


def find_customers(
    snapshot: Snapshot, business_id: str, filters: Sequence[CustomerFilter], after: str | None, limit: int
) -> list[Row]:
    """At most `limit` customers who pass all filters, behind the id `after`."""
    asked = _Asked(snapshot, business_id, filters)
    walked = FilteredList(asked.everyone, asked.look, asked.sources())
    return walk(snapshot.connection, walked, None if after is None else (after,), limit)


def customers_among(
    snapshot: Snapshot, business_id: str, filters: Sequence[CustomerFilter], ids: Sequence[str]
) -> list[Row]:
    """The customers among `ids` (a few hundred at most) who pass all filters, in order of id."""
    return _Asked(snapshot, business_id, filters).look([(id,) for id in ids], len(ids))


def _with_types_resolved(snapshot: Snapshot, business_id: str, wanted: CustomerFilter) -> CustomerFilter:
    """The filter with service types replaced by the ids of the services that have them now. No customer passes a
    `service_type` that no service has."""
    if not (wanted.service_type or wanted.unused_service_type):
        return wanted
    services = snapshot.tables[SERVICES.name]
    of_types = services.c.service_type.in_((*wanted.service_type, *wanted.unused_service_type))
    query = select(services.c.service_id, services.c.service_type).where(
        services.c.business_id == business_id, of_types
    )
    typed = snapshot.connection.execute(query).all()
    return replace(
        wanted,
        service_type=tuple(id for id, name in typed if name in wanted.service_type) or wanted.service_type,
        unused_service_type=tuple(id for id, name in typed if name in wanted.unused_service_type),
    )


class _Asked:
    """One query of the list of customers."""

    def __init__(self, snapshot: Snapshot, business_id: str, filters: Sequence[CustomerFilter]) -> None:
        self._tables = snapshot.tables
        self._connection = snapshot.connection
        self._business_id = business_id
        self._filters = [_with_types_resolved(snapshot, business_id, wanted) for wanted in filters]
        self._customers = snapshot.tables[CUSTOMERS.name]
        self._has_merged = has_merged(snapshot, business_id)

    # The rows at keys

    def look(self, keys: Sequence[ListKey], limit: int) -> list[Row]:
        customers = self._customers
        query = (
            select(customers)
            .where(
                customers.c.business_id == self._business_id,
                customers.c.customer_id.in_([id for (id,) in keys]),
            )
            .where(*(condition for wanted in self._filters for condition in self._conditions(wanted)))
            .order_by(customers.c.customer_id)
            .limit(limit)
        )
        if self._has_merged:  # other names are no customers of their own
            query = query.where(customers.c.survivor_id.is_(None))
        return [dict(row) for row in self._connection.execute(query).mappings()]

    def _conditions(self, wanted: CustomerFilter) -> list[ColumnElement[bool]]:
        customers = self._customers
        conditions: list[ColumnElement[bool]] = []
        if wanted.category:
            conditions.append(customers.c.category.in_(wanted.category))
        for name in ("active", "blocked"):
            if (value := getattr(wanted, name)) is not None:
                conditions.append(customers.c[name] == value)
        if wanted.consent:
            conditions.append(or_(*(customers.c[name] == true() for name in wanted.consent)))
        for name in OF_ANY_NAME:
            if (value := getattr(wanted, name)) is not None:
                conditions.append(self._has_by_any_name(name, value))
        for services in (wanted.service_id, wanted.service_type):
            if services:
                conditions.append(or_(self._has_booked(services), self._has_used(services)))
        if unused := (*wanted.unused_service_id, *wanted.unused_service_type):
            conditions += [not_(self._has_booked(unused)), not_(self._has_used(unused))]
        if wanted.offer_id:
            conditions.append(self._has_bought(wanted.offer_id))
        if wanted.asks_for_bookings:
            conditions.append(self._has_booking(wanted))
        return conditions

    def _has_by_any_name(self, column: str, value: str) -> ColumnElement[bool]:
        """The customer's row, or that of another of its names, has this value."""
        customers = self._customers
        own = customers.c[column] == value
        if not self._has_merged:
            return own
        other = customers.alias("named")
        theirs = other.c.survivor_id == customers.c.customer_id
        mine = other.c.business_id == self._business_id
        named = unindexed(other.c[column]) == value
        return or_(own, select(other.c.customer_id).where(mine, theirs, named).exists())

    def _has_booked(self, services: Sequence[str]) -> ColumnElement[bool]:
        bookings = self._tables[BOOKINGS.name]
        return there_is(
            bookings,
            self._of_customer(bookings),
            unindexed(bookings.c.service_id).in_(services),
            unindexed(bookings.c.status).in_(NOT_CANCELLED),
        )

    def _has_used(self, services: Sequence[str]) -> ColumnElement[bool]:
        """Looks only at packages that were sold for the service: no other can be used for it."""
        good_for, units = self._tables[PACKAGE_SERVICES.name], self._tables[UNITS_IN_USE.name]
        in_use = there_is(
            units,
            units.c.business_id == self._business_id,
            units.c.package_id == good_for.c.package_id,
            units.c.service_id == good_for.c.service_id,
        )
        return there_is(
            good_for, self._of_customer(good_for), unindexed(good_for.c.service_id).in_(services), in_use
        )

    def _has_bought(self, offers: Sequence[str]) -> ColumnElement[bool]:
        cards, customer = self._tables[CARDS.name], self._customers.c.customer_id
        sold = and_(cards.c.business_id == self._business_id, cards.c.voided == false())
        of_offers = cards.c.offer_id.in_(offers)
        if self._has_merged:
            names = (self._by_any_name(cards, column) for column in ("customer_id", "purchased_by"))
            return or_(*(there_is(cards, sold, of_offers, each) for each in names))
        own = there_is(cards, sold, unindexed(cards.c.offer_id).in_(offers), cards.c.customer_id == customer)
        return or_(own, there_is(cards, sold, of_offers, cards.c.purchased_by == customer))

    def _has_booking(self, wanted: CustomerFilter) -> ColumnElement[bool]:
        bookings = self._tables[BOOKINGS.name]
        return there_is(bookings, self._of_customer(bookings), *self._stands_so_then(bookings, wanted))

    def _stands_so_then(self, bookings: Table, wanted: CustomerFilter) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = [unindexed(bookings.c.status).in_(wanted.statuses)]
        return [*conditions, *starting(bookings, wanted.bookings)]

    def _of_customer(self, table: Table) -> ColumnElement[bool]:
        mine = table.c.business_id == self._business_id
        return and_(mine, self._by_any_name(table))

    def _by_any_name(self, table: Table, column: str = "customer_id") -> ColumnElement[bool]:
        if self._has_merged:
            return of_customer_or_other_name(table, self._customers, column)
        return table.c[column] == self._customers.c.customer_id

    # The sources of keys

    def everyone(self, after: ListKey | None, limit: int) -> Select[Any]:
        return self._leg(self._customers)(after, limit)

    def sources(self) -> list[Source]:
        found = [source for wanted in self._filters for source in self._sources(wanted)]
        if not self._has_merged:
            return found
        return [replace(source, legs=[*source.legs, self._survivors]) for source in found]

    def _survivors(self, after: ListKey | None, limit: int) -> Select[Any]:
        """Customers with other names: what makes one pass a filter may stand under any of these."""
        survivor = self._customers.c.survivor_id
        query = select(survivor).where(self._customers.c.business_id == self._business_id)
        query = query.where(survivor > ("" if after is None else after[0]))
        return query.distinct().order_by(survivor).limit(limit)

    def _sources(self, wanted: CustomerFilter) -> list[Source]:
        customers = self._customers
        sources: list[Source] = []
        if wanted.category:
            sources.append(Source([self._leg(customers, {"category": each}) for each in wanted.category]))
        for name in ("active", "blocked"):
            if (value := getattr(wanted, name)) is not None:
                sources.append(Source([self._leg(customers, {name: value})]))
        if wanted.consent:
            sources.append(Source([self._leg(customers, {name: True}) for name in wanted.consent]))
        for name in OF_ANY_NAME:
            if (value := getattr(wanted, name)) is not None:
                sources.append(Source([self._leg(customers, {name: value})]))
        for services in (wanted.service_id, wanted.service_type):
            if services:
                sources.append(self._source_of_services(services))
        if wanted.offer_id:
            cards = self._tables[CARDS.name]
            buyers = [self._leg(cards, {"offer_id": each}) for each in wanted.offer_id]
            payers = [self._leg(cards, {"offer_id": each}, "purchased_by") for each in wanted.offer_id]
            sources.append(Source([*buyers, *payers]))
        if wanted.asks_for_bookings:
            sources += self._sources_of_bookings(wanted)
        return sources

    def _source_of_services(self, services: Sequence[str]) -> Source:
        tables = (self._tables[BOOKINGS.name], self._tables[PACKAGE_SERVICES.name])
        if len(tables) * len(services) <= LEGS_MAX:
            return Source([self._leg(table, {"service_id": each}) for each in services for table in tables])
        legs = [self._unordered(table, table.c.service_id.in_(services)) for table in tables]
        return Source(legs, in_order=False)

    def _sources_of_bookings(self, wanted: CustomerFilter) -> list[Source]:
        """Customers with such a booking at any time, in order; and those with one in the wanted time, by its start."""
        bookings = self._tables[BOOKINGS.name]
        at_any_time = Source([self._leg(bookings, {"status": status}) for status in wanted.statuses])
        if not wanted.bookings:
            return [at_any_time]
        then = self._unordered(bookings, *self._stands_so_then(bookings, wanted))
        return [at_any_time, Source([then], in_order=False)]

    def _leg(self, table: Table, equal: Mapping[str, Any] = NOTHING, column: str = "customer_id") -> Leg:
        """Customers of the rows with these values, in order. Needs an index on these columns and the customer."""
        customer = table.c[column]
        same = [table.c[name] == value for name, value in equal.items()]

        def leg(after: ListKey | None, limit: int) -> Select[Any]:
            query = select(customer).where(table.c.business_id == self._business_id, *same)
            query = query.where(customer.is_not(None) if after is None else customer > after[0])
            if table is not self._customers:
                query = query.distinct()
            return query.order_by(customer).limit(limit)

        return leg

    def _unordered(self, table: Table, *conditions: ColumnElement[bool]) -> Leg:
        """Customers of the rows that meet these conditions, unordered. Needs an index that begins with them."""

        def leg(after: ListKey | None, limit: int) -> Select[Any]:
            query = select(table.c.customer_id).where(table.c.business_id == self._business_id, *conditions)
            if after is not None:
                query = query.where(unindexed(table.c.customer_id) > after[0])
            return query.limit(limit)

        return leg
