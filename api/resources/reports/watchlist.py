"""Packages that expire soon, and packages that are not paid: their sums, and each of them."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from api.http.date_ranges import check_range
from api.http.permissions import BOOKKEEPERS
from api.http.query import ClockParameters, Found, ListParameters, Page, Query
from api.http.query_route import query
from api.resources.parts import SignedMoney
from domain.moments import Day, local_day
from domain.values import Value
from projections.engine.definition import Row
from projections.engine.snapshot import Snapshot
from projections.models.card_columns import card_status, last_day, owed_for
from projections.queries import watched
from projections.queries.watched import Watched
from replay.all_packages import PackagesThen, packages_then, place_of, place_of_customer
from replay.as_of import Past
from replay.package import PackageThen
from replay.reports.watchlist import expiring, outstanding

EXPIRING_DAYS = 30
"""The period of `/expiring`, where none is named."""

BEFORE_ALL = (-1, "", "")
"""Before the place of every package."""


class WatchedParameters(ListParameters, ClockParameters):
    """A page of packages, now or at a moment on either clock."""


class ExpiringParameters(WatchedParameters):
    """The last valid days, both included; if absent, 30 days from the moment asked about."""

    from_: Annotated[Day | None, Field(alias="from")] = None
    to: Day | None = None


class WatchedPackage(Value):
    package_id: str
    customer_id: str
    purchase_number: int
    name: str
    status: str
    expires_on: str | None
    remaining: int
    unused_value: SignedMoney
    price: SignedMoney
    paid: SignedMoney
    owing: SignedMoney
    version: int


class WatchedPage(Page[WatchedPackage]):
    count: int
    """Of all such packages, whatever the page."""
    units: int
    """What is left of them."""
    unused_value: SignedMoney
    owing: SignedMoney


@query(
    "/v1/reports/expiring",
    "reports.expiring",
    "Active packages that expire in a period",
    roles=BOOKKEEPERS,
    answer=WatchedPage,
    parameters=ExpiringParameters,
    takes_long=True,
)
def expiring_report(call: Query[ExpiringParameters]) -> Found:
    """Without `from` and `to`, the next 30 days."""
    asked, past, now = call.parameters, call.past(), call.frame.carnet.clock()
    first = asked.from_ or local_day(past.judged_at or now, call.time_zone)
    last = asked.to or first + timedelta(days=EXPIRING_DAYS)
    check_range(first, last, call.time_zone, "/to")
    if not past:
        return _present(
            call, now, lambda snapshot: watched.expiring(snapshot, call.business_id, first, last, now)
        )
    books = _books(call, past, now)
    return _page(call, books, expiring(books, first, last))


@query(
    "/v1/reports/outstanding",
    "reports.outstanding",
    "Packages that are not paid in full",
    roles=BOOKKEEPERS,
    answer=WatchedPage,
    parameters=WatchedParameters,
    takes_long=True,
)
def outstanding_report(call: Query[WatchedParameters]) -> Found:
    """With what is owing on each, and in all."""
    past, now = call.past(), call.frame.carnet.clock()
    if not past:
        return _present(call, now, lambda snapshot: watched.outstanding(snapshot, call.business_id))
    books = _books(call, past, now)
    return _page(call, books, outstanding(books))


def _books(call: Query[Any], past: Past, now: datetime) -> PackagesThen:
    call.check_reachable_now()
    merged = call.frame.sums.of(call.business_id, call.time_zone).merged
    return packages_then(call.ledger.recorder, past, now, merged)


def _present(call: Query[Any], now: datetime, find: Callable[[Snapshot], list[Watched]]) -> Found:
    """As it is now, from the cards that lists show."""
    after = tuple(call.after(len(BEFORE_ALL)) or BEFORE_ALL)
    with call.snapshot(*watched.READS) as snapshot:
        found = find(snapshot)
        first = bisect_right(found, after, key=lambda each: each.place)
        on_page = found[first : first + call.parameters.limit + 1]
        rows = list(watched.cards_at(snapshot, call.business_id, on_page))
        position = snapshot.position
    return call.page(
        WatchedPage,
        rows,
        key=lambda card: (*place_of_customer(card["customer_id"]), card["package_id"]),
        shown=lambda card: _shown(call, card, now),
        position=position,
        count=len(found),
        units=sum(each.remaining for each in found),
        unused_value=_money(call, sum(each.unused_value for each in found)),
        owing=_money(call, sum(each.owing for each in found)),
    )


def _page(call: Query[Any], books: PackagesThen, found: Iterable[PackageThen]) -> Found:
    after, limit = tuple(call.after(len(BEFORE_ALL)) or BEFORE_ALL), call.parameters.limit
    count = units = value = owing = 0
    rows: list[PackageThen] = []
    for package in found:
        card = package.card
        count, units = count + 1, units + card["remaining"]
        value, owing = value + card["unused_value"], owing + owed_for(card)
        if place_of(package) > after and len(rows) <= limit:
            rows.append(package)
    return call.page(
        WatchedPage,
        rows,
        key=place_of,
        shown=lambda package: _shown(call, package.card, package.moment),
        position=books.position,
        count=count,
        units=units,
        unused_value=_money(call, value),
        owing=_money(call, owing),
    )


def _shown(call: Query[Any], card: Row, moment: datetime) -> WatchedPackage:
    last = last_day(card, moment)
    return WatchedPackage(
        package_id=card["package_id"],
        customer_id=card["customer_id"],
        purchase_number=card["purchase_number"],
        name=card["name"],
        remaining=card["remaining"],
        unused_value=_money(call, card["unused_value"]),
        price=_money(call, card["price"]),
        paid=_money(call, card["paid"]),
        owing=_money(call, owed_for(card)),
        status=card_status(card, moment),
        expires_on=None if last is None else last.isoformat(),
        version=card["version"],
    )


def _money(call: Query[Any], amount: int) -> SignedMoney:
    return SignedMoney(amount=amount, currency=call.currency)


HANDLERS = (expiring_report, outstanding_report)
