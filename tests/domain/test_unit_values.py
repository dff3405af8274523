"""Unit values: largest remainder, so that the parts always add up to the price."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.unit_values import runs, spread, unrolled, weights_of
from tests.strategies import prices

WEIGHTS = st.lists(st.integers(0, 10) | st.integers(0, 10**12), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("price", "weights", "values"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (101, [1, 1, 1], [34, 34, 33]),
        (100, [1, 2], [33, 67]),
        (10, [3, 3, 1], [4, 4, 2]),
        (1, [1, 1, 1], [1, 0, 0]),
        (0, [5, 7], [0, 0]),
        (7, [0, 1, 0], [0, 7, 0]),
        (7, [0, 0], [4, 3]),
        # 5 × 6/16 = 1.875, 5 × 5/16 = 1.5625 twice: two units are missing, the tie goes to the earlier.
        (5, [6, 5, 5], [2, 2, 1]),
        (0, [], []),
    ],
)
def test_the_missing_minor_units_go_to_the_largest_remainders(
    price: int, weights: list[int], values: list[int]
) -> None:
    assert spread(price, weights) == values


@given(prices(), WEIGHTS)
def test_values_add_up_to_the_price(price: int, weights: list[int]) -> None:
    values = spread(price, weights)
    assert sum(values) == price
    assert len(values) == len(weights)
    assert min(values) >= 0


def shares(price: int, weights: list[int]) -> list[Fraction]:
    """What each unit would be worth if minor units could be split."""
    weights = weights if any(weights) else [1] * len(weights)
    return [Fraction(price * weight, sum(weights)) for weight in weights]


@given(prices(), WEIGHTS)
def test_no_value_is_a_minor_unit_or_more_from_its_share(price: int, weights: list[int]) -> None:
    for value, share in zip(spread(price, weights), shares(price, weights), strict=True):
        assert abs(value - share) < 1


@given(prices(), WEIGHTS)
def test_whoever_is_rounded_up_has_the_larger_remainder_or_comes_first(
    price: int, weights: list[int]
) -> None:
    """The rule as an order: remainder downwards, then place upwards; all that is up goes first."""
    exact = shares(price, weights)
    order = [(-(share - share.numerator // share.denominator), n) for n, share in enumerate(exact)]
    values = spread(price, weights)
    up = [place for place, value, share in zip(order, values, exact, strict=True) if value > share]
    down = [place for place, value, share in zip(order, values, exact, strict=True) if value < share]
    assert not up or not down or max(up) < min(down)


@given(prices(), st.integers(1, 200))
def test_equal_units_differ_by_one_minor_unit_and_the_dearer_come_first(price: int, units: int) -> None:
    values = spread(price, [1] * units)
    assert values == sorted(values, reverse=True)
    assert values[0] - values[-1] <= 1


@given(prices(), WEIGHTS, st.integers(1, 9))
def test_only_the_proportions_of_the_weights_count(price: int, weights: list[int], factor: int) -> None:
    assert spread(price, weights) == spread(price, [weight * factor for weight in weights])


@pytest.mark.parametrize(
    ("list_prices", "weights"),
    [
        ([[6_000], [3_000]], [6_000, 3_000]),
        ([[6_000, 3_000], [5_000]], [3_000, 5_000]),
        ([[6_000], [None]], [1, 1]),
        ([[0], [0]], [1, 1]),
        ([[0], [5]], [0, 5]),
        ([[None]], [1]),
    ],
)
def test_a_unit_weighs_the_lowest_list_price_of_its_line(
    list_prices: list[list[int | None]], weights: list[int]
) -> None:
    assert weights_of(list_prices) == weights


@given(st.lists(st.integers(0, 3), max_size=50))
def test_runs_keep_values_small_and_lose_nothing(values: list[int]) -> None:
    packed = runs(values)
    assert list(unrolled(packed)) == values
    assert all(one[0] != next_one[0] for one, next_one in pairwise(packed))
