"""The feed of facts, chosen by kind, name, stream and time of recording."""

from datetime import timedelta
from typing import Any, get_args

import pytest

from api.resources.ledger import StreamKind
from domain.actor import Role
from domain.streams import EVOLVE
from replay import feed
from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]


def positions(facts: list[dict[str, Any]]) -> list[int]:
    return [fact["position"] for fact in facts]


@pytest.fixture
def told(either_desk: Desk) -> tuple[Desk, list[dict[str, Any]], str]:
    """A desk, all its facts of two days, and a package that was used twice."""
    desk = either_desk
    service = desk.service()
    package = desk.sell(desk.customer("Anna Karenina"), desk.offer(service))["id"]
    desk.clock.forward(days=1)
    for at in (desk, desk.as_role(Role.STAFF)):
        at.do(f"/v1/packages/{package}/redemptions", {"service_id": service})
    return desk, desk.get("/v1/facts", limit=200)["data"], package


def test_every_kind_of_stream_can_be_asked_for() -> None:
    assert get_args(StreamKind) == tuple(EVOLVE)


def test_facts_are_chosen_by_what_they_are_of(told: tuple[Desk, list[dict[str, Any]], str]) -> None:
    desk, whole, package = told
    by = whole[-1]["meta"]["actor"]["id"]
    assert by != whole[0]["meta"]["actor"]["id"]
    questions: list[tuple[dict[str, Any], Any]] = [
        ({"kind": "package"}, lambda fact: fact["stream"] == "package"),
        ({"kind": ["offer", "service"]}, lambda fact: fact["stream"] in ("offer", "service")),
        ({"name": "package.redeemed"}, lambda fact: fact["name"] == "package.redeemed"),
        ({"stream_id": package}, lambda fact: fact["stream_id"] == package),
        (
            {"stream_id": package, "name": ["package.redeemed", "customer.registered"]},
            lambda fact: fact["stream_id"] == package and fact["name"] == "package.redeemed",
        ),
        ({"kind": "package", "name": "customer.registered"}, lambda fact: False),
        ({"stream_id": "pkg_unknown"}, lambda fact: False),
        ({"kind": "package", "after": whole[-1]["position"] - 1}, lambda fact: fact is whole[-1]),
        ({"actor_id": by}, lambda fact: fact["meta"]["actor"]["id"] == by),
        (
            {"actor_id": [by, "stf_unknown"], "name": "package.redeemed"},
            lambda fact: fact["meta"]["actor"]["id"] == by,
        ),
        ({"actor_id": "stf_unknown"}, lambda fact: False),
    ]
    for asked, holds in questions:
        found = [fact for fact in whole if holds(fact)]
        assert desk.get("/v1/facts", **asked)["data"] == found, asked
        assert desk.all_of("/v1/facts", limit=1, **asked) == found, asked
        assert desk.all_of("/v1/facts", limit=1, order="newest", **asked) == found[::-1], asked


def test_facts_are_chosen_by_when_they_were_recorded(told: tuple[Desk, list[dict[str, Any]], str]) -> None:
    desk, whole, _ = told
    last = whole[-1]["recorded_at"]
    today = desk.clock().astimezone().date()
    early = [fact for fact in whole if fact["name"] != "package.redeemed"]
    late = [fact for fact in whole if fact["name"] == "package.redeemed"]
    assert desk.all_of("/v1/facts", **{"from": last})[-1] == whole[-1]
    assert desk.all_of("/v1/facts", to=last) == whole
    moment = late[0]["recorded_at"]
    assert desk.all_of("/v1/facts", **{"from": moment}) == late
    assert desk.all_of("/v1/facts", to=early[-1]["recorded_at"]) == early
    far = str(today + timedelta(days=9))
    assert desk.all_of("/v1/facts", **{"from": far}) == []
    assert desk.all_of("/v1/facts", to=far, limit=2) == whole
    assert desk.all_of("/v1/facts", kind="package", **{"from": moment, "to": far}) == late
    assert desk.all_of("/v1/facts", order="newest", limit=3) == whole[::-1]
    assert desk.all_of("/v1/facts", order="newest", limit=1, **{"from": moment}) == late[::-1]
    assert desk.all_of("/v1/facts", order="newest", limit=2, to=early[-1]["recorded_at"]) == early[::-1]
    assert desk.all_of("/v1/facts", order="newest", after=3, limit=2) == whole[:2:-1]


def test_what_cannot_be_asked_is_told_by_its_field(desk: Desk) -> None:
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({"kind": "card"}, "/kind", "literal-error"),
        ({"name": "package.sneezed"}, "/name", "unknown-fact"),
        ({"stream_id": "Anna"}, "/stream_id", "string-pattern-mismatch"),
        ({"from": "yesterday"}, "/from", "string-pattern-mismatch"),
        ({"from": "2026-11-03", "to": "2026-11-02"}, "/to", "before-its-beginning"),
    ]
    for asked, pointer, code in wrong:
        answer = desk.ask("/v1/facts", **asked)
        (flaw,) = answer.json()["errors"]
        assert (answer.status_code, flaw["pointer"].removesuffix("/0"), flaw["code"]) == (400, pointer, code)


def test_a_page_of_a_rare_kind_is_bounded_and_goes_on(
    told: tuple[Desk, list[dict[str, Any]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, whole, package = told
    monkeypatch.setattr(feed, "LOOKED_AT_MAX", 2)
    first = desk.get("/v1/facts", name="package.redeemed")
    assert (first["data"], first["has_more"]) == ([], True)
    found = desk.all_of("/v1/facts", name="package.redeemed")
    assert found == [fact for fact in whole if fact["name"] == "package.redeemed"]
    assert desk.all_of("/v1/facts", name="package.redeemed", order="newest") == found[::-1]
    first = desk.get("/v1/facts", name="customer.registered", order="newest")
    assert (first["data"], first["has_more"]) == ([], True)
    (registered,) = desk.all_of("/v1/facts", name="customer.registered", order="newest")
    assert registered in whole
    monkeypatch.setattr(feed, "BY_ACTOR_MAX", 1)
    by = whole[-1]["meta"]["actor"]["id"]
    assert desk.get("/v1/facts", actor_id=by, order="oldest")["data"] == []
    theirs = [fact for fact in whole if fact["meta"]["actor"]["id"] == by]
    for asked in ({}, {"stream_id": package}):
        assert desk.all_of("/v1/facts", actor_id=by, **asked) == theirs
        assert desk.all_of("/v1/facts", actor_id=by, order="newest", **asked) == theirs[::-1]
    own = desk.get("/v1/facts", stream_id=package)
    assert (positions(own["data"]), own["has_more"]) == (
        [fact["position"] for fact in whole if fact["stream_id"] == package],
        False,
    )


def test_an_auditor_chooses_facts_and_meets_no_name(told: tuple[Desk, list[dict[str, Any]], str]) -> None:
    desk, _, _ = told
    answer = desk.as_role(Role.AUDITOR).ask("/v1/facts", kind="customer")
    assert len(answer.json()["data"]) == 1
    assert "Anna" not in answer.text
    for role in (Role.STAFF, Role.CUSTOMER):
        assert desk.as_role(role).ask("/v1/facts", kind="customer").json()["code"] == "forbidden"
