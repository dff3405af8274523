"""A spring in a spa: a membership by the calendar, packages that top themselves up, points, campaigns, e-mails.

The clock of this story is set by hand: it begins on 31 January 2026.
"""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.actor import Role
from tests.api.desk import Body, Desk, money
from tests.api.outbound.conftest import post_anew
from tests.api.outbound.mailbox import Mailbox, mailbox, plain
from tests.stories.set_clock import opened_on
from tests.stories.till import audit

NOTHING = {"renewals": 0, "expiries": 0, "reminders": 0}
MONTHS = {
    # Anna 3 massages for 40.00 and 2 facials for 70.00, Béla 2 for 60.00, Cili a facial for 60.00, Dóra 7 for 50.00.
    1: (3 * 4_000, 2 * 7_000, 2 * 6_000, 6_000, 7 * 5_000),
    # Anna's new period has 6 and 3 are used; Béla has 5 more; Dóra's money went back.
    2: (3 * 4_000, 2 * 7_000, 7 * 6_000, 6_000),
    # Béla used 5; the last 2 ended on 15 March.
    3: (3 * 4_000, 2 * 7_000, 6_000),
    # Anna's next period.
    4: (6 * 4_000, 2 * 7_000, 6_000),
}
"""Month → what is owed in sessions at its end, by hand. May has not ended."""
MORNING = datetime(2026, 1, 31, 9, tzinfo=UTC)
NEVER = {"rule": "never"}
ANNA, BELA = "anna@example.org", "bela@example.org"


@pytest.mark.covers(
    *("S20", "S48", "S75", "S81", "S85", "S86", "S87", "S88", "S89", "S90", "S92", "S98", "S100"),
    *("S110", "S113", "S119", "S121", "S123", "S136", "S143", "S145", "S146"),
)
def test_a_spring_in_a_spa(database: str, tmp_path: Path) -> None:
    with opened_on(MORNING, database, tmp_path, "Lotus Spa") as desk, mailbox() as box:
        spa = _Spa(desk, box)
        spa.opens()
        spa.starts_a_membership()
        spa.sells_five_with_a_rule()
        spa.counts_points()
        spa.writes_to_those_who_agreed()
        spa.sells_what_the_campaign_offers()
        spa.shares_ten_in_a_family()
        spa.charges_a_card_on_the_second_try()
        spa.misses_two_sessions()
        spa.reminds_in_february()
        spa.refunds_what_is_unused()
        spa.renews_at_the_end_of_february()
        spa.gives_up_a_card()
        spa.pauses_for_ten_days()
        spa.renews_after_the_pause()
        spa.lets_the_last_units_lapse()
        spa.closes_the_season()
        spa.takes_the_books_along()
        spa.answers_an_auditor()
    audit(database, tmp_path)


