"""What a booking says of its units stays true, whatever happens to them: over HTTP, to one thing and to lists."""

from datetime import timedelta
from typing import Any

import pytest

from domain.actor import Role
from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]

ON_VISIT = [{"on": "visit", "points": 5}]


class Shop:
    """Anna with ten massages, in a business that deducts as it is told."""

    def __init__(self, desk: Desk, **policies: Any) -> None:
        self.desk = desk
        desk.do("/v1/policies", {"cancellation": {"notice_hours": 24, "late": "forfeit"}, **policies})
        self.anna, self.massage = desk.customer(), desk.service()
        self.package = desk.sell(self.anna, desk.offer(self.massage))["id"]

    def start(self, **later: int) -> str:
        return (self.desk.clock() + timedelta(**later)).isoformat(timespec="milliseconds")

    def body(self, **fields: Any) -> dict[str, Any]:
        standard = {"customer_id": self.anna, "service_id": self.massage, "starts_at": self.start(days=3)}
        return standard | fields

    def book(self, **fields: Any) -> Any:
        return self.desk.do("/v1/bookings", self.body(**fields))

    def unpaid(self, **fields: Any) -> str:
        """A booking of somebody who had no units then."""
        self.desk.do(f"/v1/packages/{self.package}/freeze", {"until": self.desk.today(), "reason": "away"})
        booked = self.book(**fields)
        self.desk.do(f"/v1/packages/{self.package}/unfreeze", {})
        assert (booked["uses_package"], booked["credits_used"]) == (False, 0)
        return str(booked["id"])

    def check(self, booking_id: str, **expected: Any) -> Any:
        """The booking by itself and in the list, which say the same."""
        shown = self.desk.get(f"/v1/bookings/{booking_id}")
        (listed,) = [row for row in self.desk.get("/v1/bookings")["data"] if row["id"] == booking_id]
        assert listed == shown
        assert {name: shown[name] for name in expected} == expected
        return shown


@pytest.mark.covers("S94", "S104")
def test_a_booking_that_was_made_without_is_paid_later_and_given_back_with_it(either_desk: Desk) -> None:
    shop = Shop(either_desk, earn=ON_VISIT)
    desk, booking = shop.desk, shop.unpaid()
    use = {"service_id": shop.massage, "booking_id": booking}
    redeemed = desk.do(f"/v1/packages/{shop.package}/redemptions", use)
    shown = shop.check(booking, uses_package=True, credits_used=1, redemption_id=redeemed["redemption_id"])
    assert [(source["package_id"], source["quantity"]) for source in shown["sources"]] == [(shop.package, 1)]
    assert [row["id"] for row in desk.get("/v1/bookings", package_id=shop.package)["data"]] == [booking]
    desk.refused(f"/v1/packages/{shop.package}/redemptions", use, "booking-state")
    assert desk.get(f"/v1/customers/{shop.anna}")["points"] == 0, "nobody came yet"
    desk.do(f"/v1/bookings/{booking}/cancellation", {"by": "business"})
    shop.check(booking, status="cancelled", credits_used=0)
    assert desk.card(shop.package)["available"] == 10


def test_the_rule_may_choose_what_pays_for_a_booking_later(either_desk: Desk) -> None:
    shop = Shop(either_desk)
    booking = shop.unpaid()
    path = f"/v1/customers/{shop.anna}/redemptions"
    shop.desk.do(path, {"service_id": shop.massage, "booking_id": booking})
    shop.check(booking, credits_used=1)
    again = {"service_id": shop.massage, "booking_id": booking}
    assert shop.desk.refused(path, again, "booking-state")["booking_status"] == "paid"


def test_what_differs_from_the_booking_is_refused(desk: Desk) -> None:
    shop = Shop(desk)
    booking, path = shop.unpaid(), f"/v1/packages/{shop.package}/redemptions"
    use = {"service_id": shop.massage, "booking_id": booking}
    for more, pointer in (({"quantity": 2}, "/quantity"), ({"session_at": shop.start()}, "/session_at")):
        problem = desk.refused(path, use | more, "validation-failed")
        assert [flaw["pointer"] for flaw in problem["errors"]] == [pointer]
    béla = desk.customer("Béla")
    theirs = desk.do("/v1/bookings", shop.body(customer_id=béla))["id"]
    problem = desk.refused(path, use | {"booking_id": theirs}, "validation-failed")
    assert [flaw["pointer"] for flaw in problem["errors"]] == ["/booking_id"]
    assert desk.card(shop.package)["used"] == 0


