"""Lists that are kept answer what a new question would: after facts, at the end of a day, to whom they may."""

from collections.abc import Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.http.kept_answers import KeptAnswers
from domain.actor import Role
from projections.engine.freshness import FreshReads
from projections.engine.snapshot import Wanted
from projections.engine.tables import ReadTables
from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_an_answer_is_kept_until_the_ledger_grows_or_a_minute_has_passed() -> None:
    answers = KeptAnswers()
    answers.keep("list", 7, b"[]", NOON)

    assert answers.of("list", 7, NOON + timedelta(seconds=59)) == b"[]"
    assert answers.of("another", 7, NOON) is None
    assert answers.of("list", 8, NOON) is None
    assert answers.of("list", 7, NOON + timedelta(seconds=60)) is None


def test_those_used_longest_ago_make_room() -> None:
    answers = KeptAnswers(bytes_max=10)
    for asked in "abc":
        answers.keep(asked, 1, b"3.3", NOON)
    answers.of("a", 1, NOON)
    answers.keep("d", 1, b"3.3", NOON)

    assert ([asked for asked in "abcd" if asked in answers], answers.bytes) == (["a", "c", "d"], 9)
    answers.keep("d", 2, b"1", NOON)
    answers.keep("huge", 2, b"more than all", NOON)
    assert ("huge" in answers, answers.bytes) == (False, 0)


@pytest.fixture
def asked_of(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The read models that are read from now on."""
    read: list[tuple[str, ...]] = []
    snapshot, snapshots = FreshReads.snapshot, ReadTables.snapshots

    @contextmanager
    def noting(self: FreshReads, business_id: str, names: Any, at_least: Any = None, **more: Any) -> Any:
        read.append(tuple(names))
        with snapshot(self, business_id, names, at_least, **more) as found:
            yield found

    @contextmanager
    def noting_all(self: ReadTables, wanted: Sequence[Wanted]) -> Any:
        read.extend(each.names for each in wanted)
        with snapshots(self, wanted) as found:
            yield found

    monkeypatch.setattr(FreshReads, "snapshot", noting)
    monkeypatch.setattr(ReadTables, "snapshots", noting_all)
    return read


@pytest.mark.parametrize("of_customer", [False, True])
def test_the_same_question_reads_no_table_again(
    desk: Desk, asked_of: list[tuple[str, ...]], of_customer: bool
) -> None:
    anna = desk.customer()
    desk.sell(anna, desk.offer(desk.service()))
    path = f"/v1/customers/{anna}/packages" if of_customer else "/v1/packages"
    first = desk.ask(path)
    asked_of.clear()

    again = desk.ask(path)

    assert (again.content, again.headers["ledger-position"]) == (
        first.content,
        first.headers["ledger-position"],
    )
    assert asked_of == []
    assert desk.ask(path, limit=1).json()["data"] == first.json()["data"]
    assert asked_of != []


def test_it_shows_what_was_recorded_since(either_desk: Desk) -> None:
    desk = either_desk
    anna, service = desk.customer(), desk.service()
    sold = desk.sell(anna, desk.offer(service, quantity=3, price=0))
    for used in (1, 2, 3):
        assert desk.get("/v1/packages")["data"][0]["used"] == used - 1
        desk.redeem(sold["id"], service)
        assert desk.get("/v1/packages")["data"][0]["used"] == used
    desk.do(f"/v1/customers/{anna}/changes", {"name": "Anna Karenina"})
    assert desk.get("/v1/packages")["data"][0]["customer"]["name"] == "Anna Karenina"
    desk.do(f"/v1/customers/{anna}/erasure", {})
    assert desk.get("/v1/packages")["data"][0]["customer"]["name"] is None


def test_a_package_expires_at_the_end_of_its_day(either_desk: Desk) -> None:
    desk = either_desk
    desk.sell(desk.customer(), desk.offer(desk.service()), expires_on=desk.today())
    seen = set()
    for _ in range(25):
        status = desk.get("/v1/packages")["data"][0]["status"]
        assert status == desk.get("/v1/packages", limit=1)["data"][0]["status"]
        seen.add(status)
        desk.clock.forward(hours=1)
    assert seen == {"active", "expired"}


def test_nobody_gets_what_was_kept_for_another(either_desk: Desk) -> None:
    desk = either_desk
    desk.sell(desk.customer("Anna"), desk.offer(desk.service()))
    for _ in range(2):
        names = {
            role: desk.as_role(role).get("/v1/packages")["data"][0]["customer"]["name"]
            for role in (Role.OWNER, Role.AUDITOR)
        }
        assert names == {Role.OWNER: "Anna", Role.AUDITOR: None}


def test_a_least_position_above_the_end_is_refused_as_ever(desk: Desk) -> None:
    desk.customer()
    for _ in range(2):
        assert desk.ask("/v1/packages").status_code == 200
        refused = desk.client.get("/v1/packages", headers={**desk.headers(), "Ledger-Min-Position": "999999"})
        assert refused.status_code == 400
        exact = {**desk.headers(), "Ledger-Min-Position": str(desk.head)}
        assert desk.client.get("/v1/packages", headers=exact).status_code == 200
