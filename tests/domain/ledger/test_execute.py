"""The whole write path at once: many tills on one package, and connections that break (invariants 4, 6, 7)."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest

from domain.catalogue.facts import OfferLine
from domain.ledger.cache import StreamCache
from domain.ledger.cache_first import execute_all
from domain.ledger.carnet import Carnet
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.orders import Done, Result
from domain.package.commands import RedeemUnits, SellPackage
from domain.refusals import InsufficientUnits, WrongBookingState
from domain.values import Money
from tests.domain.ledger.proxy import StrikingProxy
from tests.domain.ledger.salon import Process, opened

T = TypeVar("T")

WRITERS = 40
CUTS = 20


@pytest.mark.parametrize("grouped", [False, True], ids=["one by one", "grouped"])
@pytest.mark.parametrize("units", [1, WRITERS])
def test_forty_people_take_each_unit_once(carnet: Carnet, units: int, grouped: bool) -> None:
    desk = opened(carnet, units)
    start = Barrier(WRITERS)

    def take(number: int) -> str:
        id = f"red_{number}"
        command = RedeemUnits(package_id="pkg_1", redemption_id=id, service_id="svc_1")
        order = desk.order(command, f"key {number}", new_ids=(id,))
        start.wait()
        result = desk.ledger.execute_grouped(order) if grouped else desk.ledger.execute([order])[0]
        if isinstance(result, InsufficientUnits):
            assert (result.requested, result.available) == (1, 0)
        return type(result).__name__

    with ThreadPoolExecutor(WRITERS) as writers:
        results = Counter(writers.map(take, range(WRITERS)))

    assert results["Done"] == units
    assert results["InsufficientUnits"] == WRITERS - units
    assert len(desk.ledger.stream("pkg_1")) == 1 + units


def test_many_businesses_are_served_together_and_each_gets_its_own(carnet: Carnet) -> None:
    """Some are refused, some must be read first: nobody else is touched by it."""
    desks = [opened(carnet, 3, f"biz_{n}") for n in range(8)]
    assert all(isinstance(desk.redeem("first"), Done) for desk in desks)
    assert isinstance(desks[0].redeem("all", 2), Done)
    start = Barrier(WRITERS)

    def take(number: int) -> tuple[int, str]:
        start.wait()
        result = desks[number % len(desks)].redeem_grouped(f"visit_{number}")
        return number % len(desks), type(result).__name__

    with ThreadPoolExecutor(WRITERS) as writers:
        results = Counter(writers.map(take, range(WRITERS)))

    assert results[0, "InsufficientUnits"] == 5
    for n in range(1, 8):
        assert (results[n, "Done"], results[n, "InsufficientUnits"]) == (2, 3)
        assert len(desks[n].ledger.stream("pkg_1")) == 4


def test_orders_that_come_together_are_decided_where_they_are_to_be(
    carnet: Carnet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that comes alone is not: the way there costs it more than it wins. Too many would hold up what else is done
    there."""
    monkeypatch.setattr("domain.ledger.cache_first.TOGETHER_MAX", 3)
    desks = [opened(carnet, 9, f"biz_{n}") for n in range(4)]
    decided_there = list[int]()

    def there(work: Callable[[], T]) -> T:
        decided_there.append(1)
        return work()

    def take(name: str, desks: list[Process], kept: StreamCache) -> int:
        """How often something is decided there when so many take a unit."""
        decided_there.clear()
        batches = {desk.ledger.business_id: [desk.use(name)] for desk in desks}
        results = execute_all(carnet.store, batches, carnet.host_clock, kept, there)
        assert [type(result) for (result,) in results.values()] == [Done] * len(desks)
        return len(decided_there)

    some, all = StreamCache(), StreamCache()
    assert take("one_read", desks[:1], some) == 0
    assert take("one_kept", desks[:1], some) == 0
    assert take("some_read", desks[:3], some) == 2
    assert take("all_read", desks[:3], all) == 1
    assert take("all_kept", desks[:3], all) == 1
    assert take("many", desks, all) == 0


