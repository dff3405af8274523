"""The sums of reports that a store keeps: one row of each kind and business, the last that was put."""

from dataclasses import replace

import pytest

from domain.ledger.contract import Store
from domain.ledger.report_sums import StoredSums
from tests.domain.ledger.examples import BUSINESS, OTHER
from tests.kept_rows import lay

DATA = bytes(range(256)) * 4_000


def sums(business_id: str = BUSINESS, name: str = "days", position: int = 7) -> StoredSums:
    return StoredSums.made(business_id, name, "1", "Europe/Budapest", position, b"h" * 32, DATA)


def test_what_is_kept_is_found_byte_for_byte_of_each_business_and_kind(store: Store) -> None:
    assert store.report_sums.find(BUSINESS, "days") is None
    for each in (sums(), sums(OTHER, position=9), sums(name="others", position=8)):
        lay(store, each)
    assert store.report_sums.find(BUSINESS, "days") == sums()
    assert store.report_sums.find(OTHER, "days") == sums(OTHER, position=9)
    assert store.report_sums.find(BUSINESS, "others") == sums(name="others", position=8)


def test_the_last_one_that_was_put_stays(store: Store) -> None:
    for position in (7, 9, 8):
        lay(store, sums(position=position))
    assert store.report_sums.find(BUSINESS, "days") == sums(position=8)


def test_sums_are_kept_in_place_of_the_row_that_was_seen_and_of_no_other(store: Store) -> None:
    first, second, third = (sums(position=position) for position in (7, 8, 9))
    kept = store.report_sums
    assert kept.digest(BUSINESS, "days") is None
    assert not kept.put(second, instead_of=first.digest), "a repair has taken it away"
    assert kept.put(first, instead_of=None)
    assert kept.digest(BUSINESS, "days") == first.digest
    assert not kept.put(second, instead_of=None), "another process has kept its own"
    assert not kept.put(third, instead_of=second.digest)
    assert kept.find(BUSINESS, "days") == first
    assert kept.put(second, instead_of=first.digest)
    assert (kept.find(BUSINESS, "days"), kept.digest(BUSINESS, "days")) == (second, second.digest)
    assert kept.digest(BUSINESS, "others") is kept.digest(OTHER, "days") is None


def test_what_is_forgotten_is_gone_and_nothing_else(store: Store) -> None:
    for each in (sums(), sums(OTHER), sums(name="others")):
        lay(store, each)
    for _ in range(2):
        store.report_sums.forget(BUSINESS, "days")
    assert store.report_sums.find(BUSINESS, "days") is None
    assert store.report_sums.find(OTHER, "days") == sums(OTHER)
    assert store.report_sums.find(BUSINESS, "others") == sums(name="others")


@pytest.mark.parametrize(
    "change",
    [
        {"business_id": OTHER},
        {"name": "others"},
        {"version": "2"},
        {"zone": "UTC"},
        {"position": 8},
        {"hash": b"i" * 32},
        {"data": DATA[1:]},
        {"digest": bytes(32)},
        {"version": "1E", "zone": "urope/Budapest"},
    ],
)
def test_a_row_in_which_anything_was_changed_is_not_whole(change: dict[str, object]) -> None:
    assert sums().is_whole
    assert not replace(sums(), **change).is_whole  # type: ignore[arg-type]
