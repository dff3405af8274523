"""One package at the desk: the panel of a manager, two steps before anything is taken away, history and money."""

from typing import Any

import pytest

from domain.actor import Role
from tests.api.desk import Desk
from tests.api.pages.browser import Browser, filled

pytest_plugins = ["tests.api.houses"]


def _sold(desk: Desk, **more: Any) -> tuple[str, str, str]:
    """A service, a customer, and a package of five units for 500.00."""
    service = desk.service()
    anna = desk.customer("Anna")
    return service, anna, str(desk.sell(anna, desk.offer(service, quantity=5), **more)["id"])


def _sure(browser: Browser, name: str, **typed: str) -> str:
    """Send a form that asks first, and go on; what it said would happen."""
    browser.send(f"/{name}", **typed)
    assert browser.answer.status_code == 200, browser.text
    (question,) = browser.page.all("section", **{"aria-labelledby": "question"})
    browser.send(f"/{name}")
    return question.text


@pytest.mark.covers(
    "S15", "S16", "S17", "S18", "S19", "S21", "S22", "S23", "S24", "S25", "S26", "S27", "S28", "S29"
)
def test_a_manager_changes_a_package_in_its_panel(either_desk: Desk) -> None:
    service, anna, package = _sold(either_desk)
    either_desk.redeem(package, service, quantity=2)
    browser = Browser.signed_in(either_desk.as_role(Role.MANAGER))
    browser.go(f"/desk/customers/{anna}")
    (pencil,) = browser.page.all("a", **{"class": "tool"})
    browser.go(pencil.attributes["href"].partition("#")[0])
    assert "Massage 60 2/5 used 3 left" in browser.text

    browser.send("/expiry", expires_on="2031-05-06")
    assert either_desk.card(package)["expires_on"] == "2031-05-06"
    assert list(browser.page.all("section", **{"class": "panel"})), "the panel stays open"
    browser.send("/expiry", never="yes")
    assert either_desk.card(package)["expires_on"] is None

    browser.send("/payment", amount="120.50", method="cash")
    assert either_desk.card(package)["paid"]["amount"] == 12_050
    assert "Partial · €379.50 owing" in browser.text

    before = either_desk.head
    browser.send("/correction", step="1:-1", reason="Came on Sunday")
    assert either_desk.head == before, "nothing happened yet"
    assert "Massage 60: 3 left now, 2 afterwards (3/5 used)" in browser.text
    assert "The history will say “Correction: Came on Sunday”" in browser.text
    form = browser.form("/correction")
    for _ in range(2):
        browser.post(form.attributes["action"], filled(form))
    assert either_desk.card(package)["remaining"] == 2, "sent twice it is one correction"
    browser.send("/correction", step="1:1")
    browser.send("/correction")
    assert either_desk.card(package)["remaining"] == 3
    browser.go(f"/desk/packages/{package}")
    assert "Correction: Came on Sunday" in browser.text
    _sure(browser, "correction", change="-3")
    assert "Fully used" in browser.text, "the status follows at once"
    _sure(browser, "correction", change="1")
    assert "Fully used" not in browser.text


@pytest.mark.covers("S15", "S27")
def test_staff_see_no_pencil_and_are_refused_without_it(desk: Desk) -> None:
    _, anna, package = _sold(desk)
    browser = Browser.signed_in(desk.as_role(Role.STAFF))
    browser.go(f"/desk/customers/{anna}?edit={package}")
    assert not list(browser.page.all("a", **{"class": "tool"}))
    assert not list(browser.page.all("section", **{"class": "panel"}))
    browser.go(f"/desk/packages/{package}")
    assert not list(browser.page.all("section", id="change"))
    browser.send("/payment", amount="10", method="card")
    assert desk.card(package)["paid"]["amount"] == 1_000, "staff take payments"
    fields = filled(browser.form("/note")) | {"expires_on": "2031-01-01"}
    before = desk.head
    assert browser.post(f"/desk/packages/{package}/expiry", fields).status_code == 403
    assert "Your role does not allow this." in browser.text
    assert desk.head == before


