"""Selling a package at the desk: an offer or one made up, shown first if wanted, and sold once."""

import pytest

from domain.actor import Role
from tests.api.desk import Desk
from tests.api.pages.browser import Browser, filled

pytest_plugins = ["tests.api.houses"]


@pytest.mark.covers("S35", "S59", "S78", "S79", "S95", "S97", "S98", "S99", "S101", "S105")
def test_an_offer_is_sold_as_it_was_shown_first(either_desk: Desk) -> None:
    massage, nails = either_desk.service(), either_desk.service("Nails")
    lines = [{"quantity": 5, "services": [massage]}, {"quantity": 2, "services": [nails]}]
    validity = {"rule": "after_purchase", "count": 6, "unit": "months"}
    either_desk.offer(lines=lines, name="Both 💆", price=30_000, validity=validity)
    anna = either_desk.customer("Anna")
    browser = Browser.signed_in(either_desk.as_role(Role.STAFF))
    browser.go(f"/desk/customers/{anna}")
    browser.go(next(each for each in browser.page.all("a") if each.text == "New package").attributes["href"])
    assert "5 × Massage 60" in browser.text
    assert "good for 6 months" in browser.text
    browser.go(next(each for each in browser.page.all("a") if each.text == "Both 💆").attributes["href"])
    by_rule = filled(browser.form("/sell"))["expires_on"]
    assert filled(browser.form("/sell"))["price"] == "300.00"
    before = either_desk.head
    browser.send("/sell", price="270", amount="70", method="cash", note="Pays 5k each time", **{"try": "yes"})
    assert either_desk.head == before
    assert "This is what the customer would get. Nothing is sold yet." in browser.text
    assert "Partial · €200.00 owing" in browser.text
    form = browser.form("/sell")
    assert filled(form)["price"] == "270", "what was typed is still there"
    for _ in range(2):
        browser.post(form.attributes["action"], filled(form))
    (card,) = either_desk.get(f"/v1/customers/{anna}/packages")["data"]
    assert card["price"]["amount"] == 27_000
    assert card["list_price"]["amount"] == 30_000
    assert card["paid"]["amount"] == 7_000
    assert card["expires_on"] == by_rule
    assert "Sold: Both 💆, purchase 1 €200.00 are owing." in browser.text
    (article,) = browser.page.all("article")
    assert "7 of 7 remaining" in article.text, "the answer is the card"
    assert "Pays 5k each time" in browser.text
    browser.go(next(each for each in browser.page.all("a") if each.text == "Buy more").attributes["href"])
    browser.send("/sell", never="yes")
    cards = either_desk.get(f"/v1/customers/{anna}/packages")["data"]
    assert {each["purchase_number"]: each["expires_on"] for each in cards}[2] is None


def test_a_sale_of_another_day_keeps_the_rule_of_the_offer(desk: Desk) -> None:
    offer = desk.offer(desk.service(), validity={"rule": "after_purchase", "count": 1, "unit": "months"})
    anna, ben = desk.customer("Anna"), desk.customer("Ben")
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}/sell?offer_id={offer}&buyer_search=ben")
    browser.go(next(each for each in browser.page.all("a") if each.text == "Ben").attributes["href"])
    assert "Bought by Ben" in browser.text
    browser.send("/sell", effective_at="2026-01-31")
    (card,) = desk.get(f"/v1/customers/{anna}/packages")["data"]
    assert card["purchased_on"] == "2026-01-31"
    assert card["expires_on"] == "2026-02-28"
    assert card["purchased_by"] == ben
    assert card["payment_status"] == "unpaid"


def test_a_package_is_made_up_for_one_customer_and_its_household(desk: Desk) -> None:
    massage, nails = desk.service("<b>Massage</b>"), desk.service("Nails")
    anna = desk.customer("Anna", participants=[{"name": "Max", "kind": "dog"}])
    max_ = desk.get(f"/v1/customers/{anna}")["participants"][1]["id"]
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}/sell?custom=yes")
    typed = {"name": "<i>Two and one</i>", "price": "99", "quantity-1": "2", "service-1": massage}
    typed |= {"quantity-2": "1", "service-2": nails, "or-2": massage, f"for-{max_}": "yes"}
    assert browser.send("/sell", **(typed | {"quantity-1": "many"})).status_code == 400
    assert filled(browser.form("/sell"))["quantity-1"] == "many"
    assert f"for-{max_}" in filled(browser.form("/sell")), "what was ticked is still ticked"
    browser.send("/sell", **typed)
    (card,) = desk.get(f"/v1/customers/{anna}/packages")["data"]
    assert [line["granted"] for line in card["lines"]] == [2, 1]
    assert [each["id"] for each in card["beneficiaries"]] == [max_]
    assert "<i>Two and one</i>" in browser.text


def test_what_is_not_sold_is_told_in_words(desk: Desk) -> None:
    offer, anna = desk.offer(desk.service()), desk.customer("Anna")
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}/sell?offer_id={offer}")
    desk.do(f"/v1/customers/{anna}/block")
    assert browser.send("/sell").status_code == 409
    assert "This customer is blocked" in browser.text
    desk.do(f"/v1/customers/{anna}/unblock")
    assert browser.send("/sell", amount="501").status_code == 409
    assert "€501.00 were offered, and €500.00 are owing." in browser.text
    assert browser.send("/sell", amount="500").status_code == 200
    assert "Paid" in browser.text
