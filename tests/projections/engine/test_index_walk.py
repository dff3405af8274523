"""However a filtered list is walked, it holds the same rows in the same order."""

from datetime import UTC, datetime
from typing import Any

import pytest

from projections.engine import index_walk
from tests.api.desk import Desk, House
from tests.bench.crowd import Catalogue, Crowd
from tests.bench.filters import questions
from tests.proved import FILLED_BY_HAND

pytest_plugins = ["tests.api.houses"]

Pages = dict[str, list[Any]]


@pytest.fixture(scope="module")
def crowds(sqlite_house: House, postgres_house: House) -> list[Desk]:
    """The same people, and what they did, on each database."""
    desks = [house.desk() for house in (sqlite_house, postgres_house)]
    now = datetime.now(UTC)
    for desk in desks:
        services = tuple(desk.service(f"S{n}", ("Massage", "Beauty")[n % 2], id=f"svc_{n}") for n in range(6))
        offers = tuple(desk.offer(services[n], name=f"O{n}", id=f"off_{n}") for n in range(4))
        crowd = Crowd(Catalogue(services, offers), customers=120, facts=1_500, now=now)
        crowd.fill(desk.carnet.ledger(desk.business_id).recorder, lambda step: None)
        FILLED_BY_HAND.add(desk.business_id)
        for path in ("/v1/customers", "/v1/packages", "/v1/bookings"):
            while desk.get(path)["stale"]:
                pass
    return desks


def answers(desk: Desk, limit: int) -> Pages:
    """The ids that each question of the benchmark finds, page by page."""
    return {
        name: [row["id"] for row in desk.all_of(path, limit=limit, **filters)]
        for name, (path, filters) in questions(desk).items()
    }


@pytest.fixture(scope="module")
def plainly(crowds: list[Desk]) -> Pages:
    """Every row judged by all conditions, on one page."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            index_walk, "_narrowest", lambda connection, walked, after: index_walk.Source([walked.everything])
        )
        found = [answers(desk, 200) for desk in crowds]
    assert found[0] == found[1]
    assert sum(map(bool, found[0].values())) > len(found[0]) * 2 / 3, "most questions find somebody"
    return found[0]


@pytest.mark.parametrize("database", [0, 1], ids=["sqlite", "postgresql"])
@pytest.mark.parametrize(
    ("probe", "window", "walked"),
    [(1_000, 2_000, 4_000), (20, 7, 30), (1, 3, 6)],
    ids=["as it is", "small windows", "few walked through"],
)
def test_each_way_of_walking_finds_the_same(
    crowds: list[Desk],
    plainly: Pages,
    database: int,
    probe: int,
    window: int,
    walked: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(index_walk, "PROBE", probe)
    monkeypatch.setattr(index_walk, "WINDOW_MAX", window)
    monkeypatch.setattr(index_walk, "WALKED_MAX", walked)
    assert answers(crowds[database], 23) == plainly
