"""What a receipt tells of a package: its lines, what was asked for each, and the tax in it.

The amount of a line is the value of all its units, so that lines add up to the price, also after the price changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.ledger.mapper import Recorded
from domain.package.fact_parts import PackageOpened, SoldLine
from domain.package.facts import PriceAdjusted
from domain.tax import Taxed, taxed
from domain.unit_values import Run


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """A line as it was sold. Amounts in minor units."""

    sold: SoldLine
    rate: int | None
    """Basis points; None: neither it nor its services had one when they were sold, or they had several."""
    amount: int
    """What is asked for it, tax included."""
    elsewhere: int
    """What of it was sold where the units came from, and is taxed there."""


def receipt_lines(facts: Sequence[Recorded]) -> list[ReceiptLine]:
    """The lines of a package, from the facts that count, in the order in which they are folded."""
    opened = next(each.fact for each in facts if isinstance(each.fact, PackageOpened))
    amounts = [_worth(line.values) for line in opened.lines]
    elsewhere = opened.first_values(opened.sold_elsewhere)
    for recorded in facts:
        if isinstance(recorded.fact, PriceAdjusted):
            amounts = [_worth(values) for values in recorded.fact.values]
    return [
        ReceiptLine(line, line.rate, amount, before)
        for line, amount, before in zip(opened.lines, amounts, elsewhere, strict=True)
    ]


def _worth(values: Sequence[Run]) -> int:
    return sum(value * count for value, count in values)


def taxes_of(lines: Sequence[ReceiptLine]) -> list[Taxed]:
    """The tax of one package by rate, in what was asked for it here: its price, less what was sold elsewhere."""
    return taxed((line.amount - line.elsewhere, line.rate) for line in lines)
