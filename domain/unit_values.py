"""Spreading a price over units by largest remainder: values always add up to the price.

Weight = the list price of the line's service (for a shared line the lowest of them). If any line has none, or
all are 0, every unit weighs 1. Shares are floored; the missing minor units go to the largest remainders, ties
by line, then unit number (domain.md, Money).
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby

Run = tuple[int, int]
"""(value in minor units, number of consecutive units with it): the short form of unit values in facts."""


def spread(price: int, weights: Sequence[int]) -> list[int]:
    """Shares of `price`, one per weight, in the same order; they add up to `price` exactly."""
    if not weights:
        return []
    if weights.count(weights[0]) == len(weights):  # also where all are 0
        share, missing = divmod(price, len(weights))
        return [share + 1] * missing + [share] * (len(weights) - missing)
    whole = sum(weights)
    shares = [price * weight // whole for weight in weights]
    missing = price - sum(shares)
    by_remainder = sorted(range(len(weights)), key=lambda unit: -(price * weights[unit] % whole))
    for unit in by_remainder[:missing]:
        shares[unit] += 1
    return shares


def weights_of(list_prices: Sequence[Sequence[int | None]]) -> list[int]:
    """The weight of a unit of each line, from the list prices of the line's services.

    A shared line weighs the lowest known price. Where a line has none, or all are 0, all weigh 1.
    """
    lowest = [min((price for price in prices if price is not None), default=None) for prices in list_prices]
    known = [price for price in lowest if price is not None]
    return known if len(known) == len(lowest) and any(known) else [1] * len(lowest)


def runs(values: Iterable[int]) -> tuple[Run, ...]:
    """Unit values in their short form."""
    return tuple((value, len(list(same))) for value, same in groupby(values))


@lru_cache(maxsize=256)  # each may have a thousand values
def unrolled(value_runs: tuple[Run, ...]) -> tuple[int, ...]:
    """The value of each unit: the inverse of `runs`."""
    return tuple(value for value, count in value_runs for _ in range(count))
