"""Decisions on cached streams, without loading: the append checks that they still hold."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol, TypeVar

from domain.decision import NotLoaded, Reads
from domain.ledger.attempt import Attempt, decide_on, decide_one, replayed_result, settled
from domain.ledger.batch_reads import asked_beside, keys_of, reads_of
from domain.ledger.books import LoadedBooks
from domain.ledger.cache import StreamCache
from domain.ledger.contract import LedgerRecorder, Store
from domain.ledger.errors import ClockSkew, LedgerUnavailable
from domain.ledger.host_clock import HostClock
from domain.ledger.orders import Order, Result

T = TypeVar("T")

TOGETHER_MAX = 64
"""Orders that are decided where `decide_by` has them decided: more would hold up what else is done there."""
FACTS_MAX = 1_000
"""Facts that are folded there for them."""


class Run(Protocol):
    """Runs work somewhere, and returns or raises what it does. The caller waits."""

    def __call__(self, work: Callable[[], T]) -> T: ...


def here(work: Callable[[], T]) -> T:
    return work()


def execute_all(
    store: Store,
    batches: Mapping[str, Sequence[Order]],
    clock: HostClock,
    kept: StreamCache,
    decide_by: Run = here,
) -> Mapping[str, list[Result | None]]:
    """Carry out the batches of several businesses together: one round trip to load, unless all is cached, and
    one to append.

    Results are by business id. `execute()` has to carry out every batch left out and every order whose result is
    None: nothing was written for it, or its request key tells. A batch with an order without a request is left out.

    `decide_by`: has several orders decided where nothing else takes the interpreter meanwhile. One alone is decided
    here, as the way there and back costs it more.
    """
    numbered = {
        business_id: dict(enumerate(orders))
        for business_id, orders in batches.items()
        if all(order.request is not None for order in orders)
    }
    run = decide_by if 1 < sum(map(len, numbered.values())) <= TOGETHER_MAX else here
    wanted = {id: reads_of(id, list(orders.values()), kept) for id, orders in numbered.items()}
    known = {
        id: books
        for id, orders in numbered.items()
        if (books := kept_books(id, orders, kept, wanted[id])) is not None
    }
    decided = run(lambda: _on_what_is_kept(numbered, known, clock)) if known else {}
    if len(decided) < len(numbered):
        unread = {id: orders for id, orders in numbered.items() if id not in decided}
        decided |= _on_what_is_read(store, unread, wanted, clock, kept, run)
    results = _stored_all(store, numbered, decided, clock, kept)
    return {id: [found.get(n) for n in numbered[id]] for id, found in results.items()}


def _on_what_is_kept(
    batches: Mapping[str, dict[int, Order]], known: Mapping[str, LoadedBooks], clock: HostClock
) -> dict[str, Attempt]:
    """Decisions without a load; a business that needs one after all is left out."""
    decided: dict[str, Attempt] = {}
    for id, books in known.items():
        with suppress(ClockSkew):
            if tried := decide_on_what_is_kept(books, batches[id], clock.moment(id)):
                decided[id] = tried
    return decided


def _on_what_is_read(
    store: Store,
    batches: Mapping[str, dict[int, Order]],
    wanted: Mapping[str, Reads],
    clock: HostClock,
    kept: StreamCache,
    run: Run,
) -> dict[str, Attempt]:
    """Decisions after one load of all these ledgers; a business that needs another load is left out."""
    asked = {
        id: asked_beside(id, wanted[id], keys_of(orders.values()), kept) for id, orders in batches.items()
    }
    loaded = store.load_all({id: (each.newer, each.keys) for id, each in asked.items()})

    def decide_all() -> dict[str, Attempt]:
        decided: dict[str, Attempt] = {}
        for business_id, found in loaded.items():
            with suppress(NotLoaded, ClockSkew):
                books = asked[business_id].books(found, kept)
                decided[business_id] = decide_on(books, batches[business_id], found, clock)
        return decided

    return (run if sum(len(each.facts) for each in loaded.values()) <= FACTS_MAX else here)(decide_all)


def _stored_all(
    store: Store,
    batches: Mapping[str, dict[int, Order]],
    decided: Mapping[str, Attempt],
    clock: HostClock,
    kept: StreamCache,
) -> dict[str, dict[int, Result]]:
    """Append the decided commands in one transaction; return results by business and number."""
    results = {id: tried.results for id, tried in decided.items() if not tried.appends}
    writing = {id: tried for id, tried in decided.items() if tried.appends}
    if not writing:
        return results
    appends = {id: [append for _, append in tried.appends] for id, tried in writing.items()}
    try:
        outcomes = store.append_all(appends)
    except LedgerUnavailable:
        return results | {id: known_results(store.ledger(id), batches[id]) for id in writing}
    for id, stored in outcomes.items():
        clock.learn_from(id, appends[id], stored)
    return results | {id: settled(writing[id], stored, kept)[0] for id, stored in outcomes.items()}


def known_results(
    recorder: LedgerRecorder, orders: dict[int, Order], *, replayed: bool = False
) -> dict[int, Result]:
    """Results after an error of unknown outcome: an order was stored when the ledger knows its request key.

    `replayed`: whether it can only have been stored before.
    """
    requests = {n: order.request for n, order in orders.items() if order.request is not None}
    answered = recorder.load(Reads(), tuple(request.key for request in requests.values())).answered
    return {
        n: replayed_result(request, answered[request.key], replayed=replayed)
        for n, request in requests.items()
        if request.key in answered
    }


def kept_books(
    business_id: str, orders: dict[int, Order], kept: StreamCache, wanted: Reads
) -> LoadedBooks | None:
    """Books of cached streams for these orders; None when a stream that is `wanted` is not cached."""
    return kept.books(business_id, wanted, [id for order in orders.values() for id in order.new_ids])


def decide_on_what_is_kept(books: LoadedBooks, orders: dict[int, Order], now: datetime) -> Attempt | None:
    """Decide without loading; None when a decision reads more, or an order would be refused.

    A refusal must stand on the present state. Cached streams may be older, and only an append can tell.
    """
    decided = Attempt(books)
    try:
        for n, order in orders.items():
            decide_one(n, order, books, {}, now, decided)
    except NotLoaded:
        return None
    return None if decided.results else decided
