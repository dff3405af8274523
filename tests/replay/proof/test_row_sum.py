"""Sums tell sets of rows apart, and no order of them."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from replay.proof.row_sum import RowSums

rows = st.lists(st.text(max_size=4), max_size=12)


@given(rows, st.randoms())
def test_the_order_of_rows_makes_no_difference(texts: list[str], drawn: Random) -> None:
    sums, shuffled = RowSums(), list(texts)
    drawn.shuffle(shuffled)
    half = len(texts) // 2
    assert sums.of(shuffled) == sums.of(texts[:half]) + sums.of(texts[half:])


@given(rows, rows)
def test_other_rows_have_another_sum(one: list[str], other: list[str]) -> None:
    sums = RowSums()
    assert (sums.of(one) == sums.of(other)) == (sorted(one) == sorted(other))


def test_sums_of_two_proofs_have_nothing_in_common() -> None:
    assert RowSums().of(["a"]) != RowSums().of(["a"])
