"""Merging two records of one person, after a look at both, and taking it back."""

import pytest

from domain.actor import Role
from tests.api.desk import Desk
from tests.api.pages.browser import Browser, filled
from tests.api.pages.test_customer_form import ticked

pytest_plugins = ["tests.api.houses"]

NASTY = '"><script>alert(1)</script> & {{ 7*7 }}'


@pytest.mark.covers("S109")
def test_two_records_become_one_and_two_again(either_desk: Desk) -> None:
    desk = either_desk
    offer = desk.offer(desk.service())
    anna = desk.customer("Kovács Anna", email="anna@example.org")
    double = desk.customer(NASTY, email="anna@example.org", mobile="+36 20 765 4321")
    desk.sell(double, offer)
    desk.do(f"/v1/customers/{double}/points", {"action": "add", "points": 12})
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}/merge")
    assert f"{NASTY} anna@example.org +36 20 765 4321 The same: E-mail" in browser.text
    browser.go(f"/desk/customers/{anna}/merge?with={double}")
    before, form = desk.head, ticked(browser.form("/merge"))
    browser.post(f"/desk/customers/{anna}/merge", form | {"take-name": "survivor", "take-mobile": "absorbed"})
    assert desk.head == before
    assert "1 package joins the others. 12 points are added. Name: what the other record has" in browser.text
    sure = filled(browser.form("/merge"))
    for _ in range(2):
        browser.post(f"/desk/customers/{anna}/merge", sure)
    merged = desk.get(f"/v1/customers/{double}")
    assert (merged["id"], merged["name"], merged["mobile"]) == (anna, "Kovács Anna", "+36207654321")
    assert merged["points"] == 12

    browser.go(f"/desk/customers/{anna}/merge?with={double}")
    assert "Both are the same customer already." in browser.text
    browser.send("/unmerge")
    assert "12 points go back." in browser.text
    browser.send("/unmerge")
    assert browser.address == f"/desk/customers/{double}"
    assert desk.get(f"/v1/customers/{double}")["name"] == NASTY


def test_merging_tells_what_is_wrong_and_is_for_managers(desk: Desk) -> None:
    anna, bela = desk.customer("Anna"), desk.customer("Béla")
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}/merge?search=béla")
    assert f"/desk/customers/{anna}/merge?with={bela}" in browser.answer.text
    browser.go(f"/desk/customers/{anna}/merge?with={bela}")
    form = ticked(browser.form("/merge"))
    desk.do(f"/v1/customers/{anna}/block", {})
    assert browser.post(f"/desk/customers/{anna}/merge", form).status_code == 412
    assert "Somebody changed this meanwhile." in browser.text
    assert (
        browser.post(f"/desk/customers/{anna}/unmerge", {"mark": form["mark"], "key": "k"}).status_code == 409
    )
    assert "was not merged" in browser.text
    staff = Browser.signed_in(desk.as_role(Role.STAFF))
    staff.go(f"/desk/customers/{anna}/details")
    assert f"/desk/customers/{anna}/merge" not in staff.answer.text