def test_a_booking_kept_elsewhere_is_named_by_its_id_and_is_a_visit(either_desk: Desk) -> None:
    shop = Shop(either_desk, earn=ON_VISIT)
    use = {"service_id": shop.massage, "booking_id": "bkg_theirs"}
    redemption = shop.desk.do(f"/v1/packages/{shop.package}/redemptions", use)["redemption_id"]
    assert shop.desk.get(f"/v1/customers/{shop.anna}")["points"] == 5
    shop.desk.do(f"/v1/redemptions/{redemption}/restorations", {})
    assert shop.desk.get(f"/v1/customers/{shop.anna}")["points"] == 0


@pytest.mark.covers("S94")
def test_what_is_restored_by_hand_no_longer_pays_for_the_booking(either_desk: Desk) -> None:
    shop = Shop(either_desk)
    desk, booked = shop.desk, shop.book(quantity=2)
    path = f"/v1/redemptions/{booked['redemption_id']}/restorations"
    desk.do(path, {"quantity": 1})
    shop.check(booked["id"], credits_used=1, uses_package=True)
    desk.do(path, {})
    shop.check(booked["id"], credits_used=0, uses_package=False, sources=[], redemption_id=None)
    desk.do(
        f"/v1/packages/{shop.package}/redemptions",
        {"service_id": shop.massage, "booking_id": booked["id"], "quantity": 2},
    )
    shop.check(booked["id"], credits_used=2, uses_package=True)
    desk.do(f"/v1/bookings/{booked['id']}/cancellation", {})
    assert desk.card(shop.package)["available"] == 10


def test_a_correction_takes_units_from_the_booking_that_used_them(desk: Desk) -> None:
    shop = Shop(desk)
    booked = shop.book(quantity=2)
    desk.do(f"/v1/packages/{shop.package}/corrections", {"line": 1, "change": 1, "reason": "one was free"})
    shop.check(booked["id"], credits_used=1)


def test_the_end_of_a_package_takes_its_holds_from_their_bookings(either_desk: Desk) -> None:
    shop = Shop(either_desk, deduct="at_attendance", earn=ON_VISIT)
    desk, booked = shop.desk, shop.book()
    assert (booked["credits_used"], booked["redemption_id"]) == (1, None), "it is only held"
    desk.do(f"/v1/packages/{shop.package}/cancellation", {"reason": "moved away", "release_holds": True})
    shop.check(booked["id"], credits_used=0, uses_package=False, redemption_id=None)
    desk.clock.forward(days=3)
    desk.do(f"/v1/bookings/{booked['id']}/attendance", {"attendance": "attended"})
    shop.check(booked["id"], credits_used=0, attendance="attended", status="confirmed")


def test_a_redemption_is_named_once_it_took_what_was_held(either_desk: Desk) -> None:
    shop = Shop(either_desk, deduct="at_attendance")
    booked = shop.book()
    shop.desk.clock.forward(days=3)
    marked = shop.desk.do(f"/v1/bookings/{booked['id']}/attendance", {"attendance": "attended"})
    assert shop.desk.get(f"/v1/redemptions/{marked['redemption_id']}")["quantity"] == 1
    shop.check(booked["id"], redemption_id=marked["redemption_id"])


@pytest.mark.covers("S92")
def test_a_cancellation_says_what_can_be_used_of_what_went_back_and_why_not(either_desk: Desk) -> None:
    shop = Shop(either_desk)
    desk, booked = shop.desk, shop.book()
    desk.do(f"/v1/packages/{shop.package}/cancellation", {"reason": "moved away"})
    why = {"by": "customer", "reason": "grandma is in hospital"}
    told = desk.do(f"/v1/bookings/{booked['id']}/cancellation", why)["cancellation"]
    assert (told["outcome"], told["usable"], told["unusable"]) == ("restored", 0, "package-cancelled")
    assert told["reason"] == "grandma is in hospital"
    assert shop.check(booked["id"])["cancellation"] == told
    auditor = desk.as_role(Role.AUDITOR)
    assert auditor.get(f"/v1/bookings/{booked['id']}")["cancellation"]["reason"] is None


