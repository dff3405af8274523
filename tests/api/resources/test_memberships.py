"""Memberships: periods that grant packages, units that roll over, pauses, and the end, over HTTP."""

from datetime import date, timedelta
from typing import Any

import pytest

from domain.actor import Role
from tests.api.desk import Desk, money

pytest_plugins = ["tests.api.houses"]

PLAN = {"name": "Gold", "price": 40_000, "period": {"count": 10, "unit": "days"}, "rollover_limit": 3}


class Club:
    """Anna is in a plan of four massages every ten days for 400 euros; three unused ones roll over."""

    def __init__(self, desk: Desk, **plan: Any) -> None:
        self.desk, self.massage, self.anna = desk, desk.service(), desk.customer()
        lines = [{"quantity": 4, "services": [self.massage]}]
        self.plan = desk.do("/v1/plans", {**PLAN, "lines": lines, **plan})["id"]
        self.id = self.start()["id"]

    def start(self, **body: Any) -> Any:
        return self.desk.do("/v1/memberships", {"plan_id": self.plan, "customer_id": self.anna, **body})

    @property
    def path(self) -> str:
        return f"/v1/memberships/{self.id}"

    def shown(self, **parameters: Any) -> Any:
        return self.desk.get(self.path, **parameters)

    @property
    def package(self) -> str:
        """The package of the present period."""
        return str(self.shown()["current"]["package_id"])

    def renewed(self, **body: Any) -> Any:
        return self.desk.do(f"{self.path}/renewals", body)


# Plans


