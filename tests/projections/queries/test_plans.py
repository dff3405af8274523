"""No filter of a list reads a whole table: how the databases say they go about every statement of a list."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, event

from projections.engine.index_walk import use_indexes
from projections.engine.snapshot import First, Snapshot
from projections.engine.tables import ReadTables
from projections.models.customers import CUSTOMERS
from projections.models.packages import CARDS
from projections.models.points import POINTS
from projections.queries import booking_places, customer_places, package_places
from projections.queries.bookings import EQUAL, BookingFilter, find_bookings
from projections.queries.bookings import READS as READ_BY_BOOKINGS
from projections.queries.customers import CustomerFilter, find_customers
from projections.queries.customers import reads as reads_of_customers
from projections.queries.imports import imports_in
from projections.queries.packages import READS, PackageFilter, find_packages, packages_of_customer
from projections.queries.ranges import Range
from tests.api.desk import Desk, House

pytest_plugins = ["tests.api.houses"]

MOMENT = datetime(2026, 10, 3, 8, tzinfo=UTC)
DAY = date(2026, 10, 3)
BOOKED = {"bookings": Range(MOMENT, datetime(2026, 11, 3, tzinfo=UTC))}
BOOKED_ON_DAYS = {"bookings": Range(DAY, date(2026, 11, 3))}
CUSTOMER_FILTERS: list[dict[str, Any]] = [
    {},
    {"category": ("VIP",)},
    {"category": ("VIP", "New")},
    {"active": True},
    {"blocked": True},
    {"consent": ("marketing", "birthday")},
    {"service_id": ("svc_1",)},
    {"service_id": ("svc_1", "svc_2")},
    {"service_type": ("Massage",)},
    {"unused_service_id": ("svc_1",)},
    {"unused_service_type": ("Massage",)},
    {"offer_id": ("off_1", "off_2")},
    BOOKED,
    BOOKED_ON_DAYS,
    {"booking_status": ("active",)},
    {"external_ref": "old:7"},
    {"category": ("VIP",), "active": True, "service_id": ("svc_1",), "offer_id": ("off_1",), **BOOKED},
    {"unused_service_id": ("svc_1",), "consent": ("marketing",), "booking_status": ("completed",)},
]
PACKAGE_FILTERS: list[dict[str, Any]] = [
    {},
    {"status": ("active",)},
    {"status": ("expired",)},
    {"status": ("fully_used", "cancelled")},
    {"payment_status": ("unpaid", "partial")},
    {"customer_id": ("cus_1",)},
    {"offer_id": ("off_1", "off_2")},
    {"service_id": ("svc_1", "svc_2")},
    {"location_id": ("loc_1",)},
    {"expires_from": DAY, "expires_to": date(2026, 11, 3)},
    {"purchased_from": DAY, "purchased_to": date(2026, 11, 3)},
    {"owing": True},
    {"external_ref": ("old:7",)},
    {"status": ("active",), "service_id": ("svc_1",), "owing": False, "expires_to": DAY},
]


@contextmanager
def told(snapshot: Snapshot) -> Iterator[list[str]]:
    """How each statement is carried out that is sent while the block lasts."""
    engine, lines, under_way = snapshot.connection.engine, [], [False]
    on_postgres = snapshot.connection.dialect.name == "postgresql"

    @event.listens_for(engine, "after_cursor_execute")
    def explain(
        connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        if under_way[0] or not statement.startswith("SELECT") or "set_config" in statement:
            return
        under_way[0] = True
        asked = "EXPLAIN " if on_postgres else "EXPLAIN QUERY PLAN "
        lines.append(statement)
        lines.extend(str(row[-1]) for row in connection.exec_driver_sql(asked + statement, parameters))
        under_way[0] = False

    try:
        yield lines
    finally:
        event.remove(engine, "after_cursor_execute", explain)


def whole_tables(lines: Sequence[str]) -> list[str]:
    """Steps that read a table, or an index, from end to end; walking a list in its own order is none."""
    scans = re.compile(r"Seq Scan on|SCAN (customers|bookings|cards|units|package_services|services)_")
    of_business = re.compile(r"SEARCH (bookings|units|package_services|services)_.*\(business_id=\?\)$")
    return [line for line in lines if scans.search(line) or of_business.search(line)]


@pytest.fixture(scope="module", params=["sqlite_house", "postgres_house"])
def desk(request: pytest.FixtureRequest) -> Desk:
    """A business that the tests of this file only read."""
    house: House = request.getfixturevalue(request.param)
    house.at_real_time()
    desk = house.desk()
    massage = desk.service()
    offer = desk.offer(massage)
    for n in range(3):
        anna = desk.customer(f"Anna {n}")
        desk.redeem(desk.sell(anna, offer)["id"], massage)
        desk.do(
            "/v1/bookings", {"customer_id": anna, "service_id": massage, "starts_at": "2027-01-04T08:00:00Z"}
        )
    desk.get("/v1/customers", offer_id=offer, service_id=massage, booking_status="active")
    return desk


def views_of(desk: Desk) -> ReadTables:
    views: ReadTables = desk.client.app.state["frame"].views  # type: ignore[attr-defined]
    return views


@pytest.mark.parametrize("filters", CUSTOMER_FILTERS, ids=lambda filters: "+".join(filters) or "none")
def test_no_filter_of_the_customer_list_reads_a_whole_table(desk: Desk, filters: dict[str, Any]) -> None:
    wanted = [CustomerFilter(**filters)]
    names = reads_of_customers(wanted)
    with views_of(desk).snapshot(desk.business_id, names) as snapshot, told(snapshot) as lines:
        for after in (None, "cus_1"):
            find_customers(snapshot, desk.business_id, wanted, after, 50)
    assert lines
    assert whole_tables(lines) == []


@pytest.mark.parametrize("filters", PACKAGE_FILTERS, ids=lambda filters: "+".join(filters) or "none")
def test_no_filter_of_the_package_list_reads_a_whole_table(desk: Desk, filters: dict[str, Any]) -> None:
    wanted = PackageFilter(**filters)
    with views_of(desk).snapshot(desk.business_id, READS) as snapshot, told(snapshot) as lines:
        for after in (None, (MOMENT, "pkg_1")):
            find_packages(snapshot, desk.business_id, wanted, now=MOMENT, after=after, limit=50)
    assert lines
    assert whole_tables(lines) == []


@pytest.mark.parametrize("whose", [{}, {"customer_id": ("cus_1",)}, {"staff_id": ("stf_1",)}], ids=str)
def test_no_range_of_the_booking_list_reads_a_whole_table(desk: Desk, whose: dict[str, Any]) -> None:
    wanted = BookingFilter(starts=Range(DAY, DAY), **whose)
    with views_of(desk).snapshot(desk.business_id, READ_BY_BOOKINGS) as snapshot, told(snapshot) as lines:
        for after in (None, (MOMENT, "bkg_1")):
            find_bookings(snapshot, desk.business_id, wanted, after=after, limit=50)
    assert lines
    assert whole_tables(lines) == []


def test_the_packages_of_a_customer_and_what_they_bought_are_found_by_indexes(desk: Desk) -> None:
    with views_of(desk).snapshot(desk.business_id, READS) as snapshot, told(snapshot) as lines:
        packages_of_customer(snapshot, desk.business_id, "cus_1", bought_for_others=True)
    assert lines
    assert whole_tables(lines) == []
    assert not [line for line in lines if re.search(r"SEARCH cards_.*\(business_id=\?\)$", line)]


def test_past_imports_are_summed_up_by_an_index(desk: Desk) -> None:
    with views_of(desk).snapshot(desk.business_id, READS) as snapshot, told(snapshot) as lines:
        imports_in(snapshot, desk.business_id)
    assert lines
    assert whole_tables(lines) == []


# Pages by their places, and the rows that changed


def explained(desk: Desk, names: Sequence[str], first: First) -> list[str]:
    """How each question of a new snapshot is answered."""
    lines: list[str] = []
    with views_of(desk).snapshot(desk.business_id, names) as snapshot:
        connection = snapshot.connection
        use_indexes(connection)
        asked = "EXPLAIN " if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
        for question, values in first(connection.dialect, desk.business_id, snapshot.tables):
            given = values if isinstance(values, dict) else tuple(values)
            lines.append(question.statement)
            lines.extend(
                str(row[-1]) for row in connection.exec_driver_sql(asked + question.statement, given)
            )
    return lines


@pytest.mark.parametrize("filters", CUSTOMER_FILTERS, ids=lambda filters: "+".join(filters) or "none")
def test_no_places_of_customers_need_a_whole_table(desk: Desk, filters: dict[str, Any]) -> None:
    wanted = [CustomerFilter(**filters)]
    names = (CUSTOMERS.name, CARDS.name, POINTS.name)
    for after in (None, "cus_1"):
        places = customer_places.PlacesOf(wanted, MOMENT, after, 50)
        assert whole_tables(explained(desk, names, places.first)) == []


@pytest.mark.parametrize("filters", PACKAGE_FILTERS, ids=lambda filters: "+".join(filters) or "none")
def test_no_places_of_packages_need_a_whole_table(desk: Desk, filters: dict[str, Any]) -> None:
    for after in (None, (MOMENT, "pkg_1")):
        places = package_places.PlacesOf(PackageFilter(**filters), MOMENT, after, 50)
        assert whole_tables(explained(desk, READS, places.first)) == []


@pytest.mark.parametrize("whose", [{}, *({name: ("x",)} for name in EQUAL)], ids=str)
def test_no_places_of_bookings_need_a_whole_table(desk: Desk, whose: dict[str, Any]) -> None:
    for after in (None, (MOMENT, "bkg_1")):
        places = booking_places.PlacesOf(BookingFilter(starts=Range(DAY, MOMENT), **whose), after, 50)
        assert whole_tables(explained(desk, READ_BY_BOOKINGS, places.first)) == []
