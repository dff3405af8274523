"""Ids: what they look like, and that nobody gets another's."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from api.http.ids import ALPHABET, Randomness, encode, new_business_id, new_id
from domain.random_bytes import DRAWN_AT_ONCE


@given(st.integers(0, 2**300), st.sampled_from([6, 26, 52]))
def test_a_number_is_written_in_base_32_its_last_digits_if_it_is_too_long(number: int, length: int) -> None:
    written = encode(number, length)
    assert len(written) == length
    assert decoded(written) == number % 32**length


def decoded(written: str) -> int:
    return sum(ALPHABET.index(digit) * 32**place for place, digit in enumerate(reversed(written)))


def test_an_id_has_the_layout_of_a_uuid_of_version_7() -> None:
    random = Randomness()
    before = time.time_ns() // 1_000_000
    made = [new_id("pkg") for _ in range(500)] + [new_id("pkg", random.bits) for _ in range(500)]
    numbers = [decoded(id[4:]) for id in made]
    now = time.time_ns() // 1_000_000
    assert all(before <= number >> 80 <= now for number in numbers)
    assert {number >> 76 & 0xF for number in numbers} == {7}
    assert {number >> 62 & 0b11 for number in numbers} == {0b10}
    # Each bit of the rest is random: none is the same in a thousand of them.
    for place in (*range(62), *range(64, 76)):
        assert {number >> place & 1 for number in numbers} == {0, 1}, place


def test_ids_are_new_and_sort_by_their_moment() -> None:
    random = Randomness()
    made = [new_id("pkg", random.bits) for _ in range(3 * DRAWN_AT_ONCE + 1)] + [new_id("pkg") for _ in "abc"]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"pkg_[0-9a-z]{26}", id) for id in made)
    moments = [id[4:13] for id in made]
    assert moments == sorted(moments)


def test_no_two_threads_draw_the_same_bits() -> None:
    random = Randomness()
    with ThreadPoolExecutor(8) as threads:
        drawn = list(threads.map(lambda _: [random.bits() for _ in range(2_000)], range(8)))
    assert len({bits for each in drawn for bits in each}) == 8 * 2_000


def test_ids_of_businesses_are_short_and_new() -> None:
    made = [new_business_id() for _ in range(1_000)]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(f"biz_[{ALPHABET}]{{12}}", id) for id in made)
