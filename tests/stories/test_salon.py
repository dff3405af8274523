"""A month in a salon in Budapest: packages paid in parts, late cancellations, points, a list for a mailing."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.stories.till import Json, Till, by_day, day, moment, money, opened

HUF = "HUF"


@pytest.mark.covers(
    *(
        "S32",
        "S33",
        "S35",
        "S38",
        "S91",
        "S92",
        "S93",
        "S94",
        "S102",
        "S104",
        "S137",
        "S139",
        "S140",
        "S141",
        "S142",
    ),
    *("S144", "S145", "S147", "S148", "S149", "S36", "S34", "S117", "S119", "S122", "S124"),
)
def test_a_month_in_a_salon(database: str, tmp_path: Path) -> None:
    with opened(
        database, tmp_path, "Silk Salon", HUF, by_day("Europe/Budapest", "America/New_York", "Asia/Tokyo")
    ) as owner:
        salon = _Salon(owner)
        salon.opens()
        salon.sells_a_package_that_is_paid_in_parts()
        salon.books_and_cancels()
        salon.forgives_once()
        salon.blocks_a_customer()
        salon.counts_points()
        salon.looks_for_customers()
        salon.runs_a_branch_abroad()
        salon.lets_go_and_takes_back()
        salon.answers_an_auditor()


class _Salon:
    """The owner Éva, the therapist Rosa and her customers Anna and Béla."""

    def __init__(self, owner: Till) -> None:
        self.owner = owner

    def opens(self) -> None:
        owner = self.owner
        owner.do(
            "/policies",
            {
                "cancellation": {
                    "notice_hours": 24,
                    "late": "forfeit",
                    "text": "24 hours, else the unit is lost",
                },
                "earn": [{"on": "payment", "points": 1, "per_amount": 1000}, {"on": "visit", "points": 5}],
            },
        )
        self.rosa = owner.do("/staff", {"name": "Rosa", "role": "staff"})["id"]
        self.desk = owner.with_key(
            owner.do("/keys", {"role": "staff", "staff_id": self.rosa, "name": "desk"})["key"]
        )
        massage = {"name": "Massage 60", "service_type": "Massage", "list_price": money(9_000, HUF)}
        facial = {"name": "Facial", "service_type": "Beauty", "list_price": money(12_000, HUF)}
        self.massage, self.facial = (owner.do("/services", body)["id"] for body in (massage, facial))
        self.offer = owner.do(
            "/offers",
            {
                "name": "Massage ×5 💆",
                "price": money(40_000, HUF),
                "lines": [{"quantity": 5, "services": [self.massage]}],
                "validity": {"rule": "after_purchase", "count": 1, "unit": "months"},
            },
        )["id"]
        anna = {"name": "Kiss Anna", "mobile": "30 123 4567", "country_code": "+36", "category": "VIP"}
        bela = {"name": "Nagy Béla", "email": "bela@example.org"}
        self.anna = owner.do("/customers", {**anna, "consents": {"marketing": True}})["id"]
        self.bela = owner.do("/customers", bela)["id"]

    def sells_a_package_that_is_paid_in_parts(self) -> None:
        sold = self.desk.do("/packages", {"customer_id": self.anna, "offer_id": self.offer})
        self.package = sold["id"]
        assert (sold["payment_status"], sold["price"]) == ("unpaid", money(40_000, HUF))
        self.desk.do(f"/packages/{self.package}/notes", {"text": "agreed to pay 10 000 Ft per visit"})
        for paid, state in ((10_000, "partial"), (30_000, "paid")):
            pay = {"amount": money(paid, HUF), "method": "cash"}
            assert self.desk.do(f"/packages/{self.package}/payments", pay)["payment_status"] == state
        used = self.desk.do(f"/packages/{self.package}/redemptions", {"service_id": self.massage})
        assert (used["used"], used["total"], used["remaining"]) == (1, 5, 4)

    def book(self, **body: object) -> Json:
        asked = {"customer_id": self.anna, "service_id": self.massage, "staff_id": self.rosa, **body}
        return self.desk.do("/bookings", asked)

    def card(self) -> Json:
        return self.desk.get(f"/packages/{self.package}")

    def books_and_cancels(self) -> None:
        next_week = self.book(starts_at=moment(days=7))
        assert (next_week["status"], next_week["uses_package"], next_week["credits_used"]) == (
            "pending",
            True,
            1,
        )
        assert self.card()["remaining"] == 3
        called_off = self.desk.do(f"/bookings/{next_week['id']}/cancellation", {"by": "customer"})
        assert (called_off["status"], called_off["cancellation"]["outcome"]) == ("cancelled", "restored")
        assert self.card()["remaining"] == 4
        tomorrow = self.book(starts_at=moment(hours=3))
        late = self.desk.do(f"/bookings/{tomorrow['id']}/cancellation", {"by": "customer"})
        assert late["cancellation"]["outcome"] == "forfeited"
        card = self.card()
        assert (card["remaining"], card["forfeited"], card["used"]) == (3, 1, 2)

    def forgives_once(self) -> None:
        booked = self.book(starts_at=moment(hours=5))
        address = f"/bookings/{booked['id']}/cancellation"
        assert self.desk.refused(address, {"by": "customer", "override": "restore"}) == "validation-failed"
        forgiven = self.desk.do(
            address, {"by": "customer", "override": "restore", "reason": "her child is ill"}
        )
        assert forgiven["cancellation"]["outcome"] == "restored"
        assert self.card()["remaining"] == 3
        kept = self.book(starts_at=moment(minutes=-30))
        self.desk.do(f"/bookings/{kept['id']}/confirmation")
        assert (
            self.desk.do(f"/bookings/{kept['id']}/attendance", {"attendance": "attended"})["attendance"]
            == "attended"
        )
        assert self.desk.do(f"/bookings/{kept['id']}/completion")["status"] == "completed"
        assert (
            self.desk.refused(f"/bookings/{kept['id']}/cancellation", {"by": "customer"}) == "booking-state"
        )
        history = self.desk.rows(f"/packages/{self.package}/history")
        assert {"purchase", "payment", "use", "restoration", "forfeiture", "note"} <= {
            row["kind"] for row in history
        }

    def blocks_a_customer(self) -> None:
        self.owner.do(f"/customers/{self.bela}/block", {"reason": "did not pay, three times"})
        asked = {"customer_id": self.bela, "service_id": self.facial, "starts_at": moment(days=2)}
        assert self.desk.refused("/bookings", asked) == "customer-blocked"
        empty = self.desk.get(f"/customers/{self.bela}/bookings")
        assert (empty["data"], empty["empty_text"]) == ([], "No Data Found")
        self.owner.do(f"/customers/{self.bela}/unblock")

    def counts_points(self) -> None:
        # 40 for what was paid, 5 for the visit at the desk and 5 for the booking that was attended.
        assert self.desk.get(f"/customers/{self.anna}")["points"] == 50
        self.desk.do(
            f"/customers/{self.anna}/points", {"action": "redeem", "points": 20, "reason": "a hand cream"}
        )
        too_many = {"action": "redeem", "points": 31}
        assert self.desk.refused(f"/customers/{self.anna}/points", too_many) == "points-insufficient"
        rows = self.desk.rows(f"/customers/{self.anna}/points")
        assert {(row["action"], row["rewarded_by"]["kind"]) for row in rows} == {
            ("added", "system"),
            ("redeemed", "staff"),
        }
        (redeemed,) = self.desk.rows(f"/customers/{self.anna}/points", action="redeemed")
        assert (redeemed["points"], redeemed["total"], redeemed["rewarded_by"]["name"]) == (-20, 30, "Rosa")

    def looks_for_customers(self) -> None:
        def names(**filters: object) -> list[str]:
            return [row["name"] for row in self.desk.rows("/customers", **filters)]

        assert names(search="ann") == names(search="1234") == names(category="VIP") == ["Kiss Anna"]
        assert names(search="bela") == ["Nagy Béla"]
        assert names(service_type="Massage") == names(consent="marketing") == ["Kiss Anna"]
        assert names(unused_service_type="Beauty", status="active") == ["Kiss Anna", "Nagy Béla"]
        assert names(unused_service_id=self.massage) == ["Nagy Béla"]
        assert names(offer_id=self.offer, booking_status="completed", booking_from=day(days=-1)) == [
            "Kiss Anna"
        ]
        assert names(booking_status="active") == []
        expiring = self.desk.rows("/packages", expires_from=day(), expires_to=day(days=40), status="active")
        assert [card["id"] for card in expiring] == [self.package]
        assert self.desk.rows("/packages", owing="true") == []

    def runs_a_branch_abroad(self) -> None:
        owner, zone = self.owner, "Pacific/Kiritimati"
        self.branch = owner.do("/locations", {"name": "Lagoon", "time_zone": zone})["id"]
        body = {"name": "Lagoon ×3", "price": money(30_000, HUF), "locations": [self.branch]}
        offer = owner.do("/offers", {**body, "lines": [{"quantity": 3, "services": [self.facial]}]})["id"]
        sold = owner.do(
            "/packages", {"customer_id": self.bela, "offer_id": offer, "location_id": self.branch}
        )
        self.abroad = sold["id"]
        assert (sold["time_zone"], sold["locations"]) == (zone, [self.branch])
        there = {"customer_id": self.bela, "service_id": self.facial, "location_id": self.branch}
        booked = owner.do("/bookings", {**there, "starts_at": moment(days=2)})
        on = booked["local_date"]
        assert on == datetime.fromisoformat(booked["starts_at"]).astimezone(ZoneInfo(zone)).date().isoformat()
        found = owner.rows(f"/customers/{self.bela}/bookings", **{"from": on, "to": on})
        assert [row["id"] for row in found] == [booked["id"]]
        assert [card["id"] for card in owner.rows("/packages", purchased_from=sold["purchased_on"])][:1] == [
            self.abroad
        ]

    def lets_go_and_takes_back(self) -> None:
        owner, use = self.owner, {"service_id": self.facial}
        path = f"/packages/{self.abroad}/redemptions"
        assert owner.refused(path, use) == "not-eligible"
        owner.do(f"/locations/{self.branch}/closure")
        assert owner.do(path, use)["remaining"] == 1
        assert owner.do(f"/locations/{self.branch}/reopening")["open"]
        moving = {"locations": [], "reason": "the lagoon is far"}
        assert owner.do(f"/packages/{self.abroad}/locations", moving)["locations"] == []
        owner.do(f"/services/{self.facial}/retirement")
        asked = {"customer_id": self.bela, "service_id": self.facial, "starts_at": moment(days=3)}
        assert owner.do("/bookings", asked)["credits_used"] == 1
        assert owner.refused("/bookings", asked) == "offer-retired"
        assert not owner.do(f"/services/{self.facial}/reinstatement")["retired"]
        zoe = owner.do("/staff", {"name": "Zoe"})["id"]
        owner.do(f"/staff/{zoe}/deactivation")
        asked |= {"staff_id": zoe}
        assert owner.refused("/bookings", asked) == "validation-failed"
        assert owner.do(f"/staff/{zoe}/reactivation")["active"]
        assert owner.do("/bookings", asked)["staff"]["name"] == "Zoe"

    def answers_an_auditor(self) -> None:
        auditor = self.owner.with_key(self.owner.do("/keys", {"role": "auditor", "name": "audit"})["key"])
        card = auditor.get(f"/packages/{self.package}")
        assert (card["customer"]["name"], card["remaining"]) == (None, 2)
        first = auditor.get(f"/packages/{self.package}", at_version=1)
        assert (first["remaining"], first["paid"]["amount"]) == (5, 0)
