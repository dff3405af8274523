"""How a price is spread over units: largest remainder, so that values always add up to the price.

domain.md, Money: weight = the list price of the line's service (for a shared line the lowest of
them); if any line has none, or all are 0, every unit weighs 1; shares are floored, the missing
minor units go to the largest remainders, ties by line, then unit number.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby

Run = tuple[int, int]
"""(value in minor units, number of consecutive units with it): how facts keep unit values small."""


def spread(price: int, weights: Sequence[int]) -> list[int]:
    """Shares of `price`, one per weight, in the order of the weights; they add up to `price` exactly."""
    if not weights:
        return []
    whole = sum(weights)
    if whole == 0:
        weights, whole = [1] * len(weights), len(weights)
    shares = [price * weight // whole for weight in weights]
    missing = price - sum(shares)
    by_remainder = sorted(range(len(weights)), key=lambda unit: -(price * weights[unit] % whole))
    for unit in by_remainder[:missing]:
        shares[unit] += 1
    return shares


def weights_of(list_prices: Sequence[Sequence[int | None]]) -> list[int]:
    """The weight of a unit of each line, from the list prices of the line's services."""
    lowest = [
        min((price for price in prices if price is not None), default=0) if None not in prices else 0
        for prices in list_prices
    ]
    if any(None in prices or not prices for prices in list_prices) or not any(lowest):
        return [1] * len(lowest)
    return lowest


def runs(values: Iterable[int]) -> tuple[Run, ...]:
    return tuple((value, len(list(same))) for value, same in groupby(values))


@lru_cache(maxsize=4_096)
def unrolled(value_runs: tuple[Run, ...]) -> tuple[int, ...]:
    return tuple(value for value, count in value_runs for _ in range(count))
