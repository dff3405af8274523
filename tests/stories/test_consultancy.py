"""A month in a consultancy: hours sold by hand, corrected and passed on, balances of old, the end of the month."""

import csv
import io
from pathlib import Path

import pytest

from tests.stories.till import Json, Till, audit, by_day, local_day, money, opened

CLIENTS = """reference;name;email;consent_marketing
K-1;Süd & Söhne;buero@sued.example;yes
K-2;Tal GmbH;;no
"""
# Süd has 6 of 10 hours left, worth 720.00; Tal 4 of 6, worth 400.00.
BALANCES = """reference;customer;name;service;units;used_before;price;paid;purchased_on
P-1;K-1;Hours of last year;Advice;10;4;120000;120000;17.06.2025
P-2;K-2;Old rate;Advice;6;2;60000;60000;30.09.2025
P-3;K-9;Whose?;Advice;1;0;12000;12000;30.09.2025
"""


@pytest.mark.covers(
    *("S24", "S25", "S27", "S29", "S31", "S33", "S37", "S75", "S95", "S105", "S110", "S111", "S113", "S120")
)
def test_a_month_in_a_consultancy(database: str, tmp_path: Path) -> None:
    zone = by_day("Europe/Berlin", "America/New_York", "Asia/Tokyo")
    with opened(database, tmp_path, "Falk Advisory", "EUR", zone) as owner:
        firm = _Consultancy(owner, zone)
        firm.opens()
        firm.adds_hours_by_hand()
        firm.works()
        firm.corrects()
        firm.writes_receipts()
        firm.lowers_a_price()
        firm.passes_hours_on()
        firm.moves_in_last_year()
        firm.takes_the_import_back()
        firm.sorts_its_clients()
        firm.enters_an_hour_late()
        firm.closes_the_month()
        firm.answers_an_auditor()
        firm.takes_the_books_along()
        assert owner.get("/ledger/verification")["intact"]
    audit(database, tmp_path)


