"""The whole write path at once: many tills on one package, and connections that break (invariants 4, 6, 7)."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from domain.ledger.application import Carnet
from domain.ledger.execute import Done
from domain.package import RedeemUnits
from domain.refusals import InsufficientUnits
from tests.ledger.proxy import Proxy
from tests.ledger.salon import Process, opened

WRITERS = 40
CUTS = 20


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def carnet(request: pytest.FixtureRequest) -> Iterator[Carnet]:
    match request.param:
        case "memory":
            database = "memory://"
        case "sqlite":
            file: Path = request.getfixturevalue("ledger_file")
            database = f"sqlite:///{file}"
        case _:
            database = request.getfixturevalue("postgres_url")
    carnet = Carnet(database)
    yield carnet
    carnet.close()


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


def test_a_connection_cut_after_the_commit_is_answered_as_done(postgres_url: str) -> None:
    """Not one false conflict: what was recorded is found under its request key."""
    with Proxy(postgres_url) as proxy:
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
    with Proxy(postgres_url) as proxy:
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
