"""The garbage collector works less often within a block, and as before behind it."""

import gc
from collections.abc import Iterator

import pytest

from domain.ledger.collector import FULL_AFTER, YOUNG_MAX, collecting_rarely


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_it_works_less_often_within_and_as_before_behind_also_after_an_error() -> None:
    gc.set_threshold(700, 10, 10)
    within: list[tuple[int, int, int]] = []

    def fail() -> None:
        with collecting_rarely():
            within.append(gc.get_threshold())
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert within == [(YOUNG_MAX, 10, FULL_AFTER)]
    assert gc.get_threshold() == (700, 10, 10)


def test_of_blocks_that_overlap_the_last_that_ends_sets_it_as_it_was() -> None:
    gc.set_threshold(700, 10, 10)
    one, other = collecting_rarely(), collecting_rarely()
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert gc.get_threshold() == (YOUNG_MAX, 10, FULL_AFTER)
    other.__exit__(None, None, None)
    assert gc.get_threshold() == (700, 10, 10)


def test_one_that_is_set_to_work_less_still_stays_so() -> None:
    rare = (2 * YOUNG_MAX, 20, 2 * FULL_AFTER)
    gc.set_threshold(*rare)
    with collecting_rarely():
        assert gc.get_threshold() == rare