class _Spa:
    """Anna is a member, Béla buys five massages at a time, Cili only wants to hear of offers."""

    def __init__(self, desk: Desk, box: Mailbox) -> None:
        self.desk = desk
        self.box = box
        self.post = post_anew(desk, box)

    def tick(self, **expected: int) -> None:
        told = self.desk.tick()
        assert {job: told[job] for job in NOTHING} == {**NOTHING, **expected}

    def points(self, customer: str) -> int:
        return int(self.desk.get(f"/v1/customers/{customer}")["points"])

    def opens(self) -> None:
        desk = self.desk
        earn = [{"on": "payment", "points": 1, "per_amount": 1_000}, {"on": "visit", "points": 5}]
        terms = {"notice_hours": 24, "late": "forfeit", "text": "A day before, else the session is lost."}
        desk.do("/v1/policies", {"earn": earn, "message_language": "en", "cancellation": terms})
        self.massage = desk.service(list_price=6_000, tax_rate=2_700)
        self.facial = desk.service("Facial", "Beauty", list_price=9_000, tax_rate=2_700)
        self.anna = desk.customer("Anna", email=ANNA, consents={"marketing": True})
        self.bela = desk.customer("Béla", email=BELA)
        self.cili = desk.customer("Cili", consents={"marketing": True, "birthday": True})

    @property
    def current(self) -> Any:
        return self.desk.get(self.membership)["current"]

    def pays_the_period(self) -> None:
        paid = {"amount": money(16_000), "method": "card"}
        self.desk.do(f"/v1/packages/{self.current['package_id']}/payments", paid)

    def starts_a_membership(self) -> None:
        """Four massages a month for 160.00, of which two may roll over."""
        desk = self.desk
        plan = {
            "name": "Club",
            "price": 16_000,
            "lines": [{"quantity": 4, "services": [self.massage]}],
            "period": {"count": 1, "unit": "months"},
            "rollover_limit": 2,
        }
        asked = {"plan_id": desk.do("/v1/plans", plan)["id"], "customer_id": self.anna}
        self.membership = f"/v1/memberships/{desk.do('/v1/memberships', asked)['id']}"
        assert (self.current["starts_on"], self.current["ends_on"]) == ("2026-01-31", "2026-02-27")
        self.pays_the_period()
        used = desk.do(f"/v1/customers/{self.anna}/redemptions", {"service_id": self.massage})
        self.january = self.current["package_id"]
        assert used["packages"][0]["remaining"] == 3

    def sells_five_with_a_rule(self) -> None:
        desk = self.desk
        validity = {"rule": "after_purchase", "count": 6, "unit": "weeks"}
        self.offer = desk.offer(self.massage, quantity=5, price=30_000, validity=validity, name="Five")
        paid = {"amount": money(30_000), "method": "cash"}
        sold = desk.sell(self.bela, self.offer, payment=paid)
        self.first = sold["id"]
        assert sold["expires_on"] == "2026-03-14"
        rule = {"offer_id": self.offer, "threshold": 2, "payment_method_ref": "pm_bela", "monthly_cap": 2}
        self.rule = f"/v1/top-ups/{desk.do(f'/v1/customers/{self.bela}/top-ups', rule)['id']}"
        desk.redeem(self.first, self.massage, quantity=3)
        self.post.goes()
        assert self.box.recipients[-1] == BELA
        assert "Paid: €300.00" in plain(self.box.taken[-1][1])

    def counts_points(self) -> None:
        """Anna: 16 for 160.00 and 5 for a visit. Béla: 30 for 300.00 and 5 for a visit."""
        desk, path = self.desk, f"/v1/customers/{self.anna}/points"
        assert (self.points(self.anna), self.points(self.bela)) == (21, 35)
        desk.do(path, {"action": "redeem", "points": 10, "reason": "a hand cream"})
        desk.refused(path, {"action": "redeem", "points": 12}, "points-insufficient")
        desk.do(path, {"action": "adjust", "points": -1, "reason": "one too many"})
        added = desk.do(path, {"action": "add", "points": 20, "source": "Winter"})
        desk.do(f"/v1/points/{added['id']}/reversal", {"reason": "she was not meant"})
        told = [(row["action"], row["points"], row["total"]) for row in desk.all_of(path)]
        assert told == [
            ("added", 16, 16),
            ("added", 5, 21),
            ("redeemed", -10, 11),
            ("adjusted", -1, 10),
            ("added", 20, 30),
            ("adjusted", -20, 10),
        ]

    def writes_to_those_who_agreed(self) -> None:
        desk = self.desk
        saved = {"name": "Offers of spring", "filters": {"consent": ["marketing"]}}
        segment = desk.do("/v1/segments", saved)["id"]
        vip = {"action": "categorise", "category": "VIP", "segment_id": segment}
        told = desk.do("/v1/customers/bulk", vip)
        assert {row["customer_id"] for row in told["rows"] if row["done"]} == {self.anna, self.cili}
        desk.do(f"/v1/customers/{self.cili}/changes", {"consents": {"marketing": False}})
        reached = desk.all_of("/v1/customers", segment_id=segment, category="VIP")
        assert [row["name"] for row in reached] == ["Anna"], "who withdrew is not written to"
        assert len(desk.all_of("/v1/customers", category="VIP")) == 2
        birthday = desk.all_of("/v1/customers", consent="birthday")
        assert [row["name"] for row in birthday] == ["Cili"], "the other consent stays"

    def sells_what_the_campaign_offers(self) -> None:
        """Three facials for 210.00 in place of 270.00, to members who never had one; a day made up for Cili."""
        desk = self.desk
        asked = {"consent": "marketing", "unused_service_id": self.facial}
        assert [row["name"] for row in desk.all_of("/v1/customers", **asked)] == ["Anna"]
        three = desk.offer(self.facial, quantity=3, price=27_000, name="Facial ×3")
        paid = {"amount": money(11_000), "method": "card"}
        facials = desk.sell(self.anna, three, price=21_000, payment=paid)
        self.facials = facials["id"]
        assert (facials["list_price"], facials["owing"]) == (money(27_000), money(10_000))
        desk.redeem(self.facials, self.facial)
        assert desk.all_of("/v1/customers", **asked) == [], "who had a facial is not asked again"
        lines = [{"quantity": 1, "services": [service]} for service in (self.massage, self.facial)]
        custom: Body = {"name": "Spring day", "lines": lines, "price": 10_000}
        # 60.00 and 90.00 are worth 40.00 and 60.00 of 100.00.
        self.day = desk.sell(self.cili, payment={"amount": money(10_000), "method": "cash"}, **custom)["id"]
        assert desk.redeem(self.day, self.massage)["unused_value"] == money(6_000)
        # 16 of the period, 11 of the facials, 5 of each visit; less 10, 1.
        assert (self.points(self.anna), self.points(self.cili)) == (26, 15)
        again = {"filters": {"unused_service_id": [self.facial], "offer_id": [self.offer]}}
        segment = desk.do("/v1/segments", {"name": "Massage only", **again})["id"]
        assert [row["name"] for row in desk.all_of("/v1/customers", segment_id=segment)] == ["Béla"]

    def shares_ten_in_a_family(self) -> None:
        """Ten massages for 500.00, three at most for each of Dóra, Emil and Fanni. Fanni may not have any."""
        desk = self.desk
        emil, fanni = {"name": "Emil"}, {"name": "Fanni", "barred_services": [self.massage]}
        family = desk.do("/v1/customers", {"name": "Dóra", "participants": [emil, fanni]})
        self.dora = family["id"]
        self.emil, barred = (each["id"] for each in family["participants"] if each["name"] != "Dóra")
        offer = desk.offer(
            self.massage, name="Family ×10", sharing="household", cap_per_participant=3, validity=NEVER
        )
        sold = desk.sell(self.dora, offer, payment={"amount": money(50_000), "method": "transfer"})
        self.family, (paid,) = sold["id"], desk.get(f"/v1/packages/{sold['id']}/payments")["data"]
        self.paid = paid["payment_id"]
        use = {"service_id": self.massage}
        path = f"/v1/packages/{self.family}/redemptions"
        desk.do(path, {**use, "participant_id": self.emil, "quantity": 2})
        desk.refused(path, {**use, "participant_id": self.emil, "quantity": 2}, "not-eligible")
        desk.refused(path, {**use, "participant_id": barred}, "not-eligible")
        assert desk.do(path, use)["remaining"] == 7
        stamps = desk.units(self.family)
        assert [each["participant"]["name"] for each in stamps if each["state"] == "used"] == [
            "Emil",
            "Emil",
            "Dóra",
        ]

    def misses_two_sessions(self) -> None:
        """On 3 February Dóra and Emil stay away. Dóra's massage is forfeited, Emil's is forgiven."""
        desk = self.desk
        at = {"customer_id": self.dora, "service_id": self.massage}
        hers = desk.do("/v1/bookings", {**at, "starts_at": "2026-02-03T08:15:00Z"})["id"]
        his = {**at, "participant_id": self.emil, "starts_at": "2026-02-03T08:30:00Z"}
        booked = desk.do("/v1/bookings", his)
        assert desk.card(self.family)["remaining"] == 5
        desk.clock.forward(days=2)
        missed = {"attendance": "no_show"}
        for booking in (hers, booked["id"]):
            told = desk.do(f"/v1/bookings/{booking}/attendance", missed)
            assert told["cancellation"]["outcome"] == "forfeited"
        rows = desk.all_of(f"/v1/customers/{self.dora}/bookings")
        assert {row["attendance"] for row in rows} == {"no_show"}
        redemption = desk.units(self.family)[4]["redemption_id"]
        sorry = {"reason": "the tram stood still"}
        assert desk.do(f"/v1/redemptions/{redemption}/restorations", sorry)["restored"] == 1
        card = desk.card(self.family)
        assert (card["used"], card["forfeited"], card["remaining"]) == (4, 1, 6)

    def refunds_what_is_unused(self) -> None:
        """Four of ten massages for 50.00 are gone: 300.00 of 500.00 go back, and 30 of 50 points."""
        desk = self.desk
        quote = desk.get(f"/v1/packages/{self.family}/refund-quote")
        assert quote["quote"] == money(30_000)
        ending = {"reason": "they move away", "refund": {"amount": money(30_000), "payment_id": self.paid}}
        card = desk.do(f"/v1/packages/{self.family}/cancellation", ending)
        assert (card["status"], card["paid"], card["refunded"]) == ("cancelled", money(20_000), money(30_000))
        assert (card["lapsed"], card["unused_value"]) == (6, money(0))
        assert self.points(self.dora) == 50 - 30 + 5 + 5
        receipt = desk.get(f"/v1/packages/{self.family}/receipt")
        assert (receipt["paid"], receipt["refunded"], receipt["owing"]) == (
            money(20_000),
            money(30_000),
            money(0),
        )
        assert "€300.00" in desk.ask(f"/v1/packages/{self.family}/receipt", media="html").text

    def attempt(self) -> Any:
        return self.desk.get(self.rule)["attempt"]

    def answer(self, outcome: str, **more: Any) -> Any:
        body: Body = {"attempt_id": self.attempt()["id"], "outcome": outcome, **more}
        return self.desk.do(f"{self.rule}/outcome", body)

    def due(self) -> int:
        return len(self.desk.all_of("/v1/top-up-attempts", due=True))

    def charges_a_card_on_the_second_try(self) -> None:
        (charge,) = self.desk.all_of("/v1/top-up-attempts", due=True)
        assert (charge["id"], charge["price"]) == (self.attempt()["id"], money(30_000))
        assert self.answer("failed", reason="card declined")["attempt"]["failures"] == 1
        assert self.due() == 0
        self.desk.clock.forward(days=1)
        assert self.due() == 1
        paid = self.answer("paid", external_ref={"source": "payments", "ref": "ch_1"})
        assert paid["available"] == 7
        self.second = paid["attempt"]["package_id"]
        card = self.desk.card(self.second)
        assert (card["payment_status"], card["origin"]["kind"], card["expires_on"]) == (
            "paid",
            "top_up",
            "2026-03-15",
        )
        assert self.points(self.bela) == 65
        self.post.goes()
        assert self.box.recipients.count(BELA) == 2

    def reminds_in_february(self) -> None:
        """13 February is two weeks before the last valid day of Anna's first period."""
        self.desk.clock.forward(days=10)
        self.tick(reminders=1)
        told = {"expires_on": "2026-02-27"}
        card = self.desk.do(f"/v1/packages/{self.january}/reminders", told)
        assert card["reminder"]["status"] == "sent"

    def renews_at_the_end_of_february(self) -> None:
        """Of three massages two roll over and one lapses. Béla's first five end in two weeks."""
        self.desk.clock.forward(days=15)
        self.tick(renewals=1, expiries=1, reminders=1)
        self.tick()
        assert (self.current["starts_on"], self.current["ends_on"]) == ("2026-02-28", "2026-03-30")
        self.february = self.current["package_id"]
        card = self.desk.card(self.february)
        assert (card["remaining"], card["price"], card["owing"]) == (6, money(24_000), money(16_000))
        assert self.desk.card(self.january)["unused_value"] == money(4_000)
        self.pays_the_period()
        self.desk.redeem(self.february, self.massage, quantity=3)
        assert self.points(self.anna) == 26 + 16 + 5

    def gives_up_a_card(self) -> None:
        """Béla uses four, then one, of the seven: two are left, and the card fails three times."""
        desk, path = self.desk, f"/v1/customers/{self.bela}/redemptions"
        desk.clock.forward(days=10)
        self.tick(reminders=1)
        desk.do(path, {"service_id": self.massage, "quantity": 4})
        assert self.desk.card(self.first)["remaining"] == 0, "what expires first is used first"
        assert self.due() == 0
        desk.do(path, {"service_id": self.massage})
        assert self.due() == 1
        for failures in (1, 2):
            assert self.answer("failed", reason="card expired")["attempt"]["failures"] == failures
            desk.clock.forward(days=1)
        gone = self.answer("failed", reason="card expired")
        assert (gone["status"], gone["available"]) == ("removed", 2)
        assert self.points(self.bela) == 65 + 5 + 5

    def pauses_for_ten_days(self) -> None:
        """From 12 to 21 March; the period so ends on 9 April in place of 30 March."""
        desk = self.desk
        asked = {"until": "2026-03-21", "reason": "skiing"}
        assert desk.do(f"{self.membership}/pause", asked)["status"] == "paused"
        use = {"service_id": self.massage}
        desk.refused(f"/v1/packages/{self.february}/redemptions", use, "package-frozen")
        desk.clock.forward(days=10)
        self.tick(expiries=1)  # two massages of Béla's second package, on 15 March
        assert desk.get(self.membership)["status"] == "active"
        assert self.current["ends_on"] == desk.card(self.february)["expires_on"] == "2026-04-09"

    def renews_after_the_pause(self) -> None:
        desk = self.desk
        desk.clock.forward(days=4)
        self.tick(reminders=1)
        desk.clock.forward(days=15)
        self.tick(renewals=1, expiries=1)
        assert (self.current["starts_on"], self.current["ends_on"]) == ("2026-04-10", "2026-05-09")
        self.april = self.current["package_id"]
        owing = desk.get("/v1/reports/outstanding")
        assert (owing["count"], owing["owing"]) == (2, money(16_000 + 10_000))
        # Four new massages and two that rolled over, for 40.00 each; two facials for 70.00 and one for 60.00.
        report = desk.get("/v1/reports/liability")
        assert (report["units_valid"], report["liability"]) == (6 + 3, money(24_000 + 14_000 + 6_000))
        receipt = desk.get(f"/v1/packages/{self.april}/receipt")
        # What rolled over was taxed with the period before: 160.00 of 240.00 hold 34.02.
        (tax,) = receipt["taxes"]
        assert (receipt["price"], receipt["settled"], tax["tax"]) == (
            money(24_000),
            money(8_000),
            money(3_402),
        )

    def lets_the_last_units_lapse(self) -> None:
        desk = self.desk
        ending = {"reason": "moves to the sea"}
        assert desk.do(f"{self.membership}/ending", ending)["ending"] == "period_end"
        assert desk.do(f"{self.membership}/resume")["ending"] is None
        desk.do(f"{self.membership}/ending", ending)
        desk.clock.forward(days=30)
        self.tick(expiries=1)
        assert desk.get(self.membership)["status"] == "ended"

    def closes_the_season(self) -> None:
        """Three periods of 160.00, two times five massages for 300.00, facials, a day and ten of a family."""
        desk = self.desk
        told = desk.get("/v1/reports/movements")
        changed = {
            cause: (change["units"], change["value"]["amount"]) for cause, change in told["changes"].items()
        }
        assert {cause: change for cause, change in changed.items() if change != (0, 0)} == {
            "sold": (
                3 * 4 + 2 * 5 + 3 + 2 + 10,
                3 * 16_000 + 2 * 30_000 + 21_000 + 10_000 + 50_000,
            ),
            # Anna used 1 and 3 and a facial, Béla 3, 4 and 1, Cili 1, the family 3 and 2 that were booked.
            "redeemed": (
                -(4 + 1 + 8 + 1 + 5),
                -(4 * 4_000 + 7_000 + 8 * 6_000 + 4_000 + 5 * 5_000),
            ),
            # A missed session is given back and forfeited; one was then forgiven.
            "restored": (3, 3 * 5_000),
            "forfeited": (-2, -2 * 5_000),
            # Of Anna's 1, 1 and 6, of Béla's 2.
            "lapsed": (-10, -8 * 4_000 - 2 * 6_000),
            "cancelled": (-6, -6 * 5_000),
        }
        # Two facials of Anna's for 70.00, one of Cili's for 60.00.
        assert told["closing"] == {"units": 3, "value": money(20_000)}
        assert desk.get("/v1/reports/liability")["liability"] == money(20_000)
        self.closes_each_month()
        sales = desk.get("/v1/reports/sales")
        (taxes,) = sales["taxes"]
        # At 27 % 160.00 holds 34.02, 300.00 holds 63.78, 210.00 44.65, 100.00 21.26 and 500.00 106.30.
        tax = 3 * 3_402 + 2 * 6_378 + 4_465 + 2_126 + 10_630
        assert (sales["packages"], sales["amount"], taxes["tax"]) == (8, money(189_000), money(tax))
        pays = {"amount": money(10_000), "method": "cash"}
        assert desk.do(f"/v1/packages/{self.facials}/payments", pays)["payment_status"] == "paid"
        owing = desk.get("/v1/reports/outstanding")
        assert [(each["package_id"], each["owing"]) for each in owing["data"]] == [
            (self.april, money(16_000))
        ]

    def closes_each_month(self) -> None:
        """Each month begins with what the one before left, and ends with the liability of its last day."""
        left = money(0)
        for month, worth in MONTHS.items():
            first = date(2026, month, 1)
            last = date(2026, month + 1, 1) - timedelta(days=1)
            told = self.desk.get(
                "/v1/reports/movements", **{"from": first.isoformat(), "to": last.isoformat()}
            )
            then = self.desk.get("/v1/reports/liability", effective_as_of=last.isoformat())
            assert (told["opening"]["value"], told["closing"]["value"]) == (left, then["liability"]), month
            assert told["closing"] == {"units": then["units_valid"], "value": money(sum(worth))}, month
            left = told["closing"]["value"]

    def rows(self, path: str) -> list[dict[str, str]]:
        answer = self.desk.ask(path)
        assert answer.status_code == 200, answer.text
        return list(csv.DictReader(io.StringIO(answer.text, newline="")))

    def takes_the_books_along(self) -> None:
        """The exports hold the figures of the reports: of money, of units, and of points."""
        lines = self.rows("/v1/packages/export")
        packages = [row for row in lines if row["line"] == "1"]
        assert sum(int(row["price"]) for row in packages) == 189_000 + 2 * 8_000, "two periods rolled over"
        # All was paid but the last period, and 300.00 went back.
        assert sum(int(row["paid"]) for row in packages) == 189_000 - 16_000 - 30_000
        assert sum(int(row["refunded"]) for row in packages) == 30_000
        assert sum(int(row["owing"]) for row in packages) == 16_000
        valid = [row for row in lines if row["status"] == "active"]
        assert {(row["customer_name"], row["service"]): int(row["remaining"]) for row in valid} == {
            ("Anna", "Facial"): 2,
            ("Cili", "Massage 60"): 0,
            ("Cili", "Facial"): 1,
        }
        worth = sum(int(row["unused_value"]) for row in valid if row["line"] == "1")
        assert worth == 20_000
        used = {name: sum(int(row[name]) for row in lines) for name in ("redeemed", "forfeited", "lapsed")}
        # Of the 19 that were used two were missed; six lapsed with the package of the family.
        assert used == {"redeemed": 17, "forfeited": 1, "lapsed": 6}
        points: dict[str, int] = {}
        for row in self.rows("/v1/points/export"):
            points[row["customer_name"]] = points.get(row["customer_name"], 0) + int(row["points"])
        assert points == {
            name: self.points(id)
            for name, id in {
                "Anna": self.anna,
                "Béla": self.bela,
                "Cili": self.cili,
                "Dóra": self.dora,
            }.items()
        }
        assert points == {"Anna": 47 + 10, "Béla": 75, "Cili": 15, "Dóra": 30}

    def answers_an_auditor(self) -> None:
        """An auditor reads figures and no names, and changes nothing."""
        auditor = self.desk.as_role(Role.AUDITOR)
        card = auditor.card(self.february)
        assert (card["customer"]["name"], card["remaining"], card["used"]) == (None, 1, 3)
        assert auditor.card(self.february, at_version=1)["remaining"] == 6
        assert auditor.get("/v1/reports/liability")["liability"] == money(20_000)
        auditor.refused(f"/v1/packages/{self.day}/cancellation", {"reason": "audit"}, "forbidden")
        refunds = auditor.all_of("/v1/reports/corrections", **{"from": "2026-01-01"})
        assert [each["name"] for each in refunds] == ["package.payment_refunded"]
        assert auditor.get("/v1/ledger/verification")["intact"]