def test_a_business_whose_head_is_held_keeps_no_other_waiting(carnet: Carnet) -> None:
    if isinstance(carnet.store, SqliteStore):
        pytest.skip("an embedded file has one writer for all its ledgers")
    held, other = opened(carnet, 3, "biz_held"), opened(carnet, 3, "biz_other")
    assert isinstance(held.redeem("first"), Done)
    assert isinstance(other.redeem("first"), Done)
    with ThreadPoolExecutor(1) as threads:
        with held.ledger.recorder.locked():
            waiting = threads.submit(held.redeem_grouped, "second")
            for n in range(2):
                assert isinstance(other.redeem_grouped(f"visit_{n}"), Done)
            assert not waiting.done()
        assert isinstance(waiting.result(), Done)


def test_several_ledgers_cut_after_the_commit_are_answered_as_done(postgres_url: str) -> None:
    with StrikingProxy(postgres_url) as proxy:
        carnet = Carnet(proxy.url)
        desk = opened(carnet, 2 * CUTS)
        assert isinstance(desk.redeem("first"), Done)
        for number in range(CUTS - 1):
            proxy.fail_on(f"visit_{number}_cut".encode(), "cut after")
            result = desk.redeem_grouped(f"visit_{number}_cut")
            assert proxy.struck.is_set()
            assert isinstance(result, Done), result
            assert not result.replayed
        assert len(desk.ledger.stream("pkg_1")) == 1 + CUTS
        carnet.close()


def test_a_connection_cut_after_the_commit_is_answered_as_done(postgres_url: str) -> None:
    """Not one false conflict: what was recorded is found under its request key."""
    with StrikingProxy(postgres_url) as proxy:
        carnet = Carnet(proxy.url)
        desk = opened(carnet, 2 * CUTS)
        for number in range(CUTS):
            assert isinstance(desk.redeem(f"quiet_{number}"), Done)  # now all is kept: the next only appends
            proxy.fail_on(f"visit {number}.".encode(), "cut after")
            result = desk.redeem(str(number), key=f"visit {number}.")
            assert proxy.struck.is_set()
            assert isinstance(result, Done), result
        assert len(desk.ledger.stream("pkg_1")) == 1 + 2 * CUTS
        carnet.close()


def test_a_retry_after_a_cut_gets_the_original_answer(postgres_url: str) -> None:
    with StrikingProxy(postgres_url) as proxy:
        carnet = Carnet(proxy.url)
        desk = opened(carnet, 3)
        assert isinstance(desk.redeem("first"), Done)
        proxy.fail_on(b"the visit", "cut after")
        first, again = (desk.redeem("visit", key="the visit") for _ in range(2))
        assert isinstance(first, Done)
        assert isinstance(again, Done)
        assert (again.body, again.first, again.replayed) == (first.body, first.first, True)
        assert isinstance(Process(carnet).redeem("other"), Done)
        carnet.close()


def test_of_two_tills_one_pays_for_a_booking_kept_elsewhere(carnet: Carnet) -> None:
    """Each takes a unit of another package, so that no stream of theirs conflicts."""
    desk = opened(carnet, 5)
    lines = (OfferLine(quantity=5, services=("svc_1",)),)
    price = Money(amount=3000, currency="EUR")
    more = SellPackage(package_id="pkg_2", customer_id="cus_1", name="More", lines=lines, price=price)
    assert isinstance(desk.ask(more, "sold"), Done)
    tills = [Process(carnet), Process(carnet)]
    start = Barrier(2)

    def take(number: int) -> Result:
        till, id = tills[number], f"red_{number}"
        command = RedeemUnits(
            package_id=f"pkg_{number + 1}", redemption_id=id, service_id="svc_1", booking_id="bkg_till"
        )
        order = till.order(command, f"key {number}", new_ids=(id,))
        start.wait()
        return till.ledger.execute([order])[0]

    with ThreadPoolExecutor(2) as writers:
        results = sorted(writers.map(take, range(2)), key=lambda result: isinstance(result, Done))

    refused, done = results
    assert isinstance(done, Done)
    assert isinstance(refused, WrongBookingState)
    assert refused.redemption_id in ("red_0", "red_1")
