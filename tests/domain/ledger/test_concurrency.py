"""Many writers and readers at once, on every store."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from threading import Barrier, Event
from typing import TypeVar

import pytest

from domain.decision import Reads
from domain.ledger.contract import LedgerRecorder, Store
from domain.ledger.errors import Contention
from domain.ledger.records import Append, Conflict, Stored
from tests.domain.ledger.examples import (
    PACKAGE,
    answered,
    assert_chained,
    conflict,
    fact,
    next_fact,
    opening,
    request,
    stored,
)

T = TypeVar("T")

WRITERS = 8
READERS = 2
APPENDS = int(os.environ.get("GAP_APPENDS", "30"))
"""By each writer, of 1 to 3 facts. More of them for a longer run: `GAP_APPENDS=2000`."""


def together(count: int, act: Callable[[int], T]) -> list[T]:
    """Run `act(0)`, `act(1)` … in as many threads, begun at one moment."""
    barrier = Barrier(count)

    def begin(number: int) -> T:
        barrier.wait()
        return act(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(begin, range(count)))


def test_positions_have_no_gap_and_no_reader_misses_a_fact(store: Store, ledger: LedgerRecorder) -> None:
    total = WRITERS * sum(1 + number % 3 for number in range(APPENDS))
    failed = Event()

    def write(writer: int) -> list[int]:
        positions: list[int] = []
        try:
            for number in range(APPENDS):
                stream_id = f"pkg_{writer}_{number}"
                facts = tuple(fact(stream_id, version) for version in range(1, 2 + number % 3))
                done = stored(ledger, Append(facts, {stream_id: 0}))
                positions += range(done.first, done.last + 1)
        except BaseException:
            failed.set()
            raise
        return positions

    def read() -> list[int]:
        """A tail: it goes on from the last position it saw, and never looks back."""
        seen = [0]
        while seen[-1] < total and not failed.is_set():
            page = ledger.facts(after=seen[-1], limit=7)
            seen += [found.position for found in page]
            if not page:
                store.wait_for_news(0.05)
        return seen[1:]

    def act(number: int) -> list[int]:
        return write(number) if number < WRITERS else read()

    results = together(WRITERS + READERS, act)
    everything = list(range(1, total + 1))
    assert sorted(chain.from_iterable(results[:WRITERS])) == everything
    assert results[WRITERS:] == [everything] * READERS
    assert assert_chained(ledger) == total


def redeem(recorder: LedgerRecorder, key: str, units: int) -> Stored | Conflict | None:
    """Load, decide on the number of units used so far, append: None when there is none left."""
    loaded = recorder.load(Reads({PACKAGE: 0}), [key])
    used = len(loaded.facts) - 1
    if used == units:
        return None
    (outcome,) = recorder.append([next_fact(PACKAGE, used + 2, key)])
    return outcome


@pytest.mark.parametrize(("units", "successes"), [(40, 40), (1, 1)])
def test_forty_writers_use_every_unit_and_none_twice(
    ledger: LedgerRecorder, units: int, successes: int
) -> None:
    """The first try is optimistic; the second holds the head and cannot conflict."""
    stored(ledger, opening(PACKAGE))

    def act(number: int) -> bool:
        outcome = redeem(ledger, f"key-{number}", units)
        if isinstance(outcome, Conflict):
            with ledger.locked() as held:
                outcome = redeem(held, f"key-{number}", units)
            assert not isinstance(outcome, Conflict)
        return outcome is not None

    assert sum(together(40, act)) == successes
    assert len(ledger.stream(PACKAGE)) == 1 + successes
    assert assert_chained(ledger) == 1 + successes


def test_the_same_request_in_parallel_has_one_effect(ledger: LedgerRecorder) -> None:
    def act(number: int) -> Sequence[Stored | Conflict]:
        return ledger.append([Append((fact(f"pkg_{number}", 1),), {}, request=request("key-1"))])

    outcomes = [outcome for (outcome,) in together(10, act)]
    assert sum(isinstance(outcome, Stored) for outcome in outcomes) == 1
    assert [outcome for outcome in outcomes if isinstance(outcome, Conflict)] == [Conflict("key-1")] * 9
    assert ledger.head().position == 1


def test_locked_commits_what_was_appended(ledger: LedgerRecorder) -> None:
    with ledger.locked() as held:
        assert held.business_id == ledger.business_id
        stored(held, opening(PACKAGE))
        assert [found.version for found in held.load(Reads({PACKAGE: 0})).facts] == [1]
        stored(held, next_fact(PACKAGE, 2, "key-1"))
        assert conflict(held, next_fact(PACKAGE, 2)) == PACKAGE
    assert answered(ledger, "key-1") is not None
    assert assert_chained(ledger) == 2


def test_locked_rolls_back_on_an_exception(ledger: LedgerRecorder) -> None:
    stored(ledger, opening(PACKAGE))

    def store_and_fail() -> None:
        with ledger.locked() as held:
            stored(held, next_fact(PACKAGE, 2, "key-1"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store_and_fail()
    assert answered(ledger, "key-1") is None
    assert assert_chained(ledger) == 1
    stored(ledger, next_fact(PACKAGE, 2, "key-1"))


def test_what_a_lock_holds_is_not_seen_before_it_commits(ledger: LedgerRecorder) -> None:
    with ThreadPoolExecutor(1) as threads, ledger.locked() as held:
        stored(held, opening(PACKAGE))
        assert threads.submit(ledger.head).result().position == 0
    assert ledger.head().position == 1


def test_a_head_that_is_held_too_long_is_contention(ledger: LedgerRecorder) -> None:
    def take() -> None:
        with ledger.locked() as held:
            stored(held, opening(PACKAGE))

    with ThreadPoolExecutor(1) as threads, ledger.locked(), pytest.raises(Contention):
        threads.submit(take).result()
    assert ledger.head().position == 0
    take()
    assert ledger.head().position == 1
