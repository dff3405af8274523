"""Using units at the desk, by the rule or from one package, and giving them back."""

import pytest

from domain.actor import Role
from tests.api.desk import Desk
from tests.api.pages.browser import Browser, filled

pytest_plugins = ["tests.api.houses"]


@pytest.mark.covers("S22", "S60", "S61", "S86", "S104")
def test_units_are_taken_by_the_rule_and_given_back(either_desk: Desk) -> None:
    service = either_desk.service()
    anna = either_desk.customer("Anna", participants=[{"name": "Max", "kind": "dog"}])
    max_ = either_desk.get(f"/v1/customers/{anna}")["participants"][1]["id"]
    soon = either_desk.sell(
        anna,
        either_desk.offer(service, quantity=2, name="Soon", sharing="household"),
        expires_on=either_desk.today(days=5),
    )["id"]
    later = either_desk.sell(anna, either_desk.offer(service, quantity=4, name="Later", sharing="household"))[
        "id"
    ]
    browser = Browser.signed_in(either_desk)
    browser.go(f"/desk/customers/{anna}/use")
    before = either_desk.head
    browser.send("/use", quantity="3", participant_id=max_, **{"try": "yes"})
    assert either_desk.head == before
    assert "2 of Soon, purchase 1 (0 of 2 remaining)" in browser.text
    assert "1 of Later, purchase 1 (3 of 4 remaining)" in browser.text
    form = browser.form("/use")
    assert filled(form)["quantity"] == "3"
    for _ in range(2):
        browser.post(form.attributes["action"], filled(form))
    assert (either_desk.card(soon)["remaining"], either_desk.card(later)["remaining"]) == (0, 3)
    assert "Used: 3 × Massage 60 · Max" in browser.text
    assert "Later, Purchase #1: 3 of 4 remaining" in browser.text
    browser.send("/undo")
    assert "Given back: 3 × Massage 60" in browser.text
    assert (either_desk.card(soon)["remaining"], either_desk.card(later)["remaining"]) == (2, 4)


def test_part_of_a_use_is_given_back_with_its_reason(desk: Desk) -> None:
    code = {"code": "twice", "text": "Entered twice", "groups": ["restoration"]}
    desk.do("/v1/policies", {"reason_codes": [code], "reason_code_required": ["restoration"]})
    service, anna = desk.service(), desk.customer("Anna")
    package = desk.sell(anna, desk.offer(service))["id"]
    use = desk.redeem(package, service, quantity=3)["redemption_id"]
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/uses/{use}")
    browser.send("/undo", quantity="2", reason="Only one came")
    assert desk.card(package)["used"] == 1
    assert "Given back 2" in browser.text
    assert desk.history(package)[-1]["reason_code"] == "twice"
    desk.do(f"/v1/redemptions/{use}/restorations", {"reason_code": "twice"})
    assert browser.send("/undo", quantity="1").status_code == 409
    assert "All of this was given back already." in browser.text


def test_staff_undo_their_own_use_and_no_other(desk: Desk) -> None:
    rita, tom = (str(desk.do("/v1/staff", {"name": name})["id"]) for name in ("Rita", "Tom"))
    service, anna = desk.service(), desk.customer("Anna")
    desk.sell(anna, desk.offer(service))
    browser = Browser.signed_in(desk.as_role(Role.STAFF, rita))
    browser.go(f"/desk/customers/{anna}")
    browser.send("uses")
    address = browser.address
    assert browser.form("/undo")
    other = Browser.signed_in(desk.as_role(Role.STAFF, tom))
    other.go(address)
    assert "Used: 1 × Massage 60" in other.text
    assert not [form for form in other.page.all("form") if form.attributes["action"].endswith("/undo")]
    browser.send("/undo")
    assert "Given back" in browser.text


def test_a_use_of_another_day_is_refused_with_what_was_left(desk: Desk) -> None:
    service, anna = desk.service(), desk.customer("Anna")
    package = desk.sell(anna, desk.offer(service, quantity=2))["id"]
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}/use?package_id={package}")
    assert filled(browser.form("/use"))["package_id"] == package
    assert browser.send("/use", quantity="3").status_code == 409
    assert "3 were asked for, and 2 are left." in browser.text
    assert filled(browser.form("/use"))["quantity"] == "3"
    assert browser.send("/use", quantity="1", effective_at="2020-01-01").status_code == 400
    assert "That day is not possible here" in browser.text
    assert desk.card(package)["used"] == 0
