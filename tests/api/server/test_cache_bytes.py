"""Cached streams have room in bytes, by an estimate that is held against what Python allocates."""

import gc
import tracemalloc
from collections.abc import Callable
from itertools import pairwise

import pytest

from api.resources.packages.card import VIEWS
from domain.ledger.cache import StreamCache
from domain.ledger.stream import Stream
from domain.ledger.stream_size import bytes_of
from domain.unit_values import unrolled
from tests.api.desk import Body, Desk

pytest_plugins = ["tests.api.houses"]
FACTOR = 2.0
AT_ONCE = 20


def big_package(desk: Desk) -> tuple[str, str]:
    anna, service = desk.customer(), desk.service()
    lines = [{"quantity": 1_000, "services": [service]}] * 5
    body: Body = {"customer_id": anna, "name": "Massage", "lines": lines}
    return "package", str(
        desk.do("/v1/packages", body | {"price": {"amount": 99_999, "currency": "EUR"}})["id"]
    )


def used_package(desk: Desk) -> tuple[str, str]:
    anna, service = desk.customer(), desk.service()
    sold = str(desk.sell(anna, desk.offer(service, quantity=40))["id"])
    for _ in range(30):
        desk.redeem(sold, service)
    return "package", sold


def small_package(desk: Desk) -> tuple[str, str]:
    return "package", str(desk.sell(desk.customer(), desk.offer(desk.service()))["id"])


def customer(desk: Desk) -> tuple[str, str]:
    dogs = [{"name": f"Dog {n}", "kind": "dog"} for n in range(10)]
    return "customer", desk.customer(email="anna@example.com", participants=dogs)


def account(desk: Desk) -> tuple[str, str]:
    anna = desk.customer()
    for _ in range(50):
        desk.do(f"/v1/customers/{anna}/points", {"action": "add", "points": 5, "reason": "a gift"})
    return "points", f"acc_{anna.removeprefix('cus_')}"


def folded(desk: Desk, kind: str, id: str) -> Stream:
    stream = Stream(kind, id)
    for fact in desk.carnet.ledger(desk.business_id).stream(id):
        stream.add(fact, VIEWS.get(kind))
    return stream.copy()


@pytest.mark.parametrize("made", [big_package, used_package, small_package, customer, account])
def test_the_estimate_is_near_what_python_allocates(
    desk: Desk, made: Callable[[Desk], tuple[str, str]]
) -> None:
    kind, id = made(desk)
    folded(desk, kind, id)  # what is made once for all streams
    gc.collect()
    tracemalloc.start()
    try:
        streams = []
        for _ in range(AT_ONCE):
            unrolled.cache_clear()
            streams.append(folded(desk, kind, id))
        unrolled.cache_clear()
        gc.collect()
        allocated, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    estimated = sum(bytes_of(stream) for stream in streams)
    assert allocated / FACTOR < estimated < allocated * FACTOR, f"{estimated / allocated:.2f} times"


def test_what_is_used_least_leaves_when_the_bytes_are_full(desk: Desk) -> None:
    streams = [folded(desk, *small_package(desk)) for _ in range(6)]
    room = sum(map(bytes_of, streams[:3])) + 200
    cache = StreamCache(VIEWS, limit=100, bytes_max=room)
    for stream in streams:
        cache.keep("biz_1", [stream])
        assert cache.bytes <= room
    assert [cache.stream("biz_1", each.id) is not None for each in streams] == [False] * 3 + [True] * 3


def test_a_stream_that_is_larger_than_the_cache_is_not_cached(desk: Desk) -> None:
    small, big = folded(desk, *small_package(desk)), folded(desk, *big_package(desk))
    cache = StreamCache(VIEWS, bytes_max=bytes_of(small) + 1_000)
    cache.keep("biz_1", [big])
    assert (cache.stream("biz_1", big.id), cache.bytes) == (None, 0)
    cache.keep("biz_1", [small])
    assert cache.stream("biz_1", small.id) is not None


def test_the_bytes_follow_a_stream_that_grows(desk: Desk) -> None:
    cache, (kind, id) = StreamCache(VIEWS), used_package(desk)
    facts, stream, sizes = desk.carnet.ledger(desk.business_id).stream(id), Stream(kind, id), []
    for fact in facts:
        stream.add(fact, VIEWS[kind])
        cache.keep("biz_1", [stream])
        sizes.append(cache.bytes)
    assert sizes[-1] > 2 * sizes[0]
    assert bytes_of(stream.copy()) / FACTOR < sizes[-1] < bytes_of(stream.copy()) * FACTOR
    assert all(later >= 0.9 * earlier for earlier, later in pairwise(sizes))


def test_commands_go_on_without_any_room(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.carnet, "kept", StreamCache(VIEWS, bytes_max=0))
    _, package = used_package(desk)
    assert desk.card(package)["used"] == 30
