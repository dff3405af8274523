"""A term in a swim school: a family with two children, lessons held until they are attended, the parent's app."""

from pathlib import Path

import pytest

from tests.stories.till import Json, Till, by_day, moment, money, opened


@pytest.mark.covers(
    *(
        "S40",
        "S41",
        "S42",
        "S43",
        "S44",
        "S45",
        "S49",
        "S50",
        "S51",
        "S52",
        "S53",
        "S54",
        "S55",
        "S56",
        "S57",
        "S58",
    ),
    *("S59", "S60", "S61", "S103"),
)
def test_a_term_in_a_swim_school(database: str, tmp_path: Path) -> None:
    with opened(
        database,
        tmp_path,
        "Otter Swim School",
        "GBP",
        by_day("Europe/London", "America/Vancouver", "Australia/Perth"),
    ) as owner:
        school = _School(owner)
        school.opens()
        school.books_a_term()
        school.teaches()
        school.shows_the_parent()
        school.keeps_others_out()


class _School:
    """The instructor Ivy, and the Hart family: Kate, who pays, with Finn and Mia."""

    def __init__(self, owner: Till) -> None:
        self.owner = owner

    def opens(self) -> None:
        owner = self.owner
        owner.do(
            "/policies",
            {
                "deduct": "at_attendance",
                "cancellation": {"notice_hours": 12, "late": "forfeit", "text": "12 hours"},
            },
        )
        self.ivy = owner.do("/staff", {"name": "Ivy"})["id"]
        self.pool = owner.do("/locations", {"name": "Small pool"})["id"]
        lesson = {"name": "Beginners", "service_type": "Lessons", "duration_minutes": 30}
        self.lesson = owner.do("/services", lesson)["id"]
        self.party = owner.do("/services", {"name": "Pool party", "service_type": "Events"})["id"]
        family = {
            "name": "Kate Hart",
            "email": "kate@example.org",
            "mobile": "07700 900123",
            "country_code": "+44",
            "participants": [{"name": "Finn", "kind": "person"}, {"name": "Mia", "kind": "person"}],
        }
        kate = owner.do("/customers", family)
        self.kate = kate["id"]
        self.finn, self.mia = (
            next(p["id"] for p in kate["participants"] if p["name"] == n) for n in ("Finn", "Mia")
        )
        sold = owner.do(
            "/packages",
            {
                "customer_id": self.kate,
                "name": "Six lessons",
                "lines": [{"quantity": 6, "services": [self.lesson]}],
                "price": money(9_000, "GBP"),
                "payment": {"amount": money(9_000, "GBP"), "method": "card"},
            },
        )
        self.package = sold["id"]
        owner.do(f"/packages/{self.package}/sharing", {"sharing": "household"})

    def lesson_for(self, child: str, **body: object) -> Json:
        asked = {"customer_id": self.kate, "service_id": self.lesson, "participant_id": child}
        return self.owner.do("/bookings", {**asked, "staff_id": self.ivy, "location_id": self.pool, **body})

    def books_a_term(self) -> None:
        series = self.lesson_for(self.finn, starts_at=moment(days=3), repeat={"every": "week", "count": 8})
        assert len(series["bookings"]) == 6
        assert [each["code"] for each in series["refused"]] == ["insufficient-units"] * 2
        assert len({booking["local_time"] for booking in series["bookings"]}) == 1
        self.series = [booking["id"] for booking in series["bookings"]]
        card = self.owner.get(f"/packages/{self.package}")
        assert (card["held"], card["remaining"], card["available"]) == (6, 6, 0)
        nothing_left = {"service_id": self.lesson, "participant_id": self.mia}
        assert (
            self.owner.refused(f"/packages/{self.package}/redemptions", nothing_left) == "insufficient-units"
        )
        cancel = {"reason": "they move away"}
        assert self.owner.refused(f"/packages/{self.package}/cancellation", cancel) == "holds-outstanding"
        for booking in self.series[4:]:
            self.owner.do(f"/bookings/{booking}/cancellation", {"by": "customer"})
        card = self.owner.get(f"/packages/{self.package}")
        assert (card["held"], card["available"]) == (4, 2)

    def teaches(self) -> None:
        lesson = self.lesson_for(self.mia, starts_at=moment(minutes=-40))
        missed = self.lesson_for(self.mia, starts_at=moment(minutes=-20))
        attended = self.owner.do(f"/bookings/{lesson['id']}/attendance", {"attendance": "late"})
        assert (attended["attendance"], attended["credits_used"]) == ("late", 1)
        gone = self.owner.do(f"/bookings/{missed['id']}/attendance", {"attendance": "no_show"})
        assert gone["cancellation"]["outcome"] == "forfeited"
        mark = f"/bookings/{missed['id']}/attendance"
        swam = self.owner.do(mark, {"attendance": "attended", "reason": "Mia swam with the others"})
        assert (swam["cancellation"]["outcome"], swam["credits_used"]) == (None, 1)
        assert self.owner.do(mark, {"attendance": "no_show"})["cancellation"]["outcome"] == "forfeited"
        card = self.owner.get(f"/packages/{self.package}")
        assert (card["redeemed"], card["forfeited"], card["held"], card["remaining"]) == (1, 1, 4, 4)
        paid = {"amount": money(2_500, "GBP"), "method": "transfer"}
        party = {
            "customer_id": self.kate,
            "service_id": self.party,
            "starts_at": moment(days=20),
            "payment": paid,
        }
        booked = self.owner.do("/bookings", party)
        assert (booked["uses_package"], booked["paid"], booked["payment_method"]) == (
            False,
            paid["amount"],
            "transfer",
        )
        self.calls_the_party_off(f"/bookings/{booked['id']}", booked["payment_id"])
        units = self.owner.rows(f"/packages/{self.package}/units")
        assert sorted(unit["state"] for unit in units) == ["forfeited", *["held"] * 4, "used"]
        (used,) = [unit for unit in units if unit["state"] == "used"]
        assert (used["participant"]["id"], used["booking_id"]) == (self.mia, lesson["id"])

    def calls_the_party_off(self, party: str, first: str) -> None:
        cake = self.owner.do(f"{party}/payments", {"amount": money(500, "GBP"), "method": "cash"})
        assert (cake["paid"], cake["payment_method"]) == (money(3_000, "GBP"), "cash")
        off = self.owner.do(f"{party}/cancellation", {"by": "business", "reason": "the pool is closed"})
        assert off["to_refund"] == money(3_000, "GBP")
        for payment, amount in ((first, 2_500), (cake["payment_id"], 500)):
            back = {"amount": money(amount, "GBP"), "reason": "the pool is closed"}
            refunded = self.owner.do(f"/payments/{payment}/refunds", back)
        assert (refunded["paid"], refunded["refunded"]) == (money(0, "GBP"), money(3_000, "GBP"))

    def shows_the_parent(self) -> None:
        key = self.owner.do("/keys", {"role": "customer", "customer_id": self.kate, "name": "app"})["key"]
        self.app = self.owner.with_key(key)
        activity = self.app.get(f"/customers/{self.kate}/activity")
        assert [card["id"] for card in activity["packages"]] == [self.package]
        bookings = self.app.rows(f"/customers/{self.kate}/bookings")
        assert len(bookings) == 9
        first = next(row for row in bookings if row["id"] == self.series[0])
        assert (first["participant"]["name"], first["staff"]["name"], first["attendance"]) == (
            "Finn",
            "Ivy",
            "unmarked",
        )
        assert (first["location"]["name"], first["service"]["name"]) == ("Small pool", "Beginners")
        called_off = self.app.do(f"/bookings/{self.series[0]}/cancellation", {"by": "customer"})
        assert called_off["cancellation"]["outcome"] == "restored"
        credits = self.app.get(f"/customers/{self.kate}/credits")
        (service,) = credits["services"]
        assert (service["name"], service["available"]) == ("Beginners", 1)
        (use,) = [row for row in credits["usage"] if row["quantity"] == 1 and row["booking_starts_at"]][:1]
        assert (use["package_id"], use["source_name"], use["service"]["name"]) == (
            self.package,
            "Six lessons",
            "Beginners",
        )
        moved = self.app.do(f"/bookings/{self.series[1]}/rescheduling", {"starts_at": moment(days=11)})
        assert moved["status"] == "pending"
        booked = {
            "customer_id": self.kate,
            "service_id": self.lesson,
            "starts_at": moment(days=5),
            "participant_id": self.finn,
        }
        assert self.app.do("/bookings", booked)["uses_package"]
        assert (
            self.app.refused(f"/packages/{self.package}/redemptions", {"service_id": self.lesson})
            == "forbidden"
        )

    def keeps_others_out(self) -> None:
        other = self.owner.do("/customers", {"name": "Tom Reed"})["id"]
        key = self.owner.do("/keys", {"role": "customer", "customer_id": other, "name": "app"})["key"]
        stranger = self.owner.with_key(key)
        for address in (
            f"/customers/{self.kate}",
            f"/packages/{self.package}",
            f"/bookings/{self.series[1]}",
        ):
            assert stranger.missing(address)
        assert stranger.refused(f"/bookings/{self.series[1]}/cancellation", {"by": "customer"}) == "not-found"