def test_the_policy_that_is_named_holds_the_terms_that_are_shown(either_desk: Desk) -> None:
    shop = Shop(either_desk)
    desk = shop.desk
    before = desk.get("/v1/business")
    desk.do("/v1/policies", {"cancellation": {"notice_hours": 48, "late": "restore"}})
    told = shop.book()["cancellation"]
    assert (told["notice_hours"], told["late"], told["policy_version"]) == (
        24,
        "forfeit",
        before["policy_version"],
    )
    terms = {"notice_hours": 2, "late": "forfeit"}
    béla = desk.customer("Béla")
    desk.sell(béla, desk.offer(shop.massage, name="Strict", cancellation=terms))
    told = shop.book(customer_id=béla)["cancellation"]
    assert (told["notice_hours"], told["policy_version"]) == (2, None), "these are the offer's own"


@pytest.mark.covers("S137")
def test_a_blocked_customer_moves_no_booking_and_nobody_one_that_has_begun(either_desk: Desk) -> None:
    shop = Shop(either_desk)
    desk, booked = shop.desk, shop.book()
    own = desk.as_role(Role.CUSTOMER, shop.anna)
    path, later = f"/v1/bookings/{booked['id']}/rescheduling", {"starts_at": shop.start(days=9)}
    desk.do(f"/v1/customers/{shop.anna}/block", {"reason": "owes us"})
    own.refused(path, later, "customer-blocked")
    assert desk.do(path, later)["starts_at"], "the desk may"
    desk.do(f"/v1/customers/{shop.anna}/unblock", {})
    desk.clock.forward(days=10)
    for way, body in (("rescheduling", {"starts_at": shop.start(days=9)}), ("cancellation", {})):
        own.refused(f"/v1/bookings/{booked['id']}/{way}", body, "booking-state")


def test_a_foreign_booking_answers_a_customer_like_an_unknown_one(desk: Desk) -> None:
    shop = Shop(desk)
    booked = shop.book()
    stranger = desk.as_role(Role.CUSTOMER, desk.customer("Béla"))
    for way, body in (("rescheduling", {"starts_at": shop.start(days=9)}), ("cancellation", {})):
        answers = []
        for id in (booked["id"], "bkg_unknown"):
            problem = stranger.refused(f"/v1/bookings/{id}/{way}", body, "not-found")
            answers.append({**problem, "instance": "", "id": problem["id"] == id})
        assert answers[0] == answers[1]


def test_a_package_is_not_frozen_over_a_session_that_holds_its_units(either_desk: Desk) -> None:
    shop = Shop(either_desk, deduct="at_attendance")
    desk, booked = shop.desk, shop.book()
    path = f"/v1/packages/{shop.package}/freeze"
    problem = desk.refused(path, {"until": desk.today(days=5), "reason": "ill"}, "holds-outstanding")
    assert problem["bookings"] == [booked["id"]]
    assert desk.do(path, {"until": desk.today(days=1), "reason": "ill"})["frozen_until"] == desk.today(days=1)


def test_by_the_rule_too_an_unpaid_package_is_named(either_desk: Desk) -> None:
    shop = Shop(either_desk, payment_required=True)
    problem = shop.desk.refused("/v1/bookings", shop.body(), "payment-required")
    assert problem["owing"] == 50_000


def test_a_no_show_is_over(either_desk: Desk) -> None:
    shop = Shop(either_desk)
    desk, booked = shop.desk, shop.book()
    desk.clock.forward(days=4)
    desk.do(f"/v1/bookings/{booked['id']}/attendance", {"attendance": "no_show"})
    shop.check(booked["id"], status="completed", attendance="no_show", credits_used=1)
    assert desk.get("/v1/customers", booking_status="active")["data"] == []


def test_an_id_that_names_a_booking_kept_elsewhere_is_taken(either_desk: Desk) -> None:
    shop = Shop(either_desk)
    desk, id = shop.desk, "bkg_theirs"
    desk.do(f"/v1/packages/{shop.package}/redemptions", {"service_id": shop.massage, "booking_id": id})
    desk.refused("/v1/bookings", shop.body(id=id), "id-taken")


def test_who_pays_later_keeps_the_terms_of_the_booking(either_desk: Desk) -> None:
    shop = Shop(either_desk)
    desk = shop.desk
    desk.do("/v1/policies", {"cancellation": {"notice_hours": 0, "late": "restore"}})
    booking = shop.unpaid(starts_at=shop.start(hours=20))
    before = desk.get(f"/v1/bookings/{booking}")["cancellation"]
    desk.do(f"/v1/packages/{shop.package}/redemptions", {"service_id": shop.massage, "booking_id": booking})
    shop.check(booking, credits_used=1, cancellation=before)
    desk.as_role(Role.CUSTOMER, shop.anna).do(f"/v1/bookings/{booking}/cancellation", {})
    assert desk.card(shop.package)["available"] == 10