class _Consultancy:
    """The owner Falk and the consultant Lena, with the clients Nordwind and Ostsee."""

    def __init__(self, owner: Till, zone: str) -> None:
        self.owner = owner
        self.zone = zone

    def ago(self, days: int) -> str:
        return local_day(self.zone, days=-days)

    def opens(self) -> None:
        owner = self.owner
        advice = {"name": "Advice", "service_type": "Hours", "list_price": money(12_000), "tax_rate": 2_000}
        training = {
            "name": "Training",
            "service_type": "Hours",
            "list_price": money(8_000),
            "tax_rate": 1_000,
        }
        self.advice, self.training = (owner.do("/services", body)["id"] for body in (advice, training))
        self.lena = owner.do("/staff", {"name": "Lena", "role": "staff"})["id"]
        key = owner.do("/keys", {"role": "staff", "staff_id": self.lena, "name": "Lena"})["key"]
        self.desk = owner.with_key(key)
        self.nordwind, self.ostsee = (
            owner.do("/customers", {"name": name})["id"] for name in ("Nordwind GmbH", "Ostsee AG")
        )

    def adds_hours_by_hand(self) -> None:
        """Ten hours paid by a transfer to the bank; five hours of advice and three of training, paid in parts."""
        ten = {
            "customer_id": self.nordwind,
            "name": "Ten hours",
            "lines": [{"quantity": 10, "services": [self.advice]}],
            "price": money(120_000),
            "payment": {"amount": money(120_000), "method": "transfer"},
            "effective_at": self.ago(28),
            "note": "Invoice 17, paid to the bank",
        }
        mixed = {
            "customer_id": self.ostsee,
            "name": "Advice and training",
            "lines": [
                {"quantity": 5, "services": [self.advice]},
                {"quantity": 3, "services": [self.training]},
            ],
            "price": money(84_000),
            "effective_at": self.ago(20),
        }
        assert self.desk.refused("/packages", ten) == "back-dating-not-allowed"
        first, second = (self.owner.do("/packages", body) for body in (ten, mixed))
        self.ten, self.mixed = first["id"], second["id"]
        assert (first["purchased_on"], first["payment_status"], first["list_price"]) == (
            self.ago(28),
            "paid",
            money(120_000),
        )
        assert (second["granted"], second["payment_status"]) == (8, "unpaid")
        (note,) = self.owner.rows(f"/packages/{self.ten}/notes")
        assert note["text"] == "Invoice 17, paid to the bank"
        part = {"amount": money(40_000), "method": "card", "effective_at": self.ago(10)}
        paid = self.owner.do(f"/packages/{self.mixed}/payments", part)
        assert (paid["payment_status"], paid["owing"]) == ("partial", money(44_000))

    def use(self, package: str, service: str, quantity: int, days: int) -> Json:
        when = {"effective_at": self.ago(days)} if days else {}
        body = {"service_id": service, "quantity": quantity, "staff_id": self.lena, **when}
        return self.owner.do(f"/packages/{package}/redemptions", body)

    def works(self) -> None:
        self.use(self.ten, self.advice, 2, days=19)
        self.use(self.ten, self.advice, 3, days=14)
        self.use(self.mixed, self.advice, 2, days=14)
        self.use(self.mixed, self.training, 1, days=7)
        assert self.use(self.ten, self.advice, 1, days=0)["remaining"] == 4
        told = {"text": "Spoke about the new warehouse; minutes are in the folder"}
        self.desk.do(f"/packages/{self.ten}/notes", told)
        before = {"service_id": self.advice, "effective_at": self.ago(29)}
        assert self.owner.refused(f"/packages/{self.ten}/redemptions", before) == "effective-at-out-of-range"

    def corrects(self) -> None:
        """An hour was not written down, and the talk of today was free: 10 − 2 − 3 are left."""
        path = f"/packages/{self.ten}/corrections"
        taken = {"line": 1, "change": -1, "reason": "an hour was not written down"}
        assert self.desk.refused(path, taken) == "forbidden"
        assert self.owner.do(path, taken)["remaining"] == 3
        given = {"line": 1, "change": 2, "reason": "it was written down, and today's talk was free"}
        assert self.owner.do(path, given)["remaining"] == 5
        assert self.owner.refused(path, {"line": 1, "change": -6, "reason": "x"}) == "insufficient-units"
        rows = self.owner.rows(f"/packages/{self.ten}/history")
        assert [row["label"] for row in rows if row["kind"] == "correction"] == [
            "Correction: an hour was not written down",
            "Correction: it was written down, and today's talk was free",
        ]
        assert sum(row["change"] for row in rows) == 5

    def writes_receipts(self) -> None:
        """120 000 ÷ 1.2 is 100 000; 60 000 ÷ 1.2 is 50 000; 24 000 ÷ 1.1 is 21 818.18."""
        (all_at_20,) = self.owner.get(f"/packages/{self.ten}/receipt")["taxes"]
        assert (all_at_20["net"], all_at_20["tax"]) == (money(100_000), money(20_000))
        told = self.owner.get(f"/packages/{self.mixed}/receipt")
        taxes = {each["tax_rate"]: (each["net"], each["tax"]) for each in told["taxes"]}
        assert taxes == {
            1_000: (money(21_818), money(2_182)),
            2_000: (money(50_000), money(10_000)),
        }
        assert (told["paid"], told["owing"]) == (money(40_000), money(44_000))
        self.owner.do("/policies", {"locale": "de-DE"})
        page = self.owner.page(f"/packages/{self.mixed}/receipt", media="html")
        assert "Ostsee AG" in page
        assert "440,00\N{NO-BREAK SPACE}€" in page

    def lowers_a_price(self) -> None:
        """The five hours that Ostsee has left, worth 520.00, get cheaper by a tenth."""
        less = {"price": money(78_800), "reason": "a tenth off for what is left"}
        path = f"/packages/{self.mixed}"
        assert self.desk.refused(f"{path}/price", less) == "forbidden"
        told = self.owner.do(f"{path}/price", less)
        assert (told["owing"], told["unused_value"], told["list_price"]) == (
            money(38_800),
            money(46_800),
            money(84_000),
        )
        values = [each["value"]["amount"] for each in self.owner.rows(f"{path}/units")]
        assert values == [12_000] * 2 + [10_800] * 3 + [8_000] + [7_200] * 2
        part = {"amount": money(20_000), "method": "transfer"}
        assert self.desk.do(f"{path}/payments", part)["owing"] == money(18_800)
        too_much = {"amount": money(18_801), "method": "transfer"}
        assert self.desk.refused(f"{path}/payments", too_much) == "overpayment"
        # 564.00 ÷ 1.2 is 470.00; 224.00 ÷ 1.1 is 203.64.
        taxes = self.owner.get(f"{path}/receipt")["taxes"]
        assert {each["tax_rate"]: (each["net"], each["tax"]) for each in taxes} == {
            1_000: (money(20_364), money(2_036)),
            2_000: (money(47_000), money(9_400)),
        }

    def passes_hours_on(self) -> None:
        """Nordwind leaves two of its five hours to Ostsee, and one more by mistake."""
        path, asked = f"/packages/{self.ten}/transfers", {"to_customer_id": self.ostsee, "line": 1}
        assert self.desk.refused(path, {**asked, "quantity": 2}) == "forbidden"
        moved = self.owner.do(path, {**asked, "quantity": 2})
        wrong = self.owner.do(path, {**asked, "quantity": 1})
        self.owner.do(f"/transfers/{wrong['transfer_id']}/undo", {"reason": "two were agreed"})
        self.left = moved["to"]["id"]
        assert self.use(self.left, self.advice, 1, days=0)["remaining"] == 1
        assert (
            self.owner.refused(f"/transfers/{moved['transfer_id']}/undo", {"reason": "x"}) == "not-eligible"
        )
        assert self.owner.get(f"/packages/{self.ten}")["remaining"] == 3
        (taxed,) = self.owner.get(f"/packages/{self.ten}/receipt")["taxes"]
        assert taxed["tax"] == money(20_000), "the tax stays where the hours were sold"
        receipt = self.owner.get(f"/packages/{self.left}/receipt")
        assert (receipt["price"], receipt["owing"], receipt["taxes"]) == (money(24_000), money(0), [])

    def moves_in_last_year(self) -> None:
        owner, old = self.owner, {"source": "old-books"}
        came = owner.send("/imports/customers", CLIENTS.encode("cp1252"), **old)
        assert (came["recorded"], came["refused"]) == (2, 0)
        tried = owner.send("/imports/packages", BALANCES.encode(), **old, dry_run="true")
        told = owner.send("/imports/packages", BALANCES.encode(), **old)
        assert (tried["recorded"], told["recorded"], told["refused"]) == (2, 2, 1)
        (wrong,) = told["refused_rows"]
        assert (wrong["line"], wrong["column"]) == (4, "customer")
        self.batch = told["import_id"]
        cards = owner.rows("/packages", import_id=self.batch)
        self.sued, self.tal = (
            next(card["id"] for card in cards if card["external_ref"]["ref"] == ref) for ref in ("P-1", "P-2")
        )
        card = owner.get(f"/packages/{self.sued}")
        assert (card["purchased_on"], card["remaining"], card["unused_value"]) == (
            "2025-06-17",
            6,
            money(72_000),
        )
        assert owner.get(f"/packages/{self.sued}/receipt")["taxes"] == []
        report = owner.get("/reports/liability")
        assert (report["units_granted"], report["units_imported"]) == (18, 10)
        self.use(self.tal, self.advice, 1, days=0)

    def takes_the_import_back(self) -> None:
        """It was last month's file. Tal has used an hour since, so its package stays."""
        told = self.owner.do(f"/imports/{self.batch}/reversal", {"reason": "the file of the month before"})
        assert (told["reversed"], told["refused"]) == (1, 1)
        assert [each["package_id"] for each in told["stay"]] == [self.tal]
        assert self.owner.get(f"/packages/{self.sued}")["status"] == "cancelled"
        assert self.owner.get("/reports/liability")["units_imported"] == 4

    def sorts_its_clients(self) -> None:
        saved = {"name": "Never trained", "filters": {"unused_service_id": [self.training]}}
        segment = self.owner.do("/segments", saved)["id"]
        asked = {"action": "categorise", "category": "Regular", "segment_id": segment}
        assert self.desk.refused("/customers/bulk", asked) == "forbidden"
        told = self.owner.do("/customers/bulk", asked)
        assert (told["done"], told["refused"]) == (3, 0)
        regulars = {row["name"] for row in self.owner.rows("/customers", category="Regular")}
        assert regulars == {"Nordwind GmbH", "Süd & Söhne", "Tal GmbH"}

    def enters_an_hour_late(self) -> None:
        """An hour of five days ago comes in today: the month that was reported yesterday stays as it was told."""
        body = {"service_id": self.advice, "effective_at": self.ago(5)}
        assert self.desk.refused(f"/packages/{self.ten}/redemptions", body) == "back-dating-not-allowed"
        self.use(self.ten, self.advice, 1, days=5)
        (entered,) = (
            row
            for row in self.owner.rows(f"/packages/{self.ten}/history")
            if row["kind"] == "use" and row["local_date"] == self.ago(5)
        )
        self.told_at = entered["recorded_at"]
        # Nordwind had 5 hours and now had 4; Ostsee 3 and 2.
        asked = {"effective_as_of": self.ago(4)}
        before = self.owner.get("/reports/liability", **asked, as_of=self.told_at)
        after = self.owner.get("/reports/liability", **asked)
        assert (before["units_remaining"], before["liability"]) == (10, money(60_000 + 36_000 + 16_000))
        assert (after["units_remaining"], after["liability"]) == (9, money(48_000 + 36_000 + 16_000))

    def closes_the_month(self) -> None:
        month = {"from": self.ago(29)}
        sales = self.owner.get("/reports/sales", **month)
        # 1 200.00 and 788.00; 1 764.00 of them with 20 % and 224.00 with 10 %.
        assert (sales["packages"], sales["amount"]) == (2, money(198_800))
        assert {each["tax_rate"]: (each["amount"], each["tax"]) for each in sales["taxes"]} == {
            1_000: (money(22_400), money(2_036)),
            2_000: (money(176_400), money(29_400)),
        }
        half = self.owner.get("/reports/movements", **month, to=self.ago(10))
        # 18 sold; 2, 3 and 2 hours of advice used for 120.00 each.
        assert half["changes"]["redeemed"] == {"units": -7, "value": money(-84_000)}
        assert half["closing"] == {"units": 11, "value": money(120_000)}
        then = self.owner.get("/reports/liability", effective_as_of=self.ago(10))
        assert (then["units_remaining"], then["liability"]) == (11, money(120_000))
        moved = self.owner.get("/reports/movements", **month)
        changed = {
            cause: (change["units"], change["value"]["amount"]) for cause, change in moved["changes"].items()
        }
        assert {cause: change for cause, change in changed.items() if change != (0, 0)} == {
            "sold": (18, 204_000),
            "imported": (10, 112_000),
            "voided": (-6, -72_000),
            # 7 hours of Nordwind, 2 of Ostsee, its training, one that it was left, and one at the old rate of 100.00.
            "redeemed": (-12, -84_000 - 24_000 - 8_000 - 12_000 - 10_000),
            "corrected": (1, 12_000),
            "price": (0, -5_200),
        }
        # Nordwind 2 × 120.00; Ostsee 3 × 108.00, 2 × 72.00 and 120.00; Tal 3 × 100.00.
        assert moved["closing"] == {"units": 11, "value": money(24_000 + 32_400 + 14_400 + 12_000 + 30_000)}
        assert self.owner.get("/reports/liability")["liability"] == moved["closing"]["value"]
        lines = self.owner.rows("/reports/movements/lines", **month)
        assert sum(line["change"]["value"]["amount"] for line in lines) == 112_800
        owing = self.owner.get("/reports/outstanding")
        assert (owing["count"], owing["owing"]) == (1, money(18_800))
        corrections = self.owner.rows("/reports/corrections", **month)
        units = [entry["units"] for entry in corrections if entry["name"] == "package.corrected"]
        assert units == [-1, 2]

    def answers_an_auditor(self) -> None:
        """An auditor sees what was entered late and by whom, why a price fell, and no name."""
        auditor = self.owner.with_key(self.owner.do("/keys", {"role": "auditor", "name": "audit"})["key"])
        late = auditor.rows("/reports/late-entries", **{"from": self.ago(0)})
        # What was entered today for a day before: 18 hours sold, 9 used.
        assert sum(entry["units"] for entry in late) == 18 - 2 - 3 - 2 - 1 - 1
        assert [entry["local_date"] for entry in late if entry["name"] == "package.redeemed"] == [
            self.ago(days) for days in (19, 14, 14, 7, 5)
        ]
        assert {entry["entered_by"]["role"] for entry in late} == {"owner"}
        steps = auditor.get(f"/packages/{self.mixed}/explanation")["payment_status"]["steps"]
        assert [
            (step["price"]["amount"], step["paid"]["amount"], step["payment_status"]) for step in steps
        ] == [
            (84_000, 0, "unpaid"),
            (84_000, 40_000, "partial"),
            (78_800, 40_000, "partial"),
            (78_800, 60_000, "partial"),
        ]
        card = auditor.get(f"/packages/{self.ten}")
        assert (card["customer"]["name"], card["remaining"], card["transferred"]) == (None, 2, 2)
        taken = {"line": 1, "change": -1, "reason": "a test"}
        assert auditor.refused(f"/packages/{self.ten}/corrections", taken) == "forbidden"
        assert auditor.get("/ledger/verification")["intact"]

    def takes_the_books_along(self) -> None:
        rows = list(csv.DictReader(io.StringIO(self.owner.page("/packages/export"), newline="")))
        left = {
            (row["customer_name"], row["name"], row["line"]): int(row["remaining"])
            for row in rows
            if row["status"] == "active"
        }
        assert left == {
            ("Nordwind GmbH", "Ten hours", "1"): 2,
            ("Ostsee AG", "Advice and training", "1"): 3,
            ("Ostsee AG", "Advice and training", "2"): 2,
            ("Ostsee AG", "Ten hours", "1"): 1,
            ("Tal GmbH", "Old rate", "1"): 3,
        }
        (nordwind,) = (row for row in rows if row["customer_name"] == "Nordwind GmbH")
        assert (nordwind["price"], nordwind["paid"], nordwind["owing"]) == ("120000", "120000", "0")
