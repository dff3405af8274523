"""The tax that a price includes: net and tax for each rate, which add up to the price to the minor unit.

A rate is in basis points: 2700 is 27 %. An amount that includes it is net × (10000 + rate) / 10000. Net and tax are
floored, and the missing minor unit goes to the larger remainder, as where a price is spread over units.

    taxed([(12_700, 2700), (5_000, None)])
    [Taxed(rate=None, gross=5000, tax=None), Taxed(rate=2700, gross=12700, tax=2700)]
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from domain.unit_values import spread

WHOLE = 10_000
"""Basis points."""


@dataclass(frozen=True, slots=True)
class Taxed:
    """What was asked at one rate. Amounts in minor units."""

    rate: int | None
    """Basis points; None: no rate is known."""
    gross: int
    """Tax included."""
    tax: int | None
    """None where no rate is known."""

    @property
    def net(self) -> int | None:
        return None if self.tax is None else self.gross - self.tax


def included(gross: int, rate: int) -> int:
    """The tax in an amount that includes it. An amount below zero has the tax of its opposite, below zero."""
    if gross < 0:
        return -included(-gross, rate)
    _, tax = spread(gross, [WHOLE, rate])
    return tax


def line_rate(own: int | None, of_services: Iterable[int | None]) -> int | None:
    """The rate of a line: its own, else that of all the services it is good for.

    None where it has none and a service has none, or where they differ: the use decides then, and nothing is guessed.
    """
    if own is not None:
        return own
    found = set(of_services)
    return found.pop() if len(found) == 1 else None


def taxed(amounts: Iterable[tuple[int, int | None]]) -> list[Taxed]:
    """The figures for each rate of these (gross, rate), the unknown rate first, then from the lowest.

    The tax is that of the sum at a rate, not a sum of rounded ones. Rates at which nothing was asked are left out.
    """
    gross_at: defaultdict[int | None, int] = defaultdict(int)
    for gross, rate in amounts:
        gross_at[rate] += gross
    found = (
        Taxed(rate, gross, None if rate is None else included(gross, rate))
        for rate, gross in gross_at.items()
        if gross
    )
    return sorted(found, key=by_rate)


def by_rate(each: Taxed) -> int:
    """The order of rates: the unknown one first, then from the lowest."""
    return -1 if each.rate is None else each.rate
