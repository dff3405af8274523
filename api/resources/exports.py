"""Exports: customers, packages, their history, bookings and points as CSV, JSON Lines and Parquet (S110).

Each takes the filters of its list.
"""

from typing import Annotated, Any

from pydantic import Field

from api.http.date_ranges import OWN_DAYS, check_range
from api.http.export_route import Exported, ExportParameters, export
from api.resources.bookings.queries import BookingFilters, booking_filter
from api.resources.customers.directory_search import sought
from api.resources.customers.lists import CustomerSearch, customer_filters
from api.resources.packages.lists import VALUES_MAX, PackageFilters, package_filter
from api.resources.points.answer import Action
from api.resources.points.queries import SignedPoints
from domain.business.state import Business
from domain.moments import Day, DayOrMoment
from domain.values import CustomerId, PackageId
from projections.queries.bookings import BookingFilter
from projections.queries.packages import PackageFilter
from projections.queries.ranges import Range
from replay.export.bookings import BOOKINGS_EXPORT
from replay.export.customers import CUSTOMERS_EXPORT, CustomersWanted
from replay.export.history import HISTORY_EXPORT, HistoryWanted
from replay.export.packages import PACKAGES_EXPORT
from replay.export.points import POINTS_EXPORT, PointsWanted

Some = Field(max_length=VALUES_MAX)


class CustomerExportParameters(ExportParameters, CustomerSearch):
    """The filters of the list of customers."""


def customers_wanted(asked: CustomerExportParameters, business: Business) -> CustomersWanted:
    """A customer a row, in the order of the ids, with the filters of the list. Names and contacts are as they are
    at the moment of the export; all else is true for `Ledger-Position`.
    """
    check_range(asked.booking_from, asked.booking_to, OWN_DAYS, "/booking_to")
    return CustomersWanted(tuple(customer_filters(asked, business)), sought(asked))


class PackageExportParameters(ExportParameters, PackageFilters):
    """The filters of the list of packages."""


def packages_wanted(asked: PackageExportParameters, business: Business) -> PackageFilter:
    """A line of a package a row, latest purchase first, with the filters of the list. The columns of the package are
    the same in each of its rows: sum money over the rows whose `line` is 1.
    """
    return package_filter(asked)


class HistoryExportParameters(ExportParameters):
    """Filters combine with AND; a parameter that is repeated matches any of its values."""

    package_id: Annotated[tuple[PackageId, ...], Some] = ()
    customer_id: Annotated[tuple[CustomerId, ...], Some] = ()
    """Who has the packages now."""
    from_: Annotated[DayOrMoment | None, Field(alias="from")] = None
    """The first `effective_at`, or the first day in the package's zone."""
    to: DayOrMoment | None = None
    """The last `effective_at`, or the last day in the package's zone."""


def history_wanted(asked: HistoryExportParameters, business: Business) -> HistoryWanted:
    """A fact of a package a row, package by package, each in recorded order. `change`, `value` and `amount` are
    signed, so that their sums over all rows give what remains.
    """
    check_range(asked.from_, asked.to, OWN_DAYS, "/to")
    return HistoryWanted(asked.package_id, asked.customer_id, Range(asked.from_, asked.to))


class BookingExportParameters(ExportParameters, BookingFilters):
    """The filters of the list of bookings."""


def bookings_wanted(asked: BookingExportParameters, business: Business) -> BookingFilter:
    """A booking a row, by the start, with the filters of the list."""
    return booking_filter(asked)


class PointsExportParameters(ExportParameters):
    """Filters combine with AND; a parameter that is repeated matches any of its values."""

    customer_id: Annotated[tuple[CustomerId, ...], Some] = ()
    from_: Annotated[Day | None, Field(alias="from")] = None
    to: Day | None = None
    action: Annotated[tuple[Action, ...], Field(max_length=3)] = ()
    points: SignedPoints | None = None
    """Exactly this number, signed."""


def points_wanted(asked: PointsExportParameters, business: Business) -> PointsWanted:
    """An entry of points a row, customer by customer, each in recorded order. Days are those of the business."""
    check_range(asked.from_, asked.to, business.time_zone, "/to")
    return PointsWanted(asked.customer_id, asked.from_, asked.to, asked.action, asked.points)


CUSTOMERS = Exported(CUSTOMERS_EXPORT, CustomerExportParameters, customers_wanted)
PACKAGES = Exported(PACKAGES_EXPORT, PackageExportParameters, packages_wanted)
HISTORY = Exported(HISTORY_EXPORT, HistoryExportParameters, history_wanted)
BOOKINGS = Exported(BOOKINGS_EXPORT, BookingExportParameters, bookings_wanted)
POINTS = Exported(POINTS_EXPORT, PointsExportParameters, points_wanted)
EXPORTS: dict[str, Exported[Any, Any]] = {
    each.table.name: each for each in (CUSTOMERS, PACKAGES, HISTORY, BOOKINGS, POINTS)
}
"""By name, as the command line calls them."""

HANDLERS = (
    export("/v1/customers/export", "customers.export", "All customers, as a file", CUSTOMERS),
    export("/v1/packages/export", "packages.export", "All packages, as a file", PACKAGES),
    export(
        "/v1/packages/history/export",
        "packages.export_history",
        "The history of all packages, as a file",
        HISTORY,
    ),
    export("/v1/bookings/export", "bookings.export", "All bookings, as a file", BOOKINGS),
    export(
        "/v1/points/export", "points.export", "The points of all customers, entry by entry, as a file", POINTS
    ),
)
