"""The movements of the liability in a period: sums by cause, and the lines behind them."""

from typing import Annotated, Any

from pydantic import Field

from api.http.date_ranges import check_range
from api.http.permissions import BOOKKEEPERS
from api.http.problems import Flaw, invalid
from api.http.query import DayOrMomentText, Found, ListParameters, Page, Query
from api.http.query_route import query
from api.resources.parts import LocalTime, SignedMoney, local
from domain.moments import Day, rfc3339
from domain.values import Value
from replay.all_packages import PackagesThen, packages_then
from replay.as_of import is_over
from replay.reports.movements import (
    Cause,
    Clock,
    Movement,
    Owed,
    Period,
    closing_of,
    movements,
    period_of,
)


class PeriodParameters(Value):
    """Days in the business's zone, both included; the last must be over."""

    from_: Annotated[Day | None, Field(alias="from")] = None
    """If absent, from the beginning of the books."""
    to: Day | None = None
    """If absent, to now."""
    clock: Clock = "effective"
    """The clock by which a movement belongs to a day: when it happened, or when it was recorded."""
    as_of: DayOrMomentText | None = None
    """Leaves out facts recorded later; only for the clock `effective`."""


class LinesParameters(ListParameters, PeriodParameters):
    cause: Cause | None = None


class UnitsOwed(Value):
    units: int
    value: SignedMoney


class MovementsReport(Value):
    """The roll-forward of the liability: opening and all changes together are closing."""

    position: int
    """The position of the ledger that the report is true for."""
    opening: UnitsOwed
    changes: dict[Cause, UnitsOwed]
    closing: UnitsOwed


class MovementLine(LocalTime):
    """A change of what is owed on one package. The local time is that of `at`, in the business's zone."""

    cause: Cause
    package_id: str
    customer_id: str
    at: str
    """When it counts, on the clock of the report."""
    change: UnitsOwed
    position: int
    """The fact that moved it; where an expiry passed, the last fact of the package before."""


class MovementPage(Page[MovementLine]):
    pass


@query(
    "/v1/reports/movements",
    "reports.movements",
    "What moved the liability in a period, by cause",
    roles=BOOKKEEPERS,
    answer=MovementsReport,
    parameters=PeriodParameters,
    takes_long=True,
)
def movements_report(call: Query[PeriodParameters]) -> Found:
    """Opening, the changes by cause, and closing: the changes add up to the difference."""
    books, period = books_of_period(call, call.parameters)
    told = call.frame.sums.of(call.business_id, call.time_zone).movements(books, period)
    told = told or movements(books, period)
    report = MovementsReport(
        position=told.position,
        opening=_owed(call, told.opening),
        changes={cause: _owed(call, change) for cause, change in told.changes.items()},
        closing=_owed(call, told.closing),
    )
    return Found(report, told.position)


@query(
    "/v1/reports/movements/lines",
    "reports.movement_lines",
    "The movements behind the sums, in order of time",
    roles=BOOKKEEPERS,
    answer=MovementPage,
    parameters=LinesParameters,
    takes_long=True,
)
def movement_lines(call: Query[LinesParameters]) -> Found:
    """Each line names the fact that moved it. They come by `at`, and those of the same moment by `position`; where an
    expiry passed, by the position at which the package begins.
    """
    asked = call.parameters
    books, period = books_of_period(call, asked)
    after = call.after(3)
    kept = call.frame.movements.of(call.business_id, call.time_zone)
    place = None if after is None else (after[0], after[1], after[2])
    found = kept.lines(books, period, asked.cause, place, asked.limit + 1)
    return call.page(
        MovementPage,
        found,
        key=lambda movement: movement.place,
        shown=lambda movement: _line(call, movement),
        position=books.position,
    )


def books_of_period(call: Query[Any], asked: PeriodParameters) -> tuple[PackagesThen, Period]:
    """The packages that close the period, and the period. Raises validation-failed."""
    zone, now = call.time_zone, call.frame.carnet.clock()
    check_range(asked.from_, asked.to, zone, "/to")
    if asked.to is not None and not is_over(asked.to, zone, now):
        raise invalid([Flaw("/to", "not-past", "must be a day that is over")])
    known = call.over("as_of", asked.as_of)
    if known is not None and asked.clock == "recorded":
        raise invalid([Flaw("/as_of", "two-clocks", "is only for the clock effective")])
    call.check_reachable_now()
    past, merged = (
        closing_of(zone, asked.clock, asked.to, known),
        call.frame.sums.of(call.business_id, zone).merged,
    )
    books = packages_then(call.ledger.recorder, past, now, merged)
    return books, period_of(zone, asked.clock, asked.from_)


def _line(call: Query[Any], movement: Movement) -> MovementLine:
    return MovementLine(
        cause=movement.cause,
        package_id=movement.package_id,
        customer_id=movement.customer_id,
        at=rfc3339(movement.moment),
        **local(movement.moment, call.time_zone),
        change=_owed(call, movement.change),
        position=movement.position,
    )


def _owed(call: Query[Any], owed: Owed) -> UnitsOwed:
    return UnitsOwed(units=owed.units, value=SignedMoney(amount=owed.value, currency=call.currency))


HANDLERS = (movements_report, movement_lines)
