"""The liability report: the services owed to customers, now or at a moment on either clock."""

from api.http.permissions import BOOKKEEPERS
from api.http.query import ClockParameters, Found, Query
from api.http.query_route import query
from api.resources.parts import SignedMoney
from domain.values import Value
from replay.all_packages import packages_then
from replay.reports.liability import liability


class LiabilityReport(Value):
    """The services owed to customers; sales that were voided are in none of the figures.

    granted + imported + corrected - redeemed - forfeited - lapsed - transferred is remaining.
    """

    on: str
    """The local day of the moment at which status and expiry are judged."""
    position: int
    """The position of the ledger that the report is true for."""
    customers: int
    packages: int
    packages_active: int
    packages_fully_used: int
    packages_expired: int
    packages_cancelled: int
    units_granted: int
    """Units that were sold."""
    units_imported: int
    """Units that were left of packages when they were imported: no sale."""
    units_corrected: int
    """Units that corrections added, less those they took; not those that they took back from redemptions."""
    units_redeemed: int
    units_forfeited: int
    units_transferred: int
    """Units that left for another package, less those that packages made by a transfer began with: 0 for all."""
    units_lapsed: int
    """Units that lapsed with their package, less those that reinstating brought back."""
    units_remaining: int
    units_valid: int
    """Units of packages that are neither expired nor cancelled."""
    redemptions: int
    """Redemptions that still use a unit."""
    redemptions_across_packages: int
    amount_sold: SignedMoney
    liability: SignedMoney
    """The value of the valid units."""


@query(
    "/v1/reports/liability",
    "reports.liability",
    "The services owed to customers",
    roles=BOOKKEEPERS,
    answer=LiabilityReport,
    parameters=ClockParameters,
    takes_long=True,
)
def liability_report(call: Query[ClockParameters]) -> Found:
    """Straight from the ledger, now or at a moment on either clock. Voided sales are in none of the figures."""
    call.check_reachable_now()
    sums = call.frame.sums.of(call.business_id, call.time_zone)
    books = packages_then(call.ledger.recorder, call.past(), call.frame.carnet.clock(), sums.merged)
    told = sums.liability(books, call.currency) or liability(books, call.currency, call.time_zone)
    money = {
        name: SignedMoney(amount=getattr(told, name), currency=told.currency)
        for name in ("amount_sold", "liability")
    }
    figures = {name: value for name, value in vars(told).items() if name != "currency"}
    return Found(LiabilityReport(**(figures | money)), told.position)


HANDLERS = (liability_report,)
