"""What was sold in a period, with the tax in it by rate.

A sale counts in the period it was made in. A price that was adjusted later, and a sale that was voided later, count in
the period of that change, with what they changed: periods add up, and one that is over stays as it was on the clock of
recording. The tax is the sum of that on the receipts. A transfer is no sale.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from domain.ledger.mapper import Recorded
from domain.tax import Taxed, by_rate
from projections.engine.definition import Row
from projections.models.packages import card_of
from replay.all_packages import PackagesThen
from replay.receipt import receipt_lines, taxes_of
from replay.reports.movements import Period


@dataclass
class Sales:
    """The sales of a period, in minor units."""

    position: int
    """The position of the ledger that the report is true for."""
    packages: int = 0
    """Packages sold, less those voided."""
    amount: int = 0
    """What was asked for them, tax included, whether or not it is paid."""
    taxes: list[Taxed] = field(default_factory=list)
    """`amount` by rate."""


def sales(books: PackagesThen, period: Period, rates: "Rates | None" = None, packages: int = 0) -> Sales:
    """The sales of a period that ends with the moment of `books`; `rates` and `packages` are those of others, which are
    summed up already. Raises UnreadableFact, LedgerUnavailable."""
    report, rates = Sales(books.position, packages), rates or Rates()
    for of_customer in books.by_customer():
        for package in of_customer:
            before = [fact for fact in package.facts if period.begins_after(period.moment_of(fact))]
            for facts, card, sign in ((package.facts, package.card, 1), (before, card_of(before), -1)):
                if card is not None and not card["voided"]:
                    report.packages += sign * is_sale(card)
                    rates.add(facts, sign)
    report.taxes = rates.taxed()
    report.amount = sum(each.gross for each in report.taxes)
    return report


def is_sale(card: Row) -> int:
    """1 for what was sold, by somebody or by a rule; 0 for what came from elsewhere."""
    return int(card["origin"] in ("sale", "membership", "top_up"))


class Rates:
    """Sums of receipts, by rate."""

    def __init__(self) -> None:
        self._gross: defaultdict[int | None, int] = defaultdict(int)
        self._tax: defaultdict[int | None, int] = defaultdict(int)

    def add(self, facts: Sequence[Recorded], sign: int) -> None:
        self.add_taxes(taxes_of(receipt_lines(facts)), sign)

    def add_taxes(self, taxes: Iterable[Taxed], sign: int) -> None:
        for each in taxes:
            self._gross[each.rate] += sign * each.gross
            self._tax[each.rate] += sign * (each.tax or 0)

    def add_all(self, others: "Rates", sign: int) -> None:
        for rate in others._gross:
            self._gross[rate] += sign * others._gross[rate]
            self._tax[rate] += sign * others._tax[rate]

    def totals(self) -> Iterator[tuple[int | None, int, int]]:
        """Rate, gross and tax, by rate, without zeros."""
        for rate in sorted(self._gross, key=lambda rate: (rate is None, rate)):
            if self._gross[rate] or self._tax[rate]:
                yield rate, self._gross[rate], self._tax[rate]

    def add_total(self, rate: int | None, gross: int, tax: int) -> None:
        self._gross[rate] += gross
        self._tax[rate] += tax

    def taxed(self) -> list[Taxed]:
        """Rates at which nothing was asked are left out."""
        found = (
            Taxed(rate, gross, None if rate is None else self._tax[rate])
            for rate, gross in self._gross.items()
            if gross or self._tax[rate]
        )
        return sorted(found, key=by_rate)
