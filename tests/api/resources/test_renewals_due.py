"""Renewals that are due come before any command or quote on their customer, whether the clock has run or not."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from api.resources.packages.card import VIEWS
from domain.actor import Role
from domain.ledger.cache import StreamCache
from domain.ledger.orders import Done
from domain.membership.state import period_package
from domain.package.commands import SellPackage
from tests.api.desk import OPERATOR, Desk, money
from tests.api.resources.test_memberships import Club
from tests.use_cases import order

pytest_plugins = ["tests.api.houses"]


def late(desk: Desk, *, days: int = 10, **plan: Any) -> Club:
    """A club whose next period has begun, and whose clock stands still."""
    club = Club(desk, **plan)
    desk.clock.forward(days=days)
    return club


def names(desk: Desk, after: int) -> list[str]:
    """The facts behind a position."""
    return [fact["name"] for fact in desk.get("/v1/facts", after=after)["data"]]


RENEWED = ["package.transferred_out", "package.granted", "membership.renewed"]


def test_a_use_is_of_the_period_that_has_begun(either_desk: Desk) -> None:
    club = late(either_desk)
    desk, before = club.desk, club.desk.head
    used = desk.do(f"/v1/customers/{club.anna}/redemptions", {"service_id": club.massage})
    assert names(desk, before) == [*RENEWED, "package.redeemed"]
    assert [each["package_id"] for each in used["allocations"]] == [club.package]
    assert desk.card(club.package)["remaining"] == 6, "four of the period, three that rolled over, one used"
    assert desk.all_of(f"{club.path}/history")[-1]["entered_by"]["id"] == "clock"
    assert desk.tick()["renewals"] == 0, "the clock finds nothing more"


def test_every_period_that_was_missed_comes_first(either_desk: Desk) -> None:
    club = late(either_desk, days=1_000, rollover_limit=0)
    club.desk.do(f"/v1/customers/{club.anna}/redemptions", {"service_id": club.massage, "quantity": 4})
    assert club.shown()["current"]["number"] == 101


def test_a_refused_command_leaves_the_renewal_and_nothing_else(either_desk: Desk) -> None:
    club = late(either_desk)
    desk, before = club.desk, club.desk.head
    answer = desk.post(f"/v1/customers/{club.anna}/redemptions", {"service_id": club.massage, "quantity": 8})
    assert (answer.status_code, answer.json()["available"]) == (409, 7), "judged by what is there now"
    assert names(desk, before) == RENEWED


def test_a_dry_run_tells_of_the_renewal_and_records_none(either_desk: Desk) -> None:
    club = late(either_desk)
    desk, before = club.desk, club.desk.head
    told = desk.try_out(f"/v1/customers/{club.anna}/redemptions", {"service_id": club.massage})
    assert [fact["name"] for fact in told["facts"]] == [*RENEWED, "package.redeemed"]
    assert desk.head == before


@pytest.mark.parametrize("what", ["packages", "credits", "activity", ""])
def test_who_asks_what_is_left_is_told_of_the_period_that_has_begun(either_desk: Desk, what: str) -> None:
    club = late(either_desk)
    desk, before = club.desk, club.desk.head
    told = desk.get(f"/v1/customers/{club.anna}/{what}".rstrip("/"))
    assert names(desk, before) == RENEWED
    match what:
        case "packages":
            assert [card["available"] for card in told["data"]] == [7, 0]
        case "credits":
            assert [service["available"] for service in told["services"]] == [7]
        case "activity":
            assert [each["current"]["number"] for each in told["memberships"]] == [2]
        case _:
            assert told["active_packages"] == 1
    desk.get(f"/v1/customers/{club.anna}/packages")
    assert names(desk, before) == RENEWED, "once"


@pytest.mark.parametrize("asks", [True, False], ids=["who asks", "who uses"])
def test_many_memberships_are_read_together(
    either_desk: Desk, asks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    club = Club(either_desk)
    desk, others = club.desk, [club.start()["id"] for _ in range(11)]
    desk.clock.forward(days=10)
    monkeypatch.setattr(desk.carnet, "kept", StreamCache(VIEWS))  # as in a process that has just begun
    before = desk.head
    if asks:
        assert desk.get(f"/v1/customers/{club.anna}")["active_packages"] == 12
    else:
        desk.do(f"/v1/customers/{club.anna}/redemptions", {"service_id": club.massage})
    assert names(desk, before).count("membership.renewed") == 1 + len(others)


def test_a_quote_is_of_the_package_without_what_rolled_over(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk, first = club.desk, club.package
    desk.do(f"/v1/packages/{first}/payments", {"amount": money(40_000), "method": "cash"})
    desk.clock.forward(days=10)
    assert desk.get(f"/v1/packages/{first}/refund-quote")["quote"] == money(10_000), (
        "three of four rolled over"
    )


def test_the_past_is_asked_without_a_renewal(desk: Desk) -> None:
    club = late(desk)
    before = desk.head
    cards = desk.get(f"/v1/customers/{club.anna}/packages", as_of=desk.today(days=-1))["data"]
    assert ([card["available"] for card in cards], desk.head) == ([4], before)


@pytest.mark.parametrize(
    ("verb", "body"),
    [("pause", {"until": "in 5 days", "reason": "ill"}), ("ending", {"at": "now", "reason": "moves"})],
)
def test_a_verb_on_the_membership_is_on_the_period_that_has_begun(
    either_desk: Desk, verb: str, body: dict[str, str]
) -> None:
    club = late(either_desk)
    desk = club.desk
    days = {name: desk.today(days=5) if value == "in 5 days" else value for name, value in body.items()}
    told = desk.do(f"{club.path}/{verb}", days)
    assert told["current"]["number"] == 2
    assert desk.tick()["renewals"] == 0


def test_a_membership_that_ended_is_renewed_by_nothing(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk = club.desk
    desk.do(f"{club.path}/ending", {"reason": "moves away"})
    desk.clock.forward(days=10)
    desk.refused(f"/v1/customers/{club.anna}/redemptions", {"service_id": club.massage}, "insufficient-units")
    assert club.shown()["current"]["number"] == 1


def test_an_end_that_is_taken_back_renews_again(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk = club.desk
    desk.do(f"{club.path}/ending", {"reason": "moves away"})
    desk.do(f"{club.path}/resume")
    desk.clock.forward(days=10)
    desk.do(f"/v1/customers/{club.anna}/redemptions", {"service_id": club.massage})
    assert club.shown()["current"]["number"] == 2


def test_a_blocked_customer_is_served_without_a_renewal(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk = club.desk
    other = desk.sell(club.anna, desk.offer(club.massage))["id"]
    desk.do(f"/v1/customers/{club.anna}/block", {})
    desk.clock.forward(days=10)
    before = desk.head
    desk.redeem(other, club.massage)
    assert names(desk, before) == ["package.redeemed"]


def test_a_renewal_that_cannot_be_made_hinders_nobody(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk = club.desk
    taken = SellPackage(
        package_id=period_package(club.id, 2), customer_id=club.anna, offer_id=desk.offer(club.massage)
    )
    (sold,) = desk.carnet.ledger(desk.business_id).execute([order(taken, OPERATOR)])
    assert isinstance(sold, Done)
    desk.clock.forward(days=10)
    before = desk.head
    desk.redeem(taken.package_id, club.massage)
    assert names(desk, before) == ["package.redeemed"]


def test_desks_and_clocks_at_once_renew_once(either_desk: Desk) -> None:
    club = late(either_desk)
    desk, before = club.desk, club.desk.head
    use = {"service_id": club.massage}

    def act(n: int) -> Any:
        if n % 3 == 0:
            return desk.tick()
        return desk.post(f"/v1/customers/{club.anna}/redemptions", use, key=f"use-{n}").status_code

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(act, range(12)))
    assert [outcome for outcome in outcomes if isinstance(outcome, int)].count(201) == 7
    assert names(desk, before).count("membership.renewed") == 1


def test_a_customer_who_asks_is_renewed_too(desk: Desk) -> None:
    club = late(desk)
    own = desk.as_role(Role.CUSTOMER, club.anna)
    assert [card["available"] for card in own.get(f"/v1/customers/{club.anna}/packages")["data"]] == [7, 0]
