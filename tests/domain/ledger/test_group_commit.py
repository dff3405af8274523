"""Batches of group commit: which orders go together, whatever becomes of them."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event, Semaphore

from domain.actor import Actor, Role
from domain.ledger.errors import LedgerUnavailable
from domain.ledger.group_commit import BATCH_MAX, GroupCommit, Outcome
from domain.ledger.mapper import Meta
from domain.ledger.orders import Done, Order, Result
from domain.ledger.patience import until
from domain.people.commands import ActivateCustomer
from tests.use_cases import order as order_for

META = Meta(actor=Actor(id="key_test", role=Role.OWNER))
LONG_S = 60.0
"""Longer than any test lasts: who waits so long waits for something to happen."""


def order(name: str) -> Order:
    return order_for(ActivateCustomer(customer_id=f"cus_{name}"), META)


def name_of(order: Order) -> str:
    assert isinstance(order.command, ActivateCustomer)
    return order.command.customer_id.removeprefix("cus_")


class Batches:
    """Batches that are noted, and held back while `may_end` is not set."""

    def __init__(self, linger_s: float = 0.0) -> None:
        self.batches: list[list[str]] = []
        self.under_way, self.may_end = Event(), Event()
        self.may_end.set()
        self.came = Semaphore(0)
        """Released for each order that waits."""
        self.grouped = GroupCommit(self.alone, self.execute_all, 2, linger_s)

    def alone(self, business_id: str, orders: Sequence[Order]) -> list[Result]:
        return [done(name_of(order)) for order in orders]

    def execute_all(self, batches: Mapping[str, Sequence[Order]]) -> Mapping[str, list[Result | None]]:
        self.batches.append([name_of(order) for orders in batches.values() for order in orders])
        self.under_way.set()
        assert self.may_end.wait(LONG_S)
        return {id: [done(name_of(order)) for order in orders] for id, orders in batches.items()}

    def ask(self, business_id: str, name: str) -> "Future[Outcome]":
        told: Future[Outcome] = Future()
        self.grouped.submit(business_id, order(name), told.set_result)
        self.came.release()
        return told


def done(name: str) -> Done:
    return Done(name, 1, 1, datetime(2026, 1, 1, tzinfo=UTC))


def body(told: "Future[Outcome]") -> str:
    outcome = told.result(LONG_S)
    assert isinstance(outcome, Done)
    return outcome.body


def test_what_arrives_meanwhile_flies_together() -> None:
    seen = Batches()
    seen.may_end.clear()
    first = seen.ask("biz_a", "a1")
    assert seen.under_way.wait(LONG_S)
    others = [seen.ask(*each) for each in (("biz_a", "a2"), ("biz_b", "b1"), ("biz_a", "a3"))]
    seen.may_end.set()
    assert [body(told) for told in (first, *others)] == ["a1", "a2", "b1", "a3"]
    assert [sorted(batch) for batch in seen.batches] == [["a1"], ["a2", "a3", "b1"]]
    seen.grouped.close()


def test_a_batch_waits_for_as_many_as_the_last_one_held() -> None:
    """Clients that were answered are about to ask again: their orders go together."""
    seen = Batches(linger_s=LONG_S)
    seen.may_end.clear()
    first = seen.ask("biz_a", "a1")
    assert seen.under_way.wait(LONG_S)
    with ThreadPoolExecutor(2) as desks:
        both = [desks.submit(ask_twice, seen, name) for name in ("b1", "c1")]
        for _ in range(3):
            assert seen.came.acquire(timeout=LONG_S)
        seen.may_end.set()
        assert body(first) == "a1"
        assert [each.result(LONG_S) for each in both] == ["b1_again", "c1_again"]
    assert [sorted(batch) for batch in seen.batches] == [["a1"], ["b1", "c1"], ["b1_again", "c1_again"]]
    seen.grouped.close()


def ask_twice(seen: Batches, name: str) -> str:
    assert body(seen.ask(f"biz_{name}", name)) == name
    return body(seen.ask(f"biz_{name}", f"{name}_again"))


def test_who_comes_alone_is_served_at_once() -> None:
    seen = Batches(linger_s=LONG_S)
    assert [body(seen.ask("biz_a", name)) for name in ("a1", "a2", "a3")] == ["a1", "a2", "a3"]
    seen.grouped.close()


def test_more_than_one_batch_holds_goes_in_several() -> None:
    seen = Batches()
    seen.may_end.clear()
    first = seen.ask("biz_a", "first")
    assert seen.under_way.wait(LONG_S)
    others = [seen.ask("biz_a" if n % 2 else "biz_b", str(n)) for n in range(BATCH_MAX + 20)]
    seen.may_end.set()
    assert body(first) == "first"
    assert [body(told) for told in others] == [str(n) for n in range(BATCH_MAX + 20)]
    assert [len(batch) for batch in seen.batches] == [1, BATCH_MAX, 20]
    seen.grouped.close()


def test_many_at_once_are_all_served() -> None:
    seen = Batches(linger_s=0.001)
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(seen.ask, f"biz_{n % 7}", str(n)) for n in range(700)]
        assert [body(each.result(LONG_S)) for each in asked] == [str(n) for n in range(700)]
    seen.grouped.close()


def test_an_order_whose_patience_has_ended_is_told_so_and_costs_nothing() -> None:
    seen = Batches()
    with until(0.0):
        late = seen.ask("biz_a", "late")
    assert isinstance(late.result(LONG_S), LedgerUnavailable)
    assert body(seen.ask("biz_a", "next")) == "next"
    assert seen.batches == [["next"]], "nothing was read or stored for the late one"
    seen.grouped.close()
