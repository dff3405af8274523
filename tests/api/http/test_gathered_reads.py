"""Questions that come together are read together, and each gets its own answer."""

import asyncio
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any

import pytest

from api.http.gathered import FLIGHTS_MAX
from api.http.gathered_reads import GatheredReads
from api.http.ledger_types import Books, LedgerUnavailable, UnknownBusiness
from domain.decision import Reads
from domain.fact import UnreadableFact
from domain.ledger.books import NO_HEAD
from domain.ledger.patience import ends_at, until
from domain.ledger.records import Loaded

Asked = Mapping[str, Reads]


def books(asked: Asked) -> dict[str, Books]:
    return {id: Books(id, wanted, Loaded((), {}, (), {}, NO_HEAD)) for id, wanted in asked.items()}


def run(look_all: Callable[[Asked], Mapping[str, Books]], *ids: tuple[str, str]) -> list[Any]:
    """What comes of questions about streams of businesses that are asked at once."""

    async def main() -> list[Any]:
        gathered = GatheredReads(asyncio.get_running_loop(), look_all)
        asked = (gathered.of(business_id, Reads({id: 0})) for business_id, id in ids)
        return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(asyncio.wait_for(main(), 20))


def test_what_waits_behind_others_is_read_in_one_round_trip() -> None:
    trips: list[Asked] = []
    wait = Event()

    def look_all(asked: Asked) -> Mapping[str, Books]:
        trips.append(asked)
        if len(trips) == FLIGHTS_MAX:
            wait.set()
        wait.wait(20)
        return books(asked)

    found = run(look_all, *((f"biz_{n % 3}", f"pkg_{n}") for n in range(50)))

    assert [each.business_id for each in found] == [f"biz_{n % 3}" for n in range(50)]
    assert all(f"pkg_{n}" in each.wanted.streams for n, each in enumerate(found))
    assert len(trips) == FLIGHTS_MAX + 1


def test_a_question_that_cannot_be_answered_spoils_no_other() -> None:
    def look_all(asked: Asked) -> Mapping[str, Books]:
        if any("pkg_bad" in reads.streams for reads in asked.values()):
            raise UnreadableFact("damaged", position=7)
        return books({id: reads for id, reads in asked.items() if id != "biz_none"})

    asked = [
        ("biz_1", "pkg_1"),
        ("biz_1", "pkg_2"),
        ("biz_1", "pkg_bad"),
        ("biz_none", "pkg_3"),
        ("biz_1", "pkg_4"),
    ]
    first, second, bad, none, last = run(look_all, *asked)

    assert all(isinstance(each, Books) for each in (first, second, last))
    assert isinstance(bad, UnreadableFact)
    assert isinstance(none, UnknownBusiness)


@pytest.mark.parametrize(("ends", "expected"), [((None, 5.0), None), ((3.0, 5.0), 5.0)])
def test_a_round_trip_waits_for_as_long_as_the_last_of_its_questions_may(
    ends: tuple[float | None, ...], expected: float | None
) -> None:
    seen: list[float | None] = []

    def look_all(asked: Asked) -> Mapping[str, Books]:
        if "pkg_first" not in asked["biz_1"].streams:
            seen.append(ends_at())
        return books(asked)

    async def main() -> None:
        gathered = GatheredReads(asyncio.get_running_loop(), look_all)

        async def ask(end: float | None) -> None:
            with until(end):
                await gathered.of("biz_1", Reads({"pkg_1": 0}))

        first = [gathered.of("biz_1", Reads({"pkg_first": 0})) for _ in range(FLIGHTS_MAX)]
        await asyncio.gather(*first, *map(ask, ends))

    asyncio.run(asyncio.wait_for(main(), 20))
    assert seen == [expected]


def test_a_client_that_has_gone_holds_up_nobody() -> None:
    async def main() -> Books:
        gathered = GatheredReads(asyncio.get_running_loop(), books)
        gone = asyncio.ensure_future(gathered.of("biz_1", Reads({"pkg_1": 0})))
        await asyncio.sleep(0)
        gone.cancel()
        return await gathered.of("biz_1", Reads({"pkg_2": 0}))

    assert "pkg_2" in asyncio.run(asyncio.wait_for(main(), 20)).wanted.streams


def test_an_outage_is_told_to_all() -> None:
    def look_all(asked: Asked) -> Mapping[str, Books]:
        raise LedgerUnavailable("gone")

    assert all(isinstance(each, LedgerUnavailable) for each in run(look_all, *[("biz_1", "pkg_1")] * 5))