def test_a_plan_is_published_revised_retired_and_reinstated(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk, path = club.desk, f"/v1/plans/{club.plan}"
    terms = {**PLAN, "lines": [{"quantity": 5, "services": [club.massage]}], "price": 45_000}
    assert desk.do(f"{path}/revisions", terms)["plan_version"] == 2
    assert club.shown()["price"] == money(40_000), "the terms it started with"
    assert desk.do(f"{path}/retirement")["retired"] is True
    body = {"plan_id": club.plan, "customer_id": club.anna}
    desk.refused("/v1/memberships", body, "offer-retired")
    assert desk.get("/v1/plans", retired=True)["data"] == [desk.get(path)]
    assert desk.do(f"{path}/reinstatement")["retired"] is False
    assert club.start()["price"] == money(45_000)


# The first period


@pytest.mark.covers("S48")
def test_a_membership_grants_a_package_that_is_owed_paid_and_used_like_any_other(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk = club.desk
    shown = club.shown()
    assert (shown["status"], shown["current"]["number"]) == ("active", 1)
    assert shown["current"]["ends_on"] == desk.today(days=9)
    assert shown["renews_on"] == desk.today(days=10)
    card = desk.card(club.package)
    assert card["origin"] == {"kind": "membership", "id": club.id}
    assert (card["name"], card["granted"], card["expires_on"]) == ("Gold", 4, desk.today(days=9))
    assert (card["payment_status"], card["owing"]) == ("unpaid", money(40_000))
    paid = {"amount": money(40_000), "method": "card"}
    assert desk.do(f"/v1/packages/{club.package}/payments", paid)["payment_status"] == "paid"
    assert desk.redeem(club.package, club.massage)["remaining"] == 3
    (listed,) = desk.get(f"/v1/customers/{club.anna}/packages")["data"]
    assert listed == desk.card(club.package)
    activity = desk.get(f"/v1/customers/{club.anna}/activity")
    assert activity["memberships"] == [club.shown()]


@pytest.mark.covers("S46", "S47")
def test_the_membership_is_shown_as_the_source_of_credits_and_on_bookings(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk = club.desk
    used = {"service_id": club.massage, "quantity": 2}
    desk.do(f"/v1/customers/{club.anna}/redemptions", used)
    told = desk.get(f"/v1/customers/{club.anna}/credits")
    (service,) = told["services"]
    assert (service["available"], service["packages"][0]["membership_id"]) == (2, club.id)
    (usage,) = told["usage"]
    assert (usage["quantity"], usage["membership_id"], usage["source_name"]) == (2, club.id, "Gold")
    starts_at = f"{desk.today(days=2)}T10:00:00Z"
    body = {"customer_id": club.anna, "service_id": club.massage, "starts_at": starts_at}
    booked = desk.do("/v1/bookings", body)
    assert [source["membership_id"] for source in booked["sources"]] == [club.id]
    assert desk.get(f"/v1/bookings/{booked['id']}")["sources"] == booked["sources"]
    (listed,) = desk.get("/v1/bookings")["data"]
    assert listed["sources"] == booked["sources"]
    (tab,) = desk.get(f"/v1/customers/{club.anna}/activity")["bookings"]["upcoming"]
    assert tab["sources"] == booked["sources"]


def test_a_membership_of_a_later_day_waits_for_its_first_period(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk = club.desk
    club.id = club.start(starts_on=desk.today(days=5))["id"]
    assert (club.shown()["status"], club.shown()["current"]) == ("upcoming", None)
    desk.refused(f"{club.path}/renewals", {}, "not-eligible")
    desk.clock.forward(days=5)
    assert club.shown()["renewal_due"] is True
    assert club.renewed()["current"]["starts_on"] == desk.today()


# Renewals


def test_unused_units_roll_over_by_value_and_the_rest_lapses_with_its_package(either_desk: Desk) -> None:
    club = Club(either_desk, rollover_limit=2)
    desk, first = club.desk, club.package
    desk.redeem(first, club.massage)
    desk.clock.forward(days=10)
    assert (club.shown()["renewal_due"], desk.get("/v1/memberships", due=True)["data"][0]["id"]) == (
        True,
        club.id,
    )
    told = club.renewed(period=2)
    second = told["current"]["package_id"]
    old, new = desk.card(first), desk.card(second)
    counts = ("granted", "used", "transferred", "remaining", "available")
    assert [old[name] for name in counts] == [4, 1, 2, 1, 0]
    assert [new[name] for name in counts] == [6, 0, 0, 6, 6]
    assert (old["status"], new["status"]) == ("expired", "active")
    assert (new["price"], new["owing"]) == (money(60_000), money(40_000)), "what rolled over is settled"
    states = [unit["state"] for unit in desk.units(first)]
    assert states == ["used", "transferred", "transferred", "available"]
    assert [row["label"] for row in desk.history(second)] == ["Period 2: +6 uses, 2 of them rolled over"]
    assert "Rolled over" in [row["label"] for row in desk.history(first)]
    report = desk.get("/v1/reports/liability")
    assert (report["units_granted"], report["units_transferred"], report["units_remaining"]) == (8, 0, 7)
    assert (report["amount_sold"], report["liability"]) == (money(80_000), money(60_000))
    for clock in ("effective", "recorded"):
        moved = desk.get("/v1/reports/movements", clock=clock)
        units = {cause: change["units"] for cause, change in moved["changes"].items()}
        assert (units["sold"], units["redeemed"], units["lapsed"], units["transferred"]) == (8, -1, -1, 0)
        assert moved["closing"] == {"units": 6, "value": money(60_000)}
        lines = desk.all_of("/v1/reports/movements/lines", clock=clock, limit=1)
        assert sum(line["change"]["units"] for line in lines) == 6
    for package in (first, second):
        told = desk.get(f"/v1/packages/{package}/explanation")
        assert told["balance"]["result"] == told["balance"]["steps"][-1]["remaining"]


def test_a_renewal_may_come_late_twice_or_for_every_period_that_was_missed(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk = club.desk
    first_day = desk.today()
    desk.clock.forward(days=25)
    assert club.renewed(period=2)["renewal_due"] is True
    before = desk.head
    assert club.renewed(period=2)["current"]["number"] == 2
    assert desk.head == before, "granted once"
    desk.refused(f"{club.path}/renewals", {"period": 4}, "validation-failed")
    told = club.renewed(period=3)
    assert (told["current"]["number"], told["renewal_due"]) == (3, False)
    desk.refused(f"{club.path}/renewals", {}, "not-eligible")
    cards = {
        card["purchase_number"]: card for card in desk.get(f"/v1/customers/{club.anna}/packages")["data"]
    }
    assert cards[1]["purchased_on"] == first_day
    assert [cards[n]["remaining"] for n in (1, 2, 3)] == [1, 4, 7]
    assert date.fromisoformat(cards[2]["expires_on"]) + timedelta(days=1) == date.fromisoformat(
        cards[3]["purchased_on"]
    )
    assert desk.get("/v1/memberships", due=True)["data"] == []
    labels = [row["label"] for row in desk.all_of(f"{club.path}/history")]
    assert [label.split(":")[0] for label in labels] == ["Started", "Period 1", "Period 2", "Period 3"]


def test_the_clock_job_grants_every_period_that_is_due(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk = club.desk
    other = club.start(starts_on=desk.today(days=20))["id"]
    desk.clock.forward(days=25)
    assert len(desk.get("/v1/memberships", due=True)["data"]) == 2, "the read model knows"
    assert (desk.tick()["renewals"], club.shown()["current"]["number"]) == (3, 3)
    assert desk.get(f"/v1/memberships/{other}")["current"]["number"] == 1
    assert desk.tick()["renewals"] == 0, "and grants nothing twice"
    rows = desk.all_of(f"{club.path}/history")
    assert (rows[-1]["entered_by"]["id"], rows[-1]["label"][:8]) == ("clock", "Period 3")


def test_a_blocked_customer_is_not_renewed(desk: Desk) -> None:
    club = Club(desk)
    desk.do(f"/v1/customers/{club.anna}/block", {})
    desk.clock.forward(days=10)
    desk.refused(f"{club.path}/renewals", {}, "customer-blocked")
    desk.do(f"{club.path}/ending", {"at": "now", "reason": "Did not pay"})
    assert club.shown()["status"] == "ended"


def test_what_is_granted_is_not_voided_and_its_quote_spares_what_was_settled(desk: Desk) -> None:
    club = Club(desk)
    desk.clock.forward(days=10)
    club.renewed()
    void = {"reason": "a mistake"}
    desk.refused(f"/v1/packages/{club.package}/voiding", void, "not-eligible")
    desk.do(f"/v1/packages/{club.package}/payments", {"amount": money(40_000), "method": "cash"})
    desk.redeem(club.package, club.massage, quantity=4)
    quote = desk.get(f"/v1/packages/{club.package}/refund-quote")
    assert quote["quote"] == money(30_000), "three of the four had rolled over"


# Pause and end


def test_a_pause_freezes_the_package_and_moves_the_end_of_the_period(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk = club.desk
    desk.clock.forward(days=2)
    asked = {"until": desk.today(days=4), "reason": "a holiday"}
    assert desk.do(f"{club.path}/pause", asked)["status"] == "paused"
    use = {"service_id": club.massage}
    desk.refused(f"/v1/packages/{club.package}/redemptions", use, "package-frozen")
    desk.refused(f"{club.path}/pause", {**asked, "until": desk.today(days=6)}, "not-eligible")
    desk.clock.forward(days=3)
    told = desk.do(f"{club.path}/resume")
    assert (told["status"], told["current"]["ends_on"]) == ("active", desk.today(days=7))
    assert desk.card(club.package)["expires_on"] == desk.today(days=7)
    desk.clock.forward(days=8)
    assert club.renewed()["current"]["starts_on"] == desk.today()


def test_a_pause_that_the_clock_ended_moves_the_end_too(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk = club.desk
    ends = desk.today(days=12)
    desk.do(f"{club.path}/pause", {"until": desk.today(days=2), "reason": "ill"})
    assert desk.get("/v1/memberships", status="paused")["data"] == [club.shown()]
    desk.clock.forward(days=5)
    assert desk.get("/v1/memberships", status="active")["data"] == [club.shown()]
    assert (club.shown()["current"]["ends_on"], desk.card(club.package)["expires_on"]) == (ends, ends)
    desk.clock.forward(days=8)
    assert club.renewed()["current"]["starts_on"] == desk.today()
    assert desk.card(club.package)["remaining"] == 7


def test_a_membership_ends_with_its_period_and_that_is_taken_back(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk, reason = club.desk, {"reason": "Moves away"}
    told = desk.do(f"{club.path}/ending", reason)
    assert (told["status"], told["ending"], told["renews_on"]) == ("active", "period_end", None)
    assert desk.do(f"{club.path}/resume")["ending"] is None
    desk.do(f"{club.path}/ending", reason)
    assert desk.redeem(club.package, club.massage)["remaining"] == 3, "what was granted stays good"
    desk.clock.forward(days=10)
    assert club.shown()["status"] == "ended"
    assert desk.get(f"/v1/customers/{club.anna}/activity")["memberships"] == []
    assert desk.get(f"/v1/customers/{club.anna}/memberships", status="ended")["data"] == [club.shown()]
    desk.refused(f"{club.path}/renewals", {}, "not-eligible")
    desk.refused(f"{club.path}/resume", {}, "not-eligible")


def test_a_membership_that_ends_at_once_takes_what_remains_with_it(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk = club.desk
    told = desk.do(f"{club.path}/ending", {"at": "now", "reason": "Unhappy"})
    assert (told["status"], desk.card(club.package)["status"]) == ("ended", "cancelled")
    assert desk.card(club.package)["lapsed"] == 4
    (last,) = desk.all_of(f"{club.path}/history")[-1:]
    assert (last["label"], last["reason"]) == ("Ended", "Unhappy")


# Both clocks, and who may


def test_a_membership_is_told_as_it_was(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk = club.desk
    before = desk.clock().isoformat(timespec="milliseconds")
    desk.clock.forward(days=10)
    club.renewed()
    assert club.shown(at_version=2)["current"]["number"] == 1
    assert club.shown(as_of=before)["current"]["number"] == 1
    assert club.shown(effective_as_of=desk.today(days=-1))["current"]["number"] == 1
    assert club.shown()["current"]["number"] == 2


def test_a_dry_run_tells_no_id_that_it_made(desk: Desk) -> None:
    club = Club(desk)
    body = {"plan_id": club.plan, "customer_id": club.anna}
    told = desk.try_out("/v1/memberships", body)
    assert (told["id"], told["current"]["package_id"], len(told["facts"])) == (None, None, 4)


def test_customers_see_their_own_memberships_and_change_none(desk: Desk) -> None:
    club = Club(desk)
    anna = desk.as_role(Role.CUSTOMER, club.anna)
    assert anna.get(club.path) == club.shown()
    assert anna.get("/v1/memberships")["data"] == [club.shown()]
    anna.refused(f"{club.path}/renewals", {}, "forbidden")
    stranger = desk.as_role(Role.CUSTOMER, desk.customer("Béla"))
    assert stranger.ask(club.path).status_code == 404
    desk.as_role(Role.STAFF).refused(f"{club.path}/ending", {"reason": "x"}, "forbidden")
