"""Rules that top up: who sets them, when an attempt opens, and what the payment system's answer does."""

from collections import Counter
from typing import Any

import pytest

from domain.actor import Role
from tests.api.desk import Desk, money
from tests.api.resources.test_packages_parallel import together

pytest_plugins = ["tests.api.houses"]

CARD = "pm_1Q0xAnna"


class Club:
    """Anna's five massages for 300 euros, with a rule that buys five more when two are left."""

    def __init__(self, desk: Desk, *, set_it: bool = True, offer: dict[str, Any] | None = None, **rule: Any):
        self.desk, self.massage, self.anna = desk, desk.service(), desk.customer()
        self.offer = desk.offer(self.massage, quantity=5, price=30_000, **(offer or {}))
        self.package = desk.sell(self.anna, self.offer)["id"]
        self.path = f"/v1/customers/{self.anna}/top-ups"
        asked = {"offer_id": self.offer, "threshold": 2, "payment_method_ref": CARD, **rule}
        self.asked = asked
        self.id = desk.do(self.path, asked)["id"] if set_it else ""

    @property
    def rule(self) -> Any:
        return self.desk.get(f"/v1/top-ups/{self.id}")

    def use(self, quantity: int = 1, package: str | None = None) -> Any:
        return self.desk.redeem(package or self.package, self.massage, quantity=quantity)

    def attempts(self, **asked: Any) -> list[Any]:
        return self.desk.all_of("/v1/top-up-attempts", **asked)

    def answer(self, outcome: str = "paid", **body: Any) -> dict[str, Any]:
        """The body that answers the latest attempt."""
        attempt = body.pop("attempt_id", None) or self.rule["attempt"]["id"]
        because = {} if outcome == "paid" else {"reason": "card declined"}
        return {"attempt_id": attempt, "outcome": outcome, **because, **body}

    @property
    def outcome(self) -> str:
        return f"/v1/top-ups/{self.id}/outcome"


# The attempt


@pytest.mark.covers("S88")
def test_a_fall_to_the_threshold_opens_an_attempt_in_the_same_append(either_desk: Desk) -> None:
    club = Club(either_desk)
    club.use(2)
    assert (club.rule["available"], club.rule["attempt"], club.rule["hindered_by"]) == (3, None, None)
    head = club.desk.head
    club.use()
    assert club.desk.head == head + 2, "the use, and the attempt"
    rule = club.rule
    assert (rule["available"], rule["this_month"], rule["hindered_by"]) == (2, 1, "attempt-open")
    (charge,) = club.attempts(due=True)
    assert charge["id"] == rule["attempt"]["id"]
    assert (charge["price"], charge["payment_method_ref"]) == (money(30_000), CARD)
    assert (charge["customer_id"], charge["top_up_id"], charge["status"]) == (club.anna, club.id, "open")
    feed = club.desk.get("/v1/facts", after=head)["data"]
    assert [fact["name"] for fact in feed] == ["package.redeemed", "top_up.triggered"]
    assert feed[1]["data"]["payment_method_ref"] == CARD
    assert club.use()["remaining"] == 1
    assert len(club.attempts()) == 1, "one at a time"


