"""The services that a business owes its customers, with its sales and redemptions, now or at any moment.

Computed from the cards of all packages and the facts behind them, straight from the ledger, on both clocks.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, assert_never, cast

from domain.moments import local_day
from domain.package.fact_parts import PackageOpened
from domain.package.facts import (
    LineCorrected,
    PackageFact,
    UnitsForfeited,
    UnitsRedeemed,
    UnitsRestored,
    UseFact,
)
from domain.package.opening_facts import PackageImported
from domain.package.state import Status
from projections.engine.definition import Row
from replay.all_packages import PackagesThen
from replay.package import PackageThen


@dataclass
class Liability:
    """All packages of a business at one moment. Amounts in minor units of `currency`.

    Voided sales are in none of the figures. At every moment, on both clocks, units_granted + units_imported +
    units_corrected - units_redeemed - units_forfeited - units_lapsed - units_transferred is units_remaining.
    """

    on: str
    """The local day of the moment at which status and expiry are judged."""
    currency: str
    customers: int = 0
    packages: int = 0
    units_granted: int = 0
    """Units that were sold."""
    units_imported: int = 0
    """Units that were left of packages when they were imported."""
    amount_sold: int = 0
    """Prices of sales, and changes of any price since; what was imported or transferred was not sold."""
    redemptions: int = 0
    redemptions_across_packages: int = 0
    units_redeemed: int = 0
    units_forfeited: int = 0
    units_corrected: int = 0
    """Units that corrections added, less those they took; not those that they took back from redemptions."""
    units_transferred: int = 0
    """Units that left for another package, less those that packages made by a transfer, or by the next period of a
    membership, began with."""
    units_lapsed: int = 0
    """Units that lapsed with their package, less those that reinstating brought back."""
    units_remaining: int = 0
    packages_active: int = 0
    packages_fully_used: int = 0
    packages_expired: int = 0
    packages_cancelled: int = 0
    units_valid: int = 0
    """Units of packages that are neither expired nor cancelled."""
    liability: int = 0
    """The value of those units."""
    position: int = 0
    """The position of the ledger that the report is true for."""


def liability(books: PackagesThen, currency: str, zone: str) -> Liability:
    """The report at the moment of `books`; `zone` is the business's. Raises UnreadableFact, LedgerUnavailable."""
    report = Liability(local_day(books.moment, zone).isoformat(), currency, position=books.position)
    once_merged: list[PackageThen] = []
    for packages in books.by_customer():
        sold = [package for package in packages if not package.card["voided"]]
        report.customers += bool(sold)
        for package in sold:
            _add(report, package)
        if packages[0].customer_id in books.merges.ever:
            once_merged += sold
        else:
            _count_uses(report, sold)
    _count_uses(report, once_merged)
    return report


def customer(books: PackagesThen, customer_id: str) -> list[dict[str, Any]]:
    """The packages of one customer, in order of purchase. Amounts in minor units.

    Raises UnreadableFact, LedgerUnavailable.
    """
    names = ("purchase_number", "purchased_on", "granted", "remaining", "price", "unused_value")
    return [
        {
            **{name: package.card[name] for name in names},
            "expires_on": None if (last := package.expires_on) is None else last.isoformat(),
        }
        for package in books.of(customer_id)
        if not package.card["voided"]
    ]


FIGURES = (
    "packages",
    "packages_active",
    "packages_fully_used",
    "packages_expired",
    "packages_cancelled",
    "units_granted",
    "units_imported",
    "units_transferred",
    "amount_sold",
    "units_redeemed",
    "units_forfeited",
    "units_lapsed",
    "units_remaining",
    "units_valid",
    "liability",
)
"""Those that every package adds to by its card alone."""
STATUSES: tuple[Status, ...] = ("active", "fully_used", "expired", "cancelled")
"""In the order of their figures."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the figures of a package know of its first fact."""

    elsewhere: int
    """Units that were sold elsewhere: of an imported or transferred package."""
    imported: int
    transferred: int
    settled: int
    """The part of the price that is no sale here."""


def beginning_of(opening: PackageOpened) -> Beginning:
    elsewhere = sum(opening.sold_elsewhere)
    is_imported = isinstance(opening, PackageImported)
    return Beginning(
        elsewhere,
        imported=elsewhere - sum(opening.begins_used) if is_imported else 0,
        transferred=0 if is_imported else elsewhere,
        settled=sum(opening.first_values(opening.sold_elsewhere)),
    )


def figures_of(began: Beginning, card: Row, status: Status) -> tuple[int, ...]:
    """What a package adds to `FIGURES`; one that was voided adds nothing."""
    if card["voided"]:
        return NO_FIGURES
    valid = status == "active"
    return (
        1,
        *[int(status == each) for each in STATUSES],
        card["granted"] - began.elsewhere,
        began.imported,
        card["transferred"] - began.transferred,
        card["price"] - began.settled,
        card["redeemed"],
        card["forfeited"],
        card["lapsed"],
        card["remaining"],
        card["remaining"] if valid else 0,
        card["unused_value"] if valid else 0,
    )


NO_FIGURES = (0,) * len(FIGURES)


def _add(report: Liability, package: PackageThen) -> None:
    opening = package.facts[0].fact
    assert isinstance(opening, PackageOpened)
    add_figures(report, FIGURES, figures_of(beginning_of(opening), package.card, package.status))


def add_figures(report: Liability, names: Sequence[str], amounts: Iterable[int]) -> None:
    for name, amount in zip(names, amounts, strict=True):
        setattr(report, name, getattr(report, name) + amount)


def _count_uses(report: Liability, packages: Sequence[PackageThen]) -> None:
    """Count the corrections, and the redemptions that still use a unit.

    A redemption is of one customer, or of several that were merged meanwhile.
    """
    units: Counter[str] = Counter()
    taken_from: defaultdict[str, set[str]] = defaultdict(set)
    for package in packages:
        for recorded in package.facts:
            fact = cast(PackageFact, recorded.fact)
            if not isinstance(fact, UseFact):
                continue
            report.units_corrected += corrected_by(fact)
            for redemption_id, moved in uses_moved(fact):
                units[redemption_id] += moved
            if isinstance(fact, UnitsRedeemed):
                taken_from[fact.redemption_id].add(recorded.stream_id)
    used = [id for id, left in units.items() if left > 0]
    report.redemptions += len(used)
    report.redemptions_across_packages += sum(len(taken_from[id]) > 1 for id in used)


def uses_moved(fact: UseFact) -> Iterator[tuple[str, int]]:
    """Redemption → the units that it takes by a fact; less than none are given back."""
    match fact:
        case UnitsRedeemed():
            yield fact.redemption_id, len(fact.units)
        case UnitsRestored(forfeiture=None):
            yield fact.redemption_id, -len(fact.units)
        case LineCorrected():
            for use in fact.freed:
                if use.forfeiture is None:
                    yield use.redemption_id, -len(use.units)
        case UnitsForfeited() | UnitsRestored():
            pass  # no redemption uses what is forfeited
        case _:
            assert_never(fact)


def corrected_by(fact: UseFact) -> int:
    """Units that a fact adds by correction, less those it takes; not those that it takes back from redemptions."""
    if not isinstance(fact, LineCorrected):
        return 0
    return fact.change - sum(len(use.units) for use in fact.freed)