def test_the_second_of_two_managers_is_told_what_the_first_did(desk: Desk) -> None:
    _, anna, package = _sold(desk)
    rita = str(desk.do("/v1/staff", {"name": "Rita", "role": "manager"})["id"])
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}?edit={package}")
    desk.as_role(Role.MANAGER, rita).do(f"/v1/packages/{package}/expiry", {"expires_on": "2031-01-02"})
    answer = browser.send("/expiry", expires_on="2031-05-06", reason="Was ill")
    assert answer.status_code == 412
    assert "Somebody changed this meanwhile" in browser.text
    assert "Good until January 2, 2031 Rita · " in browser.text
    (day,) = browser.page.all("input", id=f"expiry-{package}-expires_on")
    assert day.attributes["value"] == "2031-05-06", "what was typed is still there"
    browser.send("/expiry")
    assert desk.card(package)["expires_on"] == "2031-05-06", "sent again it is meant"


def test_both_steps_are_one_command_however_often_they_are_gone_through(desk: Desk) -> None:
    _, _, package = _sold(desk, payment={"amount": 50_000, "method": "card"})
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/packages/{package}")
    form = browser.form("/refund")
    address, first = form.attributes["action"], filled(form) | {"amount": "10", "reason": "Too much"}
    for _ in range(2):  # and back to the first step, as it was
        browser.post(address, first)
        browser.send("/refund")
    assert desk.card(package)["refunded"]["amount"] == 1_000
    browser.post(address, first | {"amount": "20"})
    assert browser.send("/refund").status_code == 422
    assert "This form was sent before" in browser.text
    (amount,) = (
        each
        for each in browser.page.all("input", name="amount")
        if each.attributes["id"].startswith("refund")
    )
    assert amount.attributes["value"] == "20", "what was typed is still there"
    browser.send("/refund")
    browser.send("/refund")
    assert desk.card(package)["refunded"]["amount"] == 3_000


def test_an_amount_is_read_in_the_locale_and_never_guessed(desk: Desk) -> None:
    desk.do("/v1/policies", {"locale": "hu-HU"})
    _, _, package = _sold(desk)
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/packages/{package}")
    (field,) = browser.page.all("input", id="payment-amount")
    assert field.attributes["value"] == "500,00"
    for wrong in ("5.000", "sok", "1,234", ""):
        assert browser.send("/payment", amount=wrong).status_code == 400, wrong
        (field,) = browser.page.all("input", id="payment-amount")
        assert field.attributes["value"] == wrong
        assert "aria-invalid" in field.attributes
    assert browser.send("/payment", amount="5 000").status_code == 409
    assert "5000,00 EUR" in browser.text.replace("\N{NO-BREAK SPACE}", " ").replace("5 000", "5000")
    assert "500,00" in browser.text, "what is owing"
    browser.send("/payment", amount="12,5")
    assert desk.card(package)["paid"]["amount"] == 1_250


@pytest.mark.covers("S30", "S37", "S39", "S81")
def test_money_goes_back_and_a_package_ends_only_after_it_was_said(either_desk: Desk) -> None:
    service, _, package = _sold(either_desk, payment={"amount": 50_000, "method": "card"})
    either_desk.redeem(package, service)
    browser = Browser.signed_in(either_desk)
    browser.go(f"/desk/packages/{package}")
    assert "By the rule €400.00" in browser.text
    assert browser.send("/refund", amount="10").status_code == 400, "a reason is wanted"
    told = _sure(browser, "refund", amount="100", reason="Moved away")
    assert "€100.00 goes back to the customer" in told
    assert either_desk.card(package)["refunded"]["amount"] == 10_000
    assert "Refunded €100.00 on" in browser.text

    told = _sure(browser, "price", price="450", reason="A favour")
    assert "The price is €500.00 now, €450.00 afterwards" in told
    told = _sure(browser, "cancellation", reason="Moved away", amount="20")
    assert "4 units lapse" in told
    assert "€20.00 goes back" in told
    assert either_desk.card(package)["status"] == "cancelled"
    assert "Cancelled" in browser.text
    browser.send("/reinstatement", expires_on="2031-01-01", reason="We owe it")
    assert either_desk.card(package)["remaining"] == 4
    assert browser.send("/expiry", expires_on="2020-01-01").status_code == 400
    assert "must not" in browser.text, "no package ends before it was sold"
    kinds = [row["kind"] for row in either_desk.history(package)]
    assert "use" in kinds, "nothing that happened is gone"


