"""A month in a dog daycare: three dogs share a pass, one is barred from swimming, the stamps tell who used what."""

from pathlib import Path

import pytest

from tests.api.images import PNG
from tests.stories.till import Json, Till, by_day, day, moment, money, opened


@pytest.mark.covers(
    *(
        "S59",
        "S62",
        "S63",
        "S64",
        "S65",
        "S66",
        "S67",
        "S68",
        "S69",
        "S70",
        "S71",
        "S72",
        "S73",
        "S74",
        "S76",
        "S77",
    ),
    *("S78", "S79", "S80", "S81", "S82", "S83", "S84", "S85", "S86", "S87", "S130"),
)
def test_a_month_in_a_dog_daycare(database: str, tmp_path: Path) -> None:
    with opened(
        database,
        tmp_path,
        "Happy Paws",
        "USD",
        by_day("America/New_York", "Europe/Paris", "Asia/Tokyo", "America/Chicago"),
    ) as owner:
        daycare = _Daycare(owner)
        daycare.opens()
        daycare.sells_a_pass_for_three()
        daycare.stamps()
        daycare.sells_again()
        daycare.says_goodbye_to_one()
        daycare.forgives_a_late_cancellation()
        daycare.tries_a_week()
        daycare.gives_days_to_a_friend()