@pytest.mark.covers("S88", "S89")
def test_a_paid_attempt_sells_the_pinned_version_with_its_payment_in_one_append(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk, revised = club.desk, {"name": "Massage ×5, dearer", "price": 99_000}
    lines = [{"quantity": 1, "services": [club.massage]}]
    desk.do(f"/v1/offers/{club.offer}/revisions", {**revised, "lines": lines})
    club.use(3)
    head = desk.head
    ref = {"source": "payments", "ref": "ch_1"}
    answered = desk.do(club.outcome, club.answer(external_ref=ref))
    assert [fact["name"] for fact in desk.get("/v1/facts", after=head)["data"]] == [
        "package.purchased",
        "package.payment_recorded",
        "top_up.settled",
    ]
    assert (answered["available"], answered["attempt"]["status"]) == (7, "paid")
    card = desk.card(answered["attempt"]["package_id"])
    assert (card["offer_version"], card["price"], card["granted"]) == (1, money(30_000), 5)
    assert (card["payment_status"], card["purchase_number"]) == ("paid", 2)
    assert card["origin"] == {"kind": "top_up", "id": club.id}
    assert desk.history(card["id"])[0]["label"] == "+5 uses · Card · Auto top-up"
    report = desk.get("/v1/reports/liability")
    assert (report["units_granted"], report["amount_sold"]["amount"]) == (10, 60_000), "a sale like any other"
    receipt = desk.get(f"/v1/packages/{card['id']}/receipt")
    assert (receipt["origin"], receipt["payment_status"]) == ("top_up", "paid")
    today = desk.today()
    desk.clock.forward(days=1)
    assert desk.get("/v1/reports/sales", **{"from": today, "to": today})["packages"] == 2
    (paid,) = desk.get("/v1/payments", external_ref="payments:ch_1")["data"]
    assert paid["payment_id"] == answered["attempt"]["payment_id"]
    assert club.attempts(due=True) == []


@pytest.mark.covers("S90")
def test_the_ledger_tells_of_a_purchase_that_the_customer_is_to_be_notified_of(either_desk: Desk) -> None:
    club = Club(either_desk)
    club.use(3)
    answered = club.desk.do(club.outcome, club.answer())
    (charge,) = club.attempts(status="paid", customer_id=club.anna)
    assert charge["package_id"] == answered["attempt"]["package_id"]
    (told,) = [fact for fact in club.desk.all_of("/v1/facts") if fact["name"] == "top_up.settled"]
    assert told["data"] == {
        "attempt_id": charge["id"],
        "customer_id": club.anna,
        "package_id": charge["package_id"],
        "payment_id": charge["payment_id"],
        "name": "Massage ×10 💆",
        "price": 30_000,
        "currency": "EUR",
    }


def test_each_way_of_using_up_counts_and_a_cancelled_package_does_not(either_desk: Desk) -> None:
    desk = either_desk
    corrected, moved, booked, ended = (Club(desk) for _ in range(4))
    desk.do(f"/v1/packages/{corrected.package}/corrections", {"line": 1, "change": -3})
    gift = {"to_customer_id": desk.customer("Béla"), "line": 1, "quantity": 3}
    desk.do(f"/v1/packages/{moved.package}/transfers", gift)
    desk.do("/v1/policies", {"deduct": "at_attendance"})
    starts = f"{desk.today(days=3)}T10:00:00Z"
    booking = {"customer_id": booked.anna, "service_id": booked.massage, "starts_at": starts, "quantity": 3}
    desk.do("/v1/bookings", booking)
    desk.do(f"/v1/packages/{ended.package}/cancellation", {"reason": "moves away"})
    opened = {attempt["customer_id"] for attempt in club_attempts(desk)}
    assert opened == {corrected.anna, moved.anna, booked.anna}
    assert ended.rule["available"] == 0


def club_attempts(desk: Desk) -> list[Any]:
    return desk.all_of("/v1/top-up-attempts")


def test_all_packages_of_the_offer_count_together(either_desk: Desk) -> None:
    club = Club(either_desk)
    second = club.desk.sell(club.anna, club.offer)["id"]
    club.use(5)
    assert club.attempts() == []
    club.use(3, second)
    assert [attempt["available"] for attempt in club.attempts()] == [2]


def test_a_fall_while_below_opens_nothing_and_the_next_crossing_does(desk: Desk) -> None:
    club = Club(desk, set_it=False)
    club.use(4)
    club.id = desk.do(club.path, club.asked)["id"]
    club.use()
    assert club.attempts() == []
    third = desk.sell(club.anna, club.offer)["id"]
    club.use(3, third)
    assert len(club.attempts()) == 1


def test_a_dry_run_tells_of_the_attempt_and_opens_none(desk: Desk) -> None:
    club = Club(desk)
    path = f"/v1/packages/{club.package}/redemptions"
    told = desk.try_out(path, {"service_id": club.massage, "quantity": 3})
    assert [fact["name"] for fact in told["facts"]] == ["package.redeemed", "top_up.triggered"]
    assert club.attempts() == []
    club.use(3)
    paid = desk.try_out(club.outcome, club.answer())
    assert (paid["attempt"]["package_id"], paid["attempt"]["payment_id"]) == (None, None)
    assert club.rule["attempt"]["status"] == "open"


# Answers


def test_an_answer_is_repeated_by_its_key_and_refused_by_another(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk = club.desk
    club.use(3)
    body = club.answer()
    first, again = (desk.post(club.outcome, body, key="charge 1") for _ in range(2))
    assert (first.status_code, again.content) == (201, first.content)
    refused = desk.refused(club.outcome, body, "top-up-state")
    assert (refused["what"], refused["top_up_status"], refused["wanted"]) == ("attempt", "paid", "paid")
    assert refused["package_id"] == first.json()["attempt"]["package_id"]
    desk.refused(club.outcome, club.answer("failed"), "top-up-state")
    desk.refused(club.outcome, club.answer(attempt_id="tua_unknown"), "not-found")


def test_a_failure_is_tried_again_a_day_later_and_counts_once(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk = club.desk
    club.use(3)
    failed = desk.do(club.outcome, club.answer("failed"))
    assert (failed["attempt"]["status"], failed["attempt"]["failures"]) == ("open", 1)
    assert club.attempts(due=True) == []
    assert [attempt["reason"] for attempt in club.attempts(status="open")] == ["card declined"]
    early = desk.refused(club.outcome, club.answer("failed"), "top-up-state")
    assert early["due_at"] == failed["attempt"]["due_at"]
    desk.clock.forward(hours=24)
    assert len(club.attempts(due=True)) == 1
    assert desk.do(club.outcome, club.answer())["attempt"]["status"] == "paid"


def test_the_third_failure_removes_the_rule(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk = club.desk
    club.use(3)
    for _ in range(3):
        failed = desk.do(club.outcome, club.answer("failed"))
        desk.clock.forward(hours=24)
    assert (failed["status"], failed["removed_because"]) == ("removed", "failures")
    assert (failed["attempt"]["status"], failed["hindered_by"], failed["this_month"]) == (
        "failed",
        "removed",
        0,
    )
    desk.refused(club.outcome, club.answer(), "top-up-state")
    assert desk.do(club.path, club.asked)["id"] != club.id, "another can be set"
    assert [rule["status"] for rule in desk.all_of(club.path)] == ["removed", "active"]
    labels = [row["label"] for row in desk.all_of(f"/v1/customers/{club.anna}/history")]
    assert labels[1:] == [
        "Rules that top up changed",
        "No rule tops up any more",
        "Rules that top up changed",
    ]


def test_an_attempt_that_nobody_answers_expires_and_the_next_fall_opens_another(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk = club.desk
    club.use(3)
    body = club.answer()
    desk.clock.forward(days=7)
    assert (club.rule["attempt"]["status"], club.rule["this_month"]) == ("expired", 0)
    assert [attempt["status"] for attempt in club.attempts(status="expired")] == ["expired"]
    assert desk.refused(club.outcome, body, "top-up-state")["top_up_status"] == "expired"
    club.use(5, desk.sell(club.anna, club.offer)["id"])
    assert [attempt["status"] for attempt in club.attempts()] == ["expired", "open"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"outcome": "failed", "reason": None}, "/reason"),
        ({"outcome": "failed", "method": "cash"}, "/method"),
        ({"outcome": "paid", "reason": "no"}, "/reason"),
        ({"outcome": "maybe"}, "/outcome"),
    ],
)
def test_an_answer_says_what_its_outcome_needs(desk: Desk, body: dict[str, Any], pointer: str) -> None:
    club = Club(desk)
    club.use(3)
    refused = desk.refused(club.outcome, {**club.answer("failed"), **body}, "validation-failed")
    assert pointer in [flaw["pointer"] for flaw in refused["errors"]]


# No attempt


def test_a_month_has_at_most_as_many_attempts_as_the_cap(either_desk: Desk) -> None:
    club = Club(either_desk, monthly_cap=1)
    club.use(3)
    bought = club.desk.do(club.outcome, club.answer())
    assert (bought["this_month"], bought["hindered_by"]) == (1, "monthly-cap")
    club.use(5, bought["attempt"]["package_id"])
    assert (club.rule["available"], len(club.attempts())) == (2, 1)
    club.desk.clock.forward(days=32)
    assert (club.rule["this_month"], club.rule["hindered_by"]) == (0, None)


def test_the_rule_tells_why_nothing_would_be_bought(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk = club.desk
    for path, undo, why in (
        (f"/v1/customers/{club.anna}/block", f"/v1/customers/{club.anna}/unblock", "customer-blocked"),
        (
            f"/v1/customers/{club.anna}/deactivation",
            f"/v1/customers/{club.anna}/activation",
            "customer-inactive",
        ),
        (f"/v1/offers/{club.offer}/retirement", f"/v1/offers/{club.offer}/reinstatement", "offer-retired"),
        (f"/v1/top-ups/{club.id}/pause", f"/v1/top-ups/{club.id}/resume", "paused"),
    ):
        desk.do(path)
        assert club.rule["hindered_by"] == why
        used = club.use(3)["redemption_id"]
        assert club.attempts() == []
        desk.do(undo)
        assert club.rule["hindered_by"] is None
        desk.do(f"/v1/redemptions/{used}/restorations")
    club.use(3)
    assert len(club.attempts()) == 1


def test_the_limit_per_customer_and_the_last_day_of_the_offer_hinder_too(desk: Desk) -> None:
    limited = Club(desk, offer={"max_per_customer": 1})
    assert limited.rule["hindered_by"] == "limit-per-customer"
    limited.use(3)
    ending = Club(desk, offer={"validity": {"rule": "on_date", "date": desk.today(days=3)}})
    ending.use(3)
    (attempt,) = desk.all_of("/v1/top-up-attempts")
    assert attempt["customer_id"] == ending.anna
    desk.clock.forward(days=4)
    assert ending.rule["hindered_by"] == "offer-ended"
    assert ending.rule["attempt"]["status"] == "expired", "nobody could use it any more"


@pytest.mark.parametrize("how", ["block", "deactivation", "pause", "removal"])
def test_what_ends_a_rule_withdraws_its_open_attempt(either_desk: Desk, how: str) -> None:
    club = Club(either_desk)
    club.use(3)
    of_rule = how in ("pause", "removal")
    club.desk.do(f"/v1/top-ups/{club.id}/{how}" if of_rule else f"/v1/customers/{club.anna}/{how}")
    assert [attempt["status"] for attempt in club.attempts()] == ["withdrawn"]
    refused = club.desk.refused(club.outcome, club.answer(), "top-up-state")
    assert refused["top_up_status"] == "withdrawn"


def test_a_charge_that_was_on_its_way_when_the_offer_was_retired_is_sold(desk: Desk) -> None:
    club = Club(desk)
    club.use(3)
    desk.do(f"/v1/offers/{club.offer}/retirement")
    assert desk.do(club.outcome, club.answer())["attempt"]["status"] == "paid"


# Rules


def test_a_rule_is_set_once_for_an_offer_and_again_after_its_removal(either_desk: Desk) -> None:
    club = Club(either_desk)
    desk = club.desk
    desk.refused(club.path, club.asked, "not-eligible")
    removed = desk.do(f"/v1/top-ups/{club.id}/removal")
    assert (removed["status"], removed["removed_because"]) == ("removed", "asked")
    head = desk.head
    desk.do(f"/v1/top-ups/{club.id}/removal")
    assert desk.head == head
    desk.refused(f"/v1/top-ups/{club.id}/resume", {}, "top-up-state")
    again = desk.do(club.path, {**club.asked, "id": "top_again"}, Ledger_Min_Position="1")
    assert (again["id"], again["threshold"], again["monthly_cap"]) == ("top_again", 2, 3)
    desk.refused(club.path, {**club.asked, "id": "top_again"}, "id-taken")


@pytest.mark.covers("S89")
@pytest.mark.parametrize(
    "ref", ["4111111111111111", "4111 1111 1111 1111", "card 3782-822463-10005!", "5555.5555.5555.4444"]
)
def test_the_number_of_a_card_is_refused_and_not_repeated(desk: Desk, ref: str) -> None:
    club = Club(desk, set_it=False)
    refused = desk.post(club.path, {**club.asked, "payment_method_ref": ref})
    assert (refused.status_code, refused.json()["code"]) == (400, "validation-failed")
    assert refused.json()["errors"][0]["pointer"] == "/payment_method_ref"
    assert ref not in refused.text


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"threshold": -1}, "validation-failed"),
        ({"monthly_cap": 0}, "validation-failed"),
        ({"monthly_cap": 32}, "validation-failed"),
        ({"payment_method_ref": " "}, "validation-failed"),
        ({"offer_id": "off_unknown"}, "not-found"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(desk: Desk, change: dict[str, Any], code: str) -> None:
    club = Club(desk, set_it=False)
    desk.refused(club.path, {**club.asked, **change}, code)


def test_a_rule_is_for_an_offer_that_is_sold_and_costs_something(desk: Desk) -> None:
    club = Club(desk, set_it=False)
    free = desk.offer(club.massage, price=0)
    desk.refused(club.path, {**club.asked, "offer_id": free}, "validation-failed")
    desk.do(f"/v1/offers/{club.offer}/retirement")
    desk.refused(club.path, club.asked, "offer-retired")
    desk.do(f"/v1/customers/{club.anna}/block")
    desk.refused(club.path, club.asked, "customer-blocked")


def test_customers_agree_for_themselves_and_payment_systems_answer(either_desk: Desk) -> None:
    club = Club(either_desk, set_it=False)
    desk = club.desk
    anna, bela = (desk.as_role(Role.CUSTOMER, id) for id in (club.anna, desk.customer("Béla")))
    club.id = anna.do(club.path, club.asked)["id"]
    bela.refused(club.path, club.asked, "not-found")
    bela.refused(f"/v1/top-ups/{club.id}/removal", {}, "not-found")
    assert bela.ask(f"/v1/top-ups/{club.id}").json()["code"] == "not-found"
    club.use(3)
    assert len(anna.all_of("/v1/top-up-attempts")) == 1
    assert bela.all_of("/v1/top-up-attempts") == []
    anna.refused(club.outcome, club.answer(), "forbidden")
    payments = desk.as_role(Role.INTEGRATION)
    assert len(payments.all_of("/v1/top-up-attempts", due=True)) == 1
    assert payments.do(club.outcome, club.answer())["attempt"]["status"] == "paid"
    assert anna.do(f"/v1/top-ups/{club.id}/pause")["status"] == "paused"
    auditor = desk.as_role(Role.AUDITOR)
    assert auditor.get(f"/v1/top-ups/{club.id}")["status"] == "paused"
    auditor.refused(f"/v1/top-ups/{club.id}/resume", {}, "forbidden")


# Many at once


def test_two_tills_at_once_open_one_attempt(either_desk: Desk) -> None:
    club = Club(either_desk)
    second = club.desk.sell(club.anna, club.offer)["id"]
    club.use(2), club.use(2, second)
    paths = [f"/v1/packages/{id}/redemptions" for id in (club.package, second) for _ in range(3)]
    body = {"service_id": club.massage}
    answers = together(6, lambda n: club.desk.post(paths[n], body, key=f"till-{n}"))
    assert Counter(answer.status_code for answer in answers) == {201: 6}
    assert [(each["number"], each["available"]) for each in club.attempts()] == [(1, 2)]


def test_two_answers_at_once_sell_once(either_desk: Desk) -> None:
    club = Club(either_desk)
    club.use(3)
    body = club.answer()
    answers = together(6, lambda n: club.desk.post(club.outcome, body, key=f"answer-{n}"))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 5}
    assert len(club.desk.all_of(f"/v1/customers/{club.anna}/packages")) == 2