def test_units_are_held_frozen_moved_and_shared_from_the_page(desk: Desk) -> None:
    place = desk.do("/v1/locations", {"name": "Buda"})["id"]
    service, anna, package = _sold(desk)
    ben = desk.customer("Ben")
    max_ = desk.do(f"/v1/customers/{anna}/participants", {"name": "Max", "kind": "dog"})["participants"][1][
        "id"
    ]
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/packages/{package}")
    browser.send("/freeze", until=desk.today(days=10), reason="Ill")
    assert "Frozen until" in browser.text
    browser.send("/unfreeze")
    assert desk.card(package)["frozen_until"] is None

    browser.send("/sharing", sharing="household")
    assert desk.card(package)["sharing"] == "household"
    browser.send("/sharing", **{"sharing": "purchaser", f"for-{max_}": "yes"})
    assert [each["id"] for each in desk.card(package)["beneficiaries"]][-1] == max_
    browser.send("/locations", **{f"at-{place}": "yes", "reason": "Only there"})
    assert desk.card(package)["locations"] == [place]
    assert "Where Buda" in browser.text

    browser.go(f"/desk/packages/{package}?to_search=ben")
    told = _sure(browser, "transfer", to_customer_id=ben, quantity="2")
    assert "5 left now, 3 afterwards" in told
    assert "Ben gets a package of their own with 2 units" in told
    (moved,) = desk.get(f"/v1/customers/{ben}/packages")["data"]
    browser.go(f"/desk/packages/{moved['id']}")
    told = _sure(browser, "transfer-undo")
    assert "5 of 5 remaining afterwards" in told
    assert desk.card(package)["remaining"] == 5

    other = desk.sell(anna, desk.offer(service, quantity=2))["id"]
    browser.go(f"/desk/packages/{other}")
    assert "Undo this sale?" in _sure(browser, "voiding", reason="The wrong customer")
    assert desk.card(other)["status"] == "cancelled"


@pytest.mark.covers("S25", "S33", "S76", "S77")
def test_the_history_says_what_happened_from_its_numbers(desk: Desk) -> None:
    desk.do("/v1/policies", {"locale": "hu-HU"})
    service, _, package = _sold(desk, payment={"amount": 10_000, "method": "cash"})
    rita = str(desk.do("/v1/staff", {"name": "Rita"})["id"])
    use = desk.as_role(Role.STAFF, rita).redeem(package, service, quantity=2)["redemption_id"]
    desk.do(f"/v1/redemptions/{use}/restorations", {"quantity": 1, "reason": "Only one came"})
    desk.do(f"/v1/packages/{package}/corrections", {"line": 1, "change": -1, "reason": "<b>Sunday</b>"})
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/packages/{package}?order=oldest")
    rows = [row.text for row in browser.page.all("tr") if "id" in row.attributes]
    assert "Vásárlás: +5 alkalom · Készpénz" in rows[0]
    assert "Szalon" in rows[0], "the business where it was bought"
    assert "Felhasználva: 2" in rows[2]
    assert "Rita" in rows[2]
    assert "Visszaadva: 1" in rows[3]
    assert "Only one came" in rows[3]
    assert "visszavonja ezt: 3." in rows[3]
    assert "Javítás: <b>Sunday</b> −1 3" in rows[4]
    browser.go(f"/desk/packages/{package}")
    newest = next(row for row in browser.page.all("tr") if "id" in row.attributes)
    assert newest.attributes["id"] == "v5", "each row has an address"


@pytest.mark.covers("S75")
def test_the_receipt_is_a_page_to_print_with_its_own_policy(desk: Desk) -> None:
    _, anna, _ = _sold(desk, payment={"amount": 50_000, "method": "card"})
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}")
    (link,) = (each for each in browser.page.all("a") if each.text == "Receipt")
    answer = browser.go(link.attributes["href"])
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    policies = answer.headers.get_list("content-security-policy")
    assert len(policies) == 1
    assert "style-src 'sha256-" in policies[0]
    assert "€500.00" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert browser.go("/desk/packages/pkg_01m8mzdnw4f61re8j66rb0hqjj/receipt").status_code == 404
    assert "There is no such thing here." in browser.text