def test_what_a_redemption_leaves_out_is_the_bookings(either_desk: Desk) -> None:
    shop = Shop(either_desk)
    booking = shop.unpaid(quantity=3)
    path = f"/v1/packages/{shop.package}/redemptions"
    shop.desk.do(path, {"service_id": shop.massage, "booking_id": booking})
    shop.check(booking, credits_used=3)


def test_what_went_back_in_part_goes_back_whole_before_it_is_paid_again(desk: Desk) -> None:
    shop = Shop(desk)
    booked = shop.book(quantity=2)
    desk.do(f"/v1/redemptions/{booked['redemption_id']}/restorations", {"quantity": 1})
    use = {"service_id": shop.massage, "booking_id": booked["id"]}
    problem = desk.refused(f"/v1/packages/{shop.package}/redemptions", use, "booking-state")
    assert problem["booking_status"] == "partly paid"


@pytest.mark.parametrize("ended", ["attendance", "cancellation"])
def test_units_that_go_back_after_it_was_called_off_no_longer_count(either_desk: Desk, ended: str) -> None:
    """Its package was cancelled: there was nothing to forfeit then, and the unit stayed used."""
    shop = Shop(either_desk)
    desk, booked = shop.desk, shop.book()
    desk.do(f"/v1/packages/{shop.package}/cancellation", {"reason": "moved away"})
    desk.clock.forward(days=3, hours=1)
    desk.do(
        f"/v1/bookings/{booked['id']}/{ended}", {"attendance": "no_show"} if ended == "attendance" else {}
    )
    shop.check(booked["id"], credits_used=1)
    desk.do(f"/v1/redemptions/{booked['redemption_id']}/restorations", {})
    shop.check(booked["id"], credits_used=0)


@pytest.mark.covers("S85")
def test_who_is_barred_from_a_service_does_not_book_it(either_desk: Desk) -> None:
    desk, groom = either_desk, either_desk.service("Groom")
    body = {"name": "Anna", "participants": [{"name": "Rex", "kind": "dog", "barred_services": [groom]}]}
    anna = desk.do("/v1/customers", body)
    starts_at = (desk.clock() + timedelta(days=3)).isoformat(timespec="milliseconds")
    asked = {"customer_id": anna["id"], "service_id": groom, "starts_at": starts_at}
    desk.refused("/v1/bookings", asked | {"participant_id": anna["participants"][1]["id"]}, "not-eligible")
    assert desk.do("/v1/bookings", asked)["status"] == "pending"


def test_a_dog_that_left_stays_a_dog(either_desk: Desk) -> None:
    desk, groom = either_desk, either_desk.service("Groom")
    anna = desk.do("/v1/customers", {"name": "Anna", "participants": [{"name": "Rex", "kind": "dog"}]})
    rex = anna["participants"][1]["id"]
    package = desk.sell(anna["id"], desk.offer(groom, sharing="household"))["id"]
    used = desk.redeem(package, groom, participant_id=rex)["redemption_id"]
    starts_at = (desk.clock() + timedelta(days=3)).isoformat(timespec="milliseconds")
    asked = {"customer_id": anna["id"], "service_id": groom, "starts_at": starts_at, "participant_id": rex}
    booking = desk.do("/v1/bookings", asked)["id"]
    desk.do(f"/v1/customers/{anna['id']}/participants/{rex}/removal")
    listed = desk.get("/v1/bookings")["data"]
    assert listed == [desk.get(f"/v1/bookings/{booking}")]
    assert listed[0]["participant"]["kind"] == "dog"
    assert desk.get(f"/v1/redemptions/{used}")["participant"]["kind"] == "dog"
    (customer,) = desk.get("/v1/customers")["data"]
    assert [each["number"] for each in customer["participants"]] == [0], "who left is not shown"


