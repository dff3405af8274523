"""`carnet report sales` and `carnet report reasons` say what the API answers for the same period."""

from typing import Any

import pytest

from domain.actor import Role
from tests.api.cli.conftest import EXPECTED, Terminal
from tests.api.cli.test_history import desk_of


def without_currency(told: Any) -> Any:
    """Amounts of the API in the form of the command: minor units alone."""
    if isinstance(told, dict):
        if told.keys() == {"amount", "currency"}:
            return told["amount"]
        return {name: without_currency(value) for name, value in told.items()}
    return [without_currency(each) for each in told] if isinstance(told, list) else told


def test_the_sales_of_a_period_are_those_of_the_api(terminal: Terminal) -> None:
    with desk_of(terminal, terminal.open_business("Rosa")) as desk:
        anna, massage, gift = desk.customer("Anna"), desk.service(tax_rate=2_700), desk.service("Gift")
        desk.sell(anna, desk.offer(massage, price=12_700), effective_at=desk.today(days=-9))
        desk.sell(anna, desk.offer(gift, price=700))
        early = desk.today(days=-2)
        for period, parameters in (
            ((), {}),
            (("--to", early), {"to": early}),
            (("--from", early), {"from": early}),
            (("--clock", "recorded", "--to", early), {"clock": "recorded", "to": early}),
        ):
            told = without_currency(desk.get("/v1/reports/sales", **parameters))
            found = terminal.told("report", "sales", *period)
            taxes = [
                {"tax_rate": each["rate"], "amount": each["gross"], "net": each["net"], "tax": each["tax"]}
                for each in found["taxes"]
            ]
            assert {**found, "taxes": taxes} == told
    shown = terminal.run("report", "sales").output
    assert "2 packages sold" in shown
    assert "27 %" in shown
    assert "$134.00" in shown.replace("US$", "$")


def test_the_sales_of_loaded_books_are_what_the_reference_sold(terminal: Terminal) -> None:
    terminal.open_business()
    terminal.load()
    found = terminal.told("report", "sales", "--to", "1998-06-30")
    reference = EXPECTED["liability"]["1998-06-30"]
    assert (found["packages"], found["amount"]) == (reference["packages"], reference["amount_sold"])
    assert [each["rate"] for each in found["taxes"]] == [None], "no rate of a loaded sale is known"


def test_the_reasons_of_a_period_are_those_of_the_api(terminal: Terminal) -> None:
    with desk_of(terminal, terminal.open_business("Rosa"), Role.OWNER) as desk:
        codes = [{"code": "twice", "text": "Entered twice", "groups": ["correction", "refund"]}]
        desk.do("/v1/policies", {"reason_codes": codes})
        payment = {"amount": 12_700, "method": "cash"}
        sold = desk.sell(desk.customer(), desk.offer(desk.service(), price=12_700), payment=payment)
        correct = {"line": 1, "change": -1}
        desk.do(f"/v1/packages/{sold['id']}/corrections", {**correct, "reason_code": "twice"})
        desk.do(f"/v1/packages/{sold['id']}/corrections", correct)
        refund = {"amount": 2_700, "reason": "sorry", "reason_code": "twice"}
        desk.do(f"/v1/payments/{sold['payment_id']}/refunds", refund)
        for options, parameters in (((), {}), (("--group", "refund"), {"group": "refund"})):
            told = without_currency(desk.get("/v1/reports/reasons", **parameters))
            found = terminal.told("report", "reasons", *options)
            assert {"position": found["position"], "reasons": found["rows"]} == told
            assert found["rows"]
    shown = terminal.run("report", "reasons").output
    assert "Entered twice" in shown
    assert "without a code" in shown
    assert "27.00" in shown
    assert "Entered twice" in terminal.run("history", sold["id"]).output


@pytest.mark.parametrize("report", ["sales", "movements", "reasons"])
def test_a_period_that_cannot_be_is_refused(embedded: Terminal, report: str) -> None:
    embedded.open_business()
    assert "is over" in embedded.run("report", report, "--to", "2199-01-01", status=2).stderr
    wrong = ("--from", "2020-02-01", "--to", "2020-01-31")
    assert "before --from" in embedded.run("report", report, *wrong, status=2).stderr
