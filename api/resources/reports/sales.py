"""The sales of a period, with the tax in them by rate."""

from api.http.permissions import BOOKKEEPERS
from api.http.query import Found, Query
from api.http.query_route import query
from api.resources.parts import SignedMoney
from api.resources.receipts.answer import TaxAtRate, tax_at_rate
from api.resources.reports.movements import PeriodParameters, books_of_period
from domain.values import Value
from replay.reports.sales import sales


class SalesReport(Value):
    """What was asked for packages in a period; paid or not."""

    position: int
    """The position of the ledger that the report is true for."""
    packages: int
    """Packages sold, less those voided."""
    amount: SignedMoney
    """Their prices, tax included, with the changes of prices in the period."""
    taxes: tuple[TaxAtRate, ...]
    """`amount` by rate; the tax is the sum of that on the receipts."""


@query(
    "/v1/reports/sales",
    "reports.sales",
    "What was sold in a period, with the tax by rate",
    roles=BOOKKEEPERS,
    answer=SalesReport,
    parameters=PeriodParameters,
    takes_long=True,
)
def sales_report(call: Query[PeriodParameters]) -> Found:
    """An adjusted price and a voided sale count in the period of that change. Transfers are no sales."""
    books, period = books_of_period(call, call.parameters)
    told = call.frame.sums.of(call.business_id, call.time_zone).sales(books, period) or sales(books, period)
    report = SalesReport(
        position=told.position,
        packages=told.packages,
        amount=SignedMoney(amount=told.amount, currency=call.currency),
        taxes=tuple(tax_at_rate(each, call.currency) for each in told.taxes),
    )
    return Found(report, told.position)


HANDLERS = (sales_report,)
