"""The reasons of a period by code: sums, and the facts behind them."""

from api.http.permissions import BOOKKEEPERS
from api.http.problems import Flaw, invalid
from api.http.query import Found, ListParameters, Page, Query
from api.http.query_route import query
from api.resources.authors import actors_known
from api.resources.parts import SignedMoney
from api.resources.reports.entries import BookEntry, shown_entry
from api.resources.reports.movements import PeriodParameters, books_of_period
from domain.business.reasons import ReasonCodeName, ReasonGroup
from domain.values import Value
from replay.reports.reasons import GivenReason, Wanted


class ReasonsParameters(PeriodParameters):
    group: ReasonGroup | None = None


class ReasonLinesParameters(ListParameters, ReasonsParameters):
    code: ReasonCodeName | None = None
    without_code: bool = False
    """Only what was given no code."""


class ReasonTotal(Value):
    """What was done for one reason."""

    group: ReasonGroup
    code: str | None
    """Null: without a code."""
    text: str | None
    """The text that the code had in the latest of these facts."""
    facts: int
    units: int
    """The change of the units that remain."""
    value: SignedMoney
    """The change of the value of the units that remain; of `price`, the change of the price."""
    refunded: SignedMoney
    """Money that went back."""


class ReasonsReport(Value):
    """By group, and in each by code; what was given no code comes last."""

    position: int
    """The position of the ledger that the report is true for."""
    reasons: tuple[ReasonTotal, ...]


class ReasonLine(BookEntry):
    """A fact with the reason that it was given."""

    group: ReasonGroup
    reason_code: str | None
    reason_text: str | None
    """The text that the code had then."""


class ReasonLinePage(Page[ReasonLine]):
    pass


@query(
    "/v1/reports/reasons",
    "reports.reasons",
    "Why things were corrected, cancelled, refunded or given back in a period, by reason code",
    roles=BOOKKEEPERS,
    answer=ReasonsReport,
    parameters=ReasonsParameters,
    takes_long=True,
)
def reasons_report(call: Query[ReasonsParameters]) -> Found:
    """Each fact counts under its code, or without one: what a rule did by itself has none."""
    books, period = books_of_period(call, call.parameters)
    kept = call.frame.reasons.of(call.business_id, call.time_zone)
    told = kept.reasons(books, period, call.parameters.group)

    def money(amount: int) -> SignedMoney:
        return SignedMoney(amount=amount, currency=call.currency)

    totals = tuple(
        ReasonTotal(
            group=row.group,
            code=row.code,
            text=row.text,
            facts=row.facts,
            units=row.units,
            value=money(row.value),
            refunded=money(row.refunded),
        )
        for row in told.rows
    )
    return Found(ReasonsReport(position=told.position, reasons=totals), told.position)


@query(
    "/v1/reports/reasons/lines",
    "reports.reason_lines",
    "The facts behind the reasons of a period, in order of position",
    roles=BOOKKEEPERS,
    answer=ReasonLinePage,
    parameters=ReasonLinesParameters,
    takes_long=True,
)
def reason_lines(call: Query[ReasonLinesParameters]) -> Found:
    """Each with who recorded it, and what it moved."""
    asked = call.parameters
    if asked.code is not None and asked.without_code:
        raise invalid([Flaw("/without_code", "not-allowed", "has no place beside code", "query")])
    books, period = books_of_period(call, asked)
    (after,) = call.after() or (0,)
    kept = call.frame.reasons.of(call.business_id, call.time_zone)
    wanted = Wanted(asked.group, asked.code, asked.without_code)
    rows = kept.given_reasons(books, period, wanted, after, asked.limit + 1)
    people = actors_known(call, [given.entry.recorded.author.id for given in rows])

    def line(given: GivenReason) -> ReasonLine:
        return ReasonLine(
            **dict(shown_entry(call, given.entry, people)),
            group=given.group,
            reason_code=given.code,
            reason_text=given.text,
        )

    return call.page(
        ReasonLinePage,
        rows,
        key=lambda given: [given.entry.recorded.position],
        shown=line,
        position=books.position,
    )


HANDLERS = (reasons_report, reason_lines)