@pytest.mark.covers("S92")
@pytest.mark.parametrize("deduct", ["at_booking", "at_attendance"])
def test_what_a_late_cancellation_forfeited_is_given_back_later(either_desk: Desk, deduct: str) -> None:
    shop = Shop(either_desk, deduct=deduct)
    desk, staff = shop.desk, shop.desk.as_role(Role.STAFF)
    booked = shop.book(quantity=2)
    desk.clock.forward(days=2, hours=1)
    gone = desk.do(f"/v1/bookings/{booked['id']}/cancellation", {})
    restorations = f"/v1/redemptions/{gone['redemption_id']}/restorations"
    use = desk.get(f"/v1/redemptions/{gone['redemption_id']}")
    assert [(part["units"], part["forfeited"], part["restorable"]) for part in use["allocations"]] == [
        ([1, 2], True, 2)
    ]
    desk.clock.forward(days=1)
    staff.refused(restorations, {"quantity": 1}, "validation-failed")
    back = staff.do(restorations, {"quantity": 1, "reason": "was in hospital"})
    assert (back["restored"], back["usable"], back["restorable"]) == (1, 1, 1)
    shown = shop.check(booked["id"], credits_used=1)
    assert (shown["cancellation"]["outcome"], shown["cancellation"]["overridden"]) == (
        "partly_forfeited",
        True,
    )
    card = desk.do(f"/v1/packages/{shop.package}/corrections", {"line": 1, "change": 1, "reason": "goodwill"})
    counts = ("granted", "total", "remaining", "used", "forfeited", "corrected")
    assert [card[name] for name in counts] == [10, 10, 10, 0, 0, 0]
    shown = shop.check(booked["id"], credits_used=0)
    assert shown["cancellation"]["outcome"] == "restored"
    staff.refused(restorations, {"reason": "once more"}, "already-restored")
    history = desk.get(f"/v1/packages/{shop.package}/history")["data"]
    labels = {row["label"]: row for row in history}
    assert labels["Forfeiture restored"]["booking"]["id"] == booked["id"]
    assert labels["Forfeiture restored"]["reverses"] == labels["Forfeited"]["version"]
    assert desk.get(f"/v1/packages/{shop.package}/explanation")["balance"]["result"] == 10
    states = [unit["state"] for unit in desk.get(f"/v1/packages/{shop.package}/units")["data"]]
    assert states == ["available"] * 10
    (usage,) = [
        row for row in desk.get(f"/v1/customers/{shop.anna}/credits")["usage"] if row["kind"] == "forfeited"
    ]
    assert usage["returned"] == 2


@pytest.mark.covers("S104")
def test_a_booking_kept_elsewhere_is_paid_for_once(either_desk: Desk) -> None:
    shop = Shop(either_desk)
    desk, other = shop.desk, shop.desk.service("Facial")
    facials = desk.sell(shop.anna, desk.offer(other, sharing="household"))["id"]
    outside = {"booking_id": "bkg_of_the_till"}
    first = desk.redeem(shop.package, shop.massage, **outside)["redemption_id"]
    second = {"service_id": shop.massage, **outside}
    for path in (f"/v1/packages/{shop.package}/redemptions", f"/v1/customers/{shop.anna}/redemptions"):
        problem = desk.refused(path, second, "booking-state")
        assert (problem["booking_status"], problem["redemption_id"]) == ("paid", first)
    assert desk.redeem(facials, other, **outside)["remaining"] == 9, "another service of the same visit"
    assert desk.card(shop.package)["remaining"] == 9
    desk.do(f"/v1/redemptions/{first}/restorations", {})
    assert desk.redeem(shop.package, shop.massage, **outside)["remaining"] == 9


@pytest.mark.parametrize("deduct", ["at_booking", "at_attendance"])
def test_validity_after_first_use_follows_the_first_session(either_desk: Desk, deduct: str) -> None:
    shop = Shop(either_desk, deduct=deduct)
    desk = shop.desk
    validity = {"rule": "after_first_use", "count": 10, "unit": "days"}
    package = desk.sell(shop.anna, desk.offer(shop.massage, validity=validity))["id"]
    booking = shop.book(package_id=package)["id"]
    assert desk.card(package)["expires_on"] == (desk.today(days=13) if deduct == "at_booking" else None)
    desk.do(f"/v1/bookings/{booking}/rescheduling", {"starts_at": shop.start(days=33)})
    card = desk.card(package)
    assert card["expires_on"] == (desk.today(days=43) if deduct == "at_booking" else None)
    desk.do(f"/v1/bookings/{booking}/cancellation", {})
    card = desk.card(package)
    assert (card["remaining"], card["expires_on"], card["validity"]["started_on"]) == (10, None, None)
    (listed,) = [row for row in desk.get("/v1/packages")["data"] if row["id"] == package]
    assert listed == card
    assert desk.ask(f"/v1/packages/{package}/explanation").status_code == 200
    labels = [row["label"] for row in desk.history(package)]
    assert ("Validity reset" in labels, "Session moved" in labels) == (deduct == "at_booking",) * 2
