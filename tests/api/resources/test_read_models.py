"""The read models over HTTP: how far each is, and what each fact of a stream does to its rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from domain.actor import Role
from domain.moments import to_milliseconds
from projections.engine import shares
from projections.engine.checkpoints import CHECKPOINTS
from projections.engine.cohorts import set_apart
from projections.engine.definition import Keyed, fingerprint, physical_name
from projections.engine.filling import Limits
from projections.engine.rebuild import Rebuild
from projections.models.registry import READ_MODELS
from projections.models.versions import VERSIONS
from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]


@pytest.fixture
def used(either_desk: Desk) -> tuple[Desk, str, str]:
    """A desk, a customer, and their package, which was used and paid for."""
    desk = either_desk
    massage, anna = desk.service(), desk.customer("Anna Karenina", email="anna@example.org")
    package = desk.sell(anna, desk.offer(massage))["id"]
    desk.redeem(package, massage)
    desk.do(f"/v1/packages/{package}/payments", {"amount": 50_000, "method": "cash"})
    desk.get("/v1/packages")
    return desk, anna, package


def of(desk: Desk, name: str) -> Any:
    (told,) = [each for each in desk.all_of("/v1/read-models") if each["name"] == name]
    return told


def test_each_read_model_is_told_with_its_version_and_position(used: tuple[Desk, str, str]) -> None:
    desk, _, _ = used
    whole = desk.get("/v1/read-models")
    assert {each["name"]: each["version"] for each in whole["data"]} == dict(VERSIONS)
    assert desk.all_of("/v1/read-models", limit=2) == whole["data"]
    told = of(desk, "cards")
    assert told | {"lags": []} == {
        "name": "cards",
        "version": VERSIONS["cards"],
        "state": "live",
        "position": desk.head,
        "head": desk.head,
        "lag": 0,
        "stop": None,
        "lags": [],
        "rebuild": None,
    }


def test_the_lags_of_the_last_looks_are_told(desk_alone: Desk) -> None:
    desk = desk_alone
    desk.service()
    desk.get("/v1/packages")
    trend = desk.frame.trend
    trend.look()
    with checkpoint(desk, "cards", position=2):
        desk.service("Talk")  # others look a business up again when it has grown
        trend.look()
    desk.get("/v1/packages")
    trend.look()
    told = desk.get("/v1/read-models")
    assert len(told["sampled_at"]) == len(of(desk, "cards")["lags"]) >= 3
    assert sorted(told["sampled_at"]) == told["sampled_at"]
    assert of(desk, "cards")["lags"][-3:] == [0, desk.head - 2, 0]


@contextmanager
def checkpoint(desk: Desk, name: str, **values: Any) -> Iterator[None]:
    """The checkpoint of a read model as it never gets over HTTP, until the block ends."""
    views = desk.frame.views
    physical = physical_name(views.projections[name])
    own = (CHECKPOINTS.c.business_id == desk.business_id) & (CHECKPOINTS.c.physical == physical)
    columns = [CHECKPOINTS.c[column] for column in ("position", "stopped_at", "error", "stopped_by")]
    with views.writing() as connection:
        set_apart(connection, physical, desk.business_id, 0)
        (before,) = connection.execute(select(*columns).where(own)).mappings().all()
        connection.execute(update(CHECKPOINTS).where(own).values(**values))
    try:
        yield
    finally:
        with views.writing() as connection:
            connection.execute(update(CHECKPOINTS).where(own).values(**before))


def test_one_that_stopped_tells_where_and_why_and_no_statement(used: tuple[Desk, str, str]) -> None:
    desk, _, package = used
    by = fingerprint(next(each for each in READ_MODELS if each.name == "history"))
    error = "DataError: too long\n[SQL: INSERT INTO history_v4 …]"
    stop = {"position": desk.head - 2, "stopped_at": desk.head - 1, "error": error, "stopped_by": by}
    with checkpoint(desk, "history", **stop):
        told = of(desk, "history")
    assert (told["state"], told["lag"]) == ("stopped", 2)
    assert told["stop"] == {
        "position": desk.head - 1,
        "stream_id": package,
        "name": "package.redeemed",
        "reason": "DataError: too long",
    }


def test_one_that_has_more_than_the_ledger_is_ahead(used: tuple[Desk, str, str]) -> None:
    desk, _, _ = used
    with checkpoint(desk, "points", position=desk.head + 3):
        told = of(desk, "points")
    assert (told["state"], told["lag"]) == ("ahead", 0)


def test_a_rebuild_tells_its_progress_and_rate(used: tuple[Desk, str, str]) -> None:
    desk, _, _ = used
    views, now = desk.frame.views, to_milliseconds(desk.clock())
    plan, columns = "of this test", shares.rebuild_shares.c
    rows: list[dict[str, Any]] = [
        {
            "plan": plan,
            "number": number,
            "business_id": desk.business_id if number < 4 else "",
            "physical": "",
            "parts": [],
            "facts": 1_000,
            "done": done_at is not None,
            "done_at": done_at,
        }
        for number, done_at in enumerate((now - 9_000, now - 5_000, now - 4_000, None, None))
    ]
    shadow = f"plans_v{VERSIONS['plans']}_shadow"
    with views.writing() as connection:
        connection.execute(shares.rebuild_plans.insert(), {"physical": shadow, "plan": plan})
        connection.execute(shares.rebuild_shares.insert(), rows)
    try:
        told = of(desk, "plans")["rebuild"]
        assert (told["facts_done"], told["facts"], told["share"]) == (3_000, 4_000, 0.75)
        assert 0 < told["facts_per_second"] <= 2_000 / 9
        assert told["seconds_left"] == -(-1_000 // told["facts_per_second"])
        assert of(desk, "offers")["rebuild"] is None
    finally:
        with views.writing() as connection:
            connection.execute(shares.rebuild_plans.delete().where(shares.rebuild_plans.c.plan == plan))
            connection.execute(shares.rebuild_shares.delete().where(columns.plan == plan))


def test_a_rebuild_is_told_until_it_ends(desk_alone: Desk) -> None:
    desk = desk_alone
    anna = desk.customer("Anna")
    desk.do(f"/v1/customers/{anna}/points", {"action": "add", "points": 5})
    views = desk.frame.views
    model = views.projections["points"]
    making = Rebuild(desk.carnet.store, views, model, limits=Limits(facts_per_share=2))
    told: list[Any] = []

    def look(*_: int) -> None:
        told.append(of(desk, "points"))

    look()
    making.fill(look)
    making.switch()
    assert {each["state"] for each in told} == {"live"}, "the live table answers meanwhile"
    shares_of = [each["rebuild"]["facts_done"] for each in told if each["rebuild"]]
    assert shares_of[0] == 0
    assert shares_of == sorted(shares_of)
    assert shares_of[-1] > 0
    assert of(desk, "points")["rebuild"] is None


# Fact by fact


def test_a_stream_is_followed_fact_by_fact(used: tuple[Desk, str, str]) -> None:
    desk, _, package = used
    told = desk.get("/v1/read-models/cards/steps", stream_id=package)
    assert [step["fact"] for step in told["data"]] == desk.get("/v1/facts", stream_id=package)["data"]
    before = None
    for step in told["data"]:
        (row,) = step["rows"]
        assert (row["key"], row["before"]) == ({"package_id": package}, before)
        assert (step["handled"], step["error"], step["rows_elsewhere"]) == (True, None, 0)
        before = row["after"]
    assert before is not None
    assert (before["remaining"], before["paid"], before["version"]) == (9, 50_000, len(told["data"]))
    assert told["read_model_version"] == VERSIONS["cards"]
    assert desk.all_of("/v1/read-models/cards/steps", stream_id=package, limit=1) == told["data"]


@pytest.mark.parametrize("name", [each.name for each in READ_MODELS])
def test_every_read_model_is_followed_through_a_package(name: str, desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer()
    package = desk.sell(anna, desk.offer(massage))["id"]
    desk.redeem(package, massage)
    told = desk.get(f"/v1/read-models/{name}/steps", stream_id=package)["data"]
    assert [step["version"] for step in told] == [1, 2]
    handled = {"cards", "units", "history", "package_services"}
    assert any(step["handled"] for step in told) == (name in handled)
    assert all(step["handled"] or not step["rows"] for step in told)


def test_a_merge_tells_of_rows_elsewhere(desk: Desk) -> None:
    anna, double, third = desk.customer("Anna"), desk.customer("Anna K."), desk.customer("A.")
    desk.do(f"/v1/customers/{double}/merge", {"absorbed_customer_id": third})
    desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})
    last = desk.get("/v1/read-models/customers/steps", stream_id=double)["data"][-1]
    assert (last["fact"]["name"], last["rows_elsewhere"], last["error"]) == ("customer.merged", 1, None)
    (row,) = last["rows"]
    assert (row["before"]["survivor_id"], row["after"]["survivor_id"]) == (None, anna)


def test_a_fact_that_cannot_be_taken_is_the_last_step(
    used: tuple[Desk, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, _, package = used
    views = desk.frame.views
    cards = views.projections["cards"]
    assert isinstance(cards, Keyed)

    def row(before: Any, recorded: Any, key: Any) -> Any:
        assert recorded.version == 1, "no\n[SQL: …]"
        return cards.row(before, recorded, key)

    monkeypatch.setattr(views, "projections", {**views.projections, "cards": replace(cards, row=row)})
    told = desk.get("/v1/read-models/cards/steps", stream_id=package)["data"]
    assert [step["error"] for step in told] == [None, "AssertionError: no"]
    assert told[-1]["rows"] == []


def test_what_is_not_there_is_not_found(used: tuple[Desk, str, str]) -> None:
    desk, _, package = used
    for path, stream in (("nothing", package), ("cards", "pkg_unknown")):
        answer = desk.ask(f"/v1/read-models/{path}/steps", stream_id=stream)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert desk.ask("/v1/read-models/cards/steps").json()["errors"][0]["pointer"] == "/stream_id"


def test_an_auditor_sees_no_name_and_the_desk_does_not_ask(used: tuple[Desk, str, str]) -> None:
    desk, anna, _ = used
    auditor = desk.as_role(Role.AUDITOR)
    texts = [auditor.ask("/v1/read-models").text]
    texts += [auditor.ask(f"/v1/read-models/{each.name}/steps", stream_id=anna).text for each in READ_MODELS]
    assert all('"data":[{' in text for text in texts)
    assert not any(secret in text for text in texts for secret in ("Karenina", "example.org"))
    for role in (Role.STAFF, Role.CUSTOMER):
        for path in ("/v1/read-models", "/v1/read-models/cards/steps"):
            answer = desk.as_role(role).ask(path, **({"stream_id": anna} if "steps" in path else {}))
            assert answer.json()["code"] == "forbidden"
