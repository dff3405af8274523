"""Lists that are asked for together are read together, and each is what it would be alone."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from api.http.kept_answers import KeptAnswers
from projections.engine.snapshot import Wanted
from projections.engine.tables import ReadTables
from tests.api.desk import Desk, House

pytest_plugins = ["tests.api.houses"]

PATHS = ("/v1/packages", "/v1/customers", "/v1/bookings")
Answer = tuple[int, bytes, str | None]


TRIES_MAX = 50
"""On a busy machine questions may come one after the other."""


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many lists were read in each round trip from now on."""
    made: list[int] = []
    snapshots = ReadTables.snapshots

    @contextmanager
    def noting(self: ReadTables, wanted: Sequence[Wanted]) -> Iterator[Any]:
        made.append(len(wanted))
        with snapshots(self, wanted) as found:
            yield found

    monkeypatch.setattr(ReadTables, "snapshots", noting)
    return made


def at_once(*asked: tuple[Desk, str]) -> list[Answer]:
    """The answers to questions that come together, none of which was kept."""

    async def main(app: Any) -> list[Answer]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://carnet.test") as by:
            questions = [
                by.get(path, headers={"Authorization": f"Bearer {desk.key}"}) for desk, path in asked
            ]
            return [told(answer) for answer in await asyncio.gather(*questions)]

    desk = asked[0][0]
    desk.frame.answers = KeptAnswers()
    return asyncio.run(main(desk.client.app))  # type: ignore[attr-defined]


def told(answer: httpx.Response) -> Answer:
    return answer.status_code, answer.content, answer.headers.get("ledger-position")


@pytest.mark.parametrize("name", ["sqlite_house", "postgres_house"])
def test_each_answer_is_that_of_the_list_alone(
    request: pytest.FixtureRequest, trips: list[int], name: str
) -> None:
    house: House = request.getfixturevalue(name)
    house.at_real_time()
    desk, other = house.desk(), house.desk()
    for each in (desk, other):
        anna = each.customer()
        offer = each.offer(each.service())
        for _ in range(3):
            each.sell(anna, offer)
    asked = [
        (each, f"{path}?limit={limit}") for each in (desk, other) for path in PATHS for limit in (1, 2, 3)
    ]
    alone = [at_once(each)[0] for each in asked]

    for _ in range(TRIES_MAX):
        trips.clear()
        assert at_once(*asked) == alone
        assert sum(trips) == len(asked)
        if len(trips) < len(asked):
            break
    assert len(trips) < len(asked), "none ever shared a round trip"


def test_a_question_that_is_wrong_spoils_no_other(either_desk: Desk, trips: list[int]) -> None:
    desk = either_desk
    desk.customer()
    right = [(desk, path) for path in PATHS]
    wrong = [
        (desk, f"{path}?{mistake}") for path in PATHS for mistake in ("cursor=abc.def", "limit=0", "x=1")
    ]
    at_once(*right)
    alone = [at_once(each)[0] for each in (*right, *wrong)]

    found = at_once(*right, *wrong)

    assert [(code, position) for code, _, position in found] == [(code, at) for code, _, at in alone]
    assert [code for code, _, _ in found] == [200] * len(right) + [400] * len(wrong)
    assert found[: len(right)] == alone[: len(right)]


def test_each_list_holds_what_was_recorded_before(either_desk: Desk, trips: list[int]) -> None:
    desk = either_desk
    anna, offer = desk.customer(), desk.offer(desk.service())
    at_once(*((desk, path) for path in PATHS))
    for number in range(1, 4):
        desk.sell(anna, offer)
        found = at_once(*((desk, f"/v1/packages?limit={limit}") for limit in range(5, 10)))
        assert {
            (code, body.count(b'"package_id"') or body.count(b'"id":"pkg_')) for code, body, _ in found
        } == {(200, number)}