class _Daycare:
    """Lee with the dogs Max, Bella and Rex, who may not swim."""

    def __init__(self, owner: Till) -> None:
        self.owner = owner

    def opens(self) -> None:
        owner = self.owner
        self.daycare = owner.do("/services", {"name": "Day of care 🐶", "service_type": "Daycare"})["id"]
        self.swim = owner.do("/services", {"name": "Swim", "service_type": "Extras"})["id"]
        photo = owner.upload("/photos", PNG, "image/png")["id"]
        dogs = [
            {"name": "Max", "kind": "dog", "photo": photo},
            {"name": "Bella", "kind": "dog"},
            {"name": "Rex", "kind": "dog", "barred_services": [self.swim]},
        ]
        lee = owner.do("/customers", {"name": "Lee Park", "mobile": "+12125550123", "participants": dogs})
        self.lee = lee["id"]
        found = {each["name"]: each for each in lee["participants"]}
        self.max, self.bella, self.rex = (found[name]["id"] for name in ("Max", "Bella", "Rex"))
        assert found["Max"]["photo_url"] == f"/v1/photos/{photo}"
        self.offer = owner.do(
            "/offers",
            {
                "name": "20 days 🐾",
                "price": money(60_000, "USD"),
                "lines": [{"quantity": 20, "services": [self.daycare, self.swim]}],
                "validity": {"rule": "never"},
                "sharing": "household",
                "cap_per_participant": 12,
            },
        )["id"]

    def sells_a_pass_for_three(self) -> None:
        paid = {"amount": money(60_000, "USD"), "method": "cash"}
        sold = self.owner.do("/packages", {"customer_id": self.lee, "offer_id": self.offer, "payment": paid})
        self.first = sold["id"]
        assert (sold["purchase_number"], sold["granted"], sold["payment_status"]) == (1, 20, "paid")
        (purchase, *_) = self.owner.rows(f"/packages/{self.first}/history")
        assert (purchase["label"], purchase["business_name"]) == ("+20 uses · Cash", "Happy Paws")

    def use(self, dog: str, quantity: int = 1, service: str | None = None) -> Json:
        body = {"service_id": service or self.daycare, "participant_id": dog, "quantity": quantity}
        return self.owner.do(f"/customers/{self.lee}/redemptions", body)

    def stamps(self) -> None:
        self.use(self.max, 3)
        self.use(self.bella, 2, self.swim)
        rex = {"service_id": self.swim, "participant_id": self.rex}
        assert self.owner.refused(f"/packages/{self.first}/redemptions", rex) == "not-eligible"
        asked = {"customer_id": self.lee, "service_id": self.daycare, "participant_id": self.rex}
        booked = self.owner.do("/bookings", {**asked, "starts_at": moment(days=2)})
        units = self.owner.rows(f"/packages/{self.first}/units")
        used = [unit for unit in units if unit["state"] == "used"]
        assert [unit["participant"]["name"] for unit in used] == ["Max"] * 3 + ["Bella"] * 2 + ["Rex"]
        assert used[0]["participant"]["kind"] == "dog"
        assert all(unit["used_at"] for unit in used)
        assert used[-1]["booking_id"] == booked["id"]
        too_many = {"service_id": self.daycare, "participant_id": self.max, "quantity": 10}
        assert self.owner.refused(f"/packages/{self.first}/redemptions", too_many) == "not-eligible"
        wrong = self.use(self.bella)
        self.owner.do(f"/redemptions/{wrong['redemption_id']}/restorations", {"reason": "it was another dog"})
        self.owner.do(
            f"/packages/{self.first}/corrections", {"line": 1, "change": 1, "reason": "for the rainy day"}
        )
        kinds = {row["kind"] for row in self.owner.rows(f"/packages/{self.first}/history")}
        assert {"purchase", "use", "restoration", "correction"} <= kinds

    def sells_again(self) -> None:
        again = {"customer_id": self.lee, "offer_id": self.offer}
        second, third = (self.owner.do("/packages", again) for _ in range(2))
        assert [card["purchase_number"] for card in (second, third)] == [2, 3]
        small = {
            "name": "One day",
            "lines": [{"quantity": 1, "services": [self.daycare]}],
            "price": money(3_500, "USD"),
        }
        gone = self.owner.do("/packages", {"customer_id": self.lee, **small, "expires_on": day(days=9)})
        self.owner.do(f"/packages/{gone['id']}/redemptions", {"service_id": self.daycare})
        tab = self.owner.get(f"/customers/{self.lee}/packages")
        assert tab["active_count"] == 3
        assert [(card["id"], card["collapsed"]) for card in tab["data"]][-1] == (gone["id"], True)
        assert [card["collapsed"] for card in tab["data"]] == [False, False, False, True]

    def says_goodbye_to_one(self) -> None:
        self.owner.do(f"/customers/{self.lee}/participants/{self.bella}/removal")
        body = {"service_id": self.daycare, "participant_id": self.bella}
        assert self.owner.refused(f"/packages/{self.first}/redemptions", body) == "not-eligible"
        units = self.owner.rows(f"/packages/{self.first}/units")
        assert sum(unit["state"] == "used" and unit["participant"]["id"] == self.bella for unit in units) == 2

    def book(self, package: str, **ahead: int) -> Json:
        body = {"customer_id": self.lee, "service_id": self.daycare, "participant_id": self.max}
        return self.owner.do("/bookings", {**body, "package_id": package, "starts_at": moment(**ahead)})

    def forgives_a_late_cancellation(self) -> None:
        """Max was at the vet: what the terms had forfeited goes back, and the booking tells it."""
        owner = self.owner
        owner.do("/policies", {"cancellation": {"notice_hours": 72, "late": "forfeit", "text": "Three days"}})
        strict = owner.do("/packages", {"customer_id": self.lee, "offer_id": self.offer})["id"]
        booked = self.book(strict, days=1)
        gone = owner.do(f"/bookings/{booked['id']}/cancellation", {"by": "customer"})
        assert gone["cancellation"]["outcome"] == "forfeited"
        assert owner.get(f"/packages/{strict}")["forfeited"] == 1
        path = f"/redemptions/{gone['redemption_id']}/restorations"
        assert owner.refused(path) == "validation-failed"
        assert owner.do(path, {"reason": "he was at the vet"})["usable"] == 1
        assert owner.get(f"/packages/{strict}")["remaining"] == 20
        assert owner.get(f"/bookings/{booked['id']}")["cancellation"]["outcome"] == "restored"
        self.strict = strict

    def tries_a_week(self) -> None:
        """A week that begins with the first day waits again when that day is called off in time."""
        lines = [{"quantity": 5, "services": [self.daycare]}]
        week = {"rule": "after_first_use", "count": 1, "unit": "weeks"}
        offer = {"name": "A week to try", "price": money(9_000, "USD"), "lines": lines, "validity": week}
        trial = self.owner.do("/offers", {**offer, "sharing": "household"})["id"]
        package = self.owner.do("/packages", {"customer_id": self.lee, "offer_id": trial})["id"]
        booked = self.book(package, days=10)["id"]
        first = self.owner.get(f"/packages/{package}")["expires_on"]
        self.owner.do(f"/bookings/{booked}/rescheduling", {"starts_at": moment(days=40)})
        assert self.owner.get(f"/packages/{package}")["expires_on"] > first
        self.owner.do(f"/bookings/{booked}/cancellation", {"by": "customer"})
        assert self.owner.get(f"/packages/{package}")["expires_on"] is None

    def gives_days_to_a_friend(self) -> None:
        friend = self.owner.do("/customers", {"name": "Ana Diaz"})["id"]
        present = {"to_customer_id": friend, "line": 1, "quantity": 3, "reason": "A birthday"}
        moved = self.owner.do(f"/packages/{self.strict}/transfers", present)
        assert (moved["remaining"], moved["to"]["remaining"]) == (17, 3)
        (listed,) = self.owner.get(f"/customers/{friend}/packages")["data"]
        assert (listed["origin"]["kind"], listed["payment_status"]) == ("transfer", "paid")
        self.owner.do(f"/transfers/{moved['transfer_id']}/undo")
        assert self.owner.get(f"/packages/{self.strict}")["remaining"] == 20
