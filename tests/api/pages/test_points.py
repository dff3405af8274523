"""The rewards page: the history with totals and authors, moving points, and the look before they are taken."""

import pytest

from domain.actor import Role
from tests.api.desk import Desk
from tests.api.pages.browser import Browser, filled

pytest_plugins = ["tests.api.houses"]

NASTY = '"><script>alert(1)</script> & {{ 7*7 }}'


@pytest.mark.covers("S143", "S145", "S146", "S147", "S148", "S149", "S150")
def test_points_are_added_at_once_and_taken_after_a_look(either_desk: Desk) -> None:
    desk = either_desk
    zoe = desk.do("/v1/staff", {"name": "Zoë"})["id"]
    anna = desk.customer(NASTY, email="anna@example.com", mobile="+36301234567")
    browser = Browser.signed_in(desk.as_role(Role.STAFF, zoe))
    browser.go(f"/desk/customers/{anna}/points")
    assert "No points were ever given here." in browser.text
    assert "adjust" not in {each.attributes.get("value") for each in browser.form("/points").all("option")}
    form = filled(browser.form("/points")) | {"points": "100", "reason": NASTY, "source": "Summer"}
    for _ in range(2):  # a double click
        browser.post(f"/desk/customers/{anna}/points", form)
    assert "anna@example.com" in browser.text
    assert "+36 30 123 4567" in browser.text
    assert f"“{NASTY}” Summer" in browser.text
    assert "+100 Added 100 Zoë" in browser.text

    before = desk.head
    browser.send("/points", action="redeem", points="30")
    assert desk.head == before
    assert "-30 points. The balance is 100 now, 70 afterwards." in browser.text
    browser.send("/points")
    assert "−30 Redeemed 70 Zoë" in browser.text
    assert browser.send("/points", action="redeem", points="71").status_code == 409
    assert "71 points were asked for, and there are 70." in browser.text
    assert filled(browser.form("/points"))["points"] == "71"
    assert browser.send("/points", points="ten").status_code == 400


@pytest.mark.covers("S144", "S146", "S150")
def test_managers_adjust_reverse_and_filter(desk: Desk) -> None:
    anna = desk.customer("Anna")
    at = f"/desk/customers/{anna}/points"
    desk.do(f"/v1/customers/{anna}/points", {"action": "add", "points": 50, "reason": "birthday"})
    desk.do(f"/v1/customers/{anna}/points", {"action": "redeem", "points": 20})
    browser = Browser.signed_in(desk)
    browser.go(at)
    browser.send("/points", action="adjust", points="-5", reason="counted twice")
    assert "-5 points. The balance is 30 now, 25 afterwards." in browser.text
    browser.send("/points")
    added = desk.get(f"/v1/customers/{anna}/points")["data"][0]["id"]
    before = desk.head
    browser.send(f"{added}/reversal")
    assert desk.head == before
    assert "-50 points. The balance is 25 now, -25 afterwards." in browser.text
    browser.send(f"{added}/reversal")
    assert [row["points"] for row in desk.get(f"/v1/customers/{anna}/points")["data"]] == [50, -20, -5, -50]
    browser.go(at)
    assert browser.send(f"{added}/reversal").status_code == 409
    assert "All of this was given back already." in browser.text
    newest = browser.go(f"{at}?as=json").json()["data"]
    assert [row["points"] for row in newest] == [-50, -5, -20, 50]
    browser.go(f"{at}?action=redeemed&from={desk.today()}")
    assert [row["points"] for row in browser.go(f"{browser.address}&as=json").json()["data"]] == [-20]
    browser.go(f"{at}?points=7")
    assert "No entry passes the filters." in browser.text
    assert browser.go(f"{at}?from=never").status_code == 200
    staff = Browser.signed_in(desk.as_role(Role.STAFF))
    staff.go(at)
    assert not [each for each in staff.page.all("form") if each.attributes["action"].endswith("/reversal")]
    assert staff.post(f"{at}/{added}/reversal", filled(staff.form("/points"))).status_code == 403
