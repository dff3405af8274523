"""The tax in a price: net and tax add up, at every rate and in every currency."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.tax import Taxed, included, line_rate, taxed
from domain.values import AMOUNT_MAX

AMOUNTS = st.integers(-AMOUNT_MAX, AMOUNT_MAX)
RATES = st.integers(0, 10_000)


@pytest.mark.parametrize(
    ("gross", "rate", "tax"),
    [
        (12_700, 2_700, 2_700),
        (1_100, 1_000, 100),  # yen: no digits behind the point
        (10_500, 500, 500),  # dinars: three
        (5_000, 0, 0),
        (0, 2_700, 0),
        (100, 10_000, 50),
        (1, 2_700, 0),
        (-12_700, 2_700, -2_700),
    ],
)
def test_tax_is_what_of_a_price_is_above_the_net(gross: int, rate: int, tax: int) -> None:
    assert included(gross, rate) == tax


@given(AMOUNTS, RATES)
def test_tax_is_the_nearest_minor_unit(gross: int, rate: int) -> None:
    exact = Fraction(gross * rate, 10_000 + rate)
    assert abs(included(gross, rate) - exact) <= Fraction(1, 2)


@given(st.lists(st.tuples(AMOUNTS, st.none() | RATES)))
def test_rates_stand_once_each_in_order_and_add_up_to_what_was_asked(
    amounts: list[tuple[int, int | None]],
) -> None:
    found = taxed(amounts)
    assert sum(each.gross for each in found) == sum(gross for gross, _ in amounts)
    rates = [-1 if each.rate is None else each.rate for each in found]
    assert rates == sorted(set(rates))
    for each in found:
        assert (each.tax is None) == (each.net is None) == (each.rate is None)
        assert each.tax is None or each.net is None or each.net + each.tax == each.gross


def test_what_has_no_rate_has_no_tax() -> None:
    assert taxed([(12_700, 2_700), (5_000, None), (12_700, 2_700), (3, 500), (-3, 500)]) == [
        Taxed(None, 5_000, None),
        Taxed(2_700, 25_400, 5_400),
    ]


@pytest.mark.parametrize(
    ("rates", "shared"),
    [([2_700], 2_700), ([2_700, 2_700], 2_700), ([2_700, 500], None), ([2_700, None], None), ([None], None)],
)
def test_a_shared_line_has_a_rate_only_where_all_its_services_have_it(
    rates: list[int | None], shared: int | None
) -> None:
    assert line_rate(None, rates) == shared


@pytest.mark.parametrize("own", [0, 500, 10_000])
def test_a_rate_of_the_line_wins_over_those_of_its_services(own: int) -> None:
    for rates in ([2_700], [2_700, 500], [None]):
        assert line_rate(own, rates) == own
