"""A month in a consultancy: hours sold by hand, sessions, corrections, receipts."""

from pathlib import Path

import pytest

from tests.stories.till import Json, Till, audit, by_day, local_day, money, opened


@pytest.mark.covers("S24", "S25", "S27", "S31", "S75", "S95", "S105")
def test_a_month_in_a_consultancy(database: str, tmp_path: Path) -> None:
    zone = by_day("Europe/Berlin", "America/New_York", "Asia/Tokyo")
    with opened(database, tmp_path, "Falk Advisory", "EUR", zone) as owner:
        firm = _Consultancy(owner, zone)
        firm.opens()
        firm.adds_hours_by_hand()
        firm.works()
        firm.corrects()
        firm.writes_receipts()
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
