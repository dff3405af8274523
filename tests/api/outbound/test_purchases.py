"""Customers get an e-mail when they buy a package, and when it is cancelled."""

import pytest

from tests.api.desk import money
from tests.api.imports.test_imports import CLIENTS, HEAD, send
from tests.api.outbound.conftest import Post
from tests.api.outbound.mailbox import Mailbox, html, plain

pytest_plugins = ["tests.api.houses"]
ANNA = "anna@example.org"


def sold(post: Post, **more: object) -> str:
    desk = post.desk
    anna = desk.customer("Kovács Anna", email=ANNA)
    offer = desk.offer(desk.service(), validity={"rule": "after_purchase", "count": 6, "unit": "months"})
    return str(desk.sell(anna, offer, **more)["id"])


@pytest.mark.covers("S100")
def test_a_purchase_is_confirmed_to_the_customer(post: Post, box: Mailbox) -> None:
    package = sold(post, payment={"amount": money(20_000), "method": "card"})
    post.goes()
    ((recipient, message),) = box.taken
    assert recipient == ANNA
    assert message["Subject"] == "Your package at Szalon: Massage ×10 💆"
    assert message["From"] == "Szalon <no-reply@szalon.example>"
    text = plain(message)
    for told in ("Dear Kovács Anna,", "Massage ×10 💆 (No. 1)", "10 ×: Massage 60", "Price: €500.00"):
        assert told in text
    assert "Paid: €200.00\nStill to pay: €300.00" in text
    assert "<td>€200.00</td>" in html(message)
    (row,) = post.messages(package_id=package)
    assert (row["state"], row["attempts"], row["kind"]) == ("sent", 1, "package_purchased")
    assert str(message["Message-ID"]) == f"<{row['id']}@szalon.example>"


def test_a_business_may_write_in_hungarian(post: Post, box: Mailbox) -> None:
    post.desk.do("/v1/policies", {"message_language": "hu"})
    sold(post)
    post.goes()
    ((_, message),) = box.taken
    assert message["Subject"] == "Az Ön bérlete – Szalon: Massage ×10 💆"
    assert "Kedves Kovács Anna!" in plain(message)
    assert "Fizetendő: 500,00\N{NO-BREAK SPACE}EUR" in plain(message)
    assert 'lang="hu"' in html(message)


@pytest.mark.parametrize(
    ("locale", "language"), [("hu-HU", "hu"), ("hu", "hu"), ("en-GB", "en"), ("de-AT", "en")]
)
def test_a_customer_is_written_to_in_their_own_language(
    post: Post, box: Mailbox, locale: str, language: str
) -> None:
    desk = post.desk
    anna = desk.customer("Anna", email=ANNA, locale=locale)
    package = desk.sell(anna, desk.offer(desk.service()))["id"]
    post.goes()
    ((_, message),) = box.taken
    assert f'lang="{language}"' in html(message)
    assert ("Kedves Anna!" in plain(message)) == (language == "hu")
    (row,) = post.messages(package_id=package)
    assert row["language"] == language


def test_the_language_of_a_merged_customer_is_the_survivors(post: Post, box: Mailbox) -> None:
    desk = post.desk
    anna, double = desk.customer("Anna", email=ANNA, locale="hu-HU"), desk.customer("A.", locale="en")
    package = desk.sell(double, desk.offer(desk.service()))["id"]
    desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})
    desk.do(f"/v1/packages/{package}/cancellation", {"reason": "moved away"})
    post.goes()
    assert box.taken
    assert all('lang="hu"' in html(message) for _, message in box.taken)


def test_texts_of_people_are_no_markup(post: Post, box: Mailbox) -> None:
    desk = post.desk
    eve = desk.customer("<b>Eve</b> & Co", email="eve@example.org")
    desk.sell(eve, desk.offer(desk.service()))
    post.goes()
    ((_, message),) = box.taken
    assert "&lt;b&gt;Eve&lt;/b&gt; &amp; Co" in html(message)
    assert "Dear <b>Eve</b> & Co," in plain(message)


def test_nothing_is_sent_until_the_business_wants_it_nor_for_what_was_sold_before(
    post: Post, box: Mailbox
) -> None:
    post.desk.do("/v1/policies", {"message_language": "off"})
    sold(post)
    post.goes()
    post.desk.do("/v1/policies", {"message_language": "en"})
    post.goes()
    assert (box.taken, post.messages()) == ([], [])


def test_a_gift_is_confirmed_to_who_bought_it(post: Post, box: Mailbox) -> None:
    bela = post.desk.customer("Béla", email="bela@example.org")
    sold(post, purchased_by=bela)
    post.goes()
    assert box.recipients == ["bela@example.org"]


def test_a_customer_without_an_address_gets_nothing_and_that_is_told(post: Post, box: Mailbox) -> None:
    desk = post.desk
    desk.sell(desk.customer("Zoe"), desk.offer(desk.service()))
    post.goes()
    assert (box.taken, post.states()) == ([], [("skipped", "no-address")])


def test_a_block_stops_everything_that_is_sent(post: Post, box: Mailbox) -> None:
    desk = post.desk
    anna = desk.customer("Anna", email=ANNA)
    desk.sell(anna, desk.offer(desk.service()))
    desk.do(f"/v1/customers/{anna}/block")
    post.goes()
    assert (box.taken, post.states()) == ([], [("skipped", "blocked")])


def test_a_confirmation_needs_no_consent_and_no_active_customer(post: Post, box: Mailbox) -> None:
    desk = post.desk
    anna = desk.customer("Anna", email=ANNA)
    desk.sell(anna, desk.offer(desk.service()))
    desk.do(f"/v1/customers/{anna}/deactivation")
    post.goes()
    assert box.recipients == [ANNA]


def test_a_cancellation_is_told_with_what_was_refunded(post: Post, box: Mailbox) -> None:
    package = sold(post, payment={"amount": money(50_000), "method": "card"})
    post.goes()
    (payment,) = post.desk.get(f"/v1/packages/{package}/payments")["data"]
    refund = {"amount": money(12_000), "payment_id": payment["payment_id"]}
    post.desk.do(f"/v1/packages/{package}/cancellation", {"reason": "moved away", "refund": refund})
    post.goes()
    assert box.recipients == [ANNA, ANNA]
    message = box.taken[1][1]
    assert message["Subject"] == "Cancelled at Szalon: Massage ×10 💆"
    assert "Refunded: €120.00" in plain(message)
    assert "moved away" not in plain(message), "a reason is for the desk"


def test_what_was_cancelled_before_its_confirmation_went_is_not_confirmed(post: Post, box: Mailbox) -> None:
    package = sold(post)
    post.desk.do(f"/v1/packages/{package}/cancellation", {"reason": "changed their mind"})
    post.goes()
    assert post.states() == [("skipped", "cancelled"), ("sent", None)]


def test_a_sale_undone_as_a_mistake_is_told_only_where_it_was_confirmed(post: Post, box: Mailbox) -> None:
    unheard = sold(post)
    post.desk.do(f"/v1/packages/{unheard}/voiding", {"reason": "wrong customer"})
    post.goes()
    assert post.states() == [("skipped", "voided"), ("skipped", "never-confirmed")]
    confirmed = sold(post)
    post.goes()
    post.desk.do(f"/v1/packages/{confirmed}/voiding", {"reason": "wrong customer"})
    post.goes()
    assert [message["Subject"] for _, message in box.taken] == [
        "Your package at Szalon: Massage ×10 💆",
        "Purchase undone at Szalon: Massage ×10 💆",
    ]


def test_an_import_and_its_reversal_send_nothing(post: Post, box: Mailbox) -> None:
    desk = post.desk
    desk.service()
    send(desk, "customers", CLIENTS)
    line = "S-9,17,Massage ×10,Massage 60,10,4,50000,20000,EUR,2026-05-04,2028-05-04,1\n"
    batch = send(desk, "packages", HEAD + line)
    assert batch["recorded"] == 1
    desk.do(f"/v1/imports/{batch['import_id']}/reversal", {"reason": "the wrong file"})
    post.goes()
    assert (box.taken, post.messages()) == ([], [])


@pytest.mark.covers("S90")
def test_the_customer_is_told_of_what_a_rule_bought_for_them(post: Post, box: Mailbox) -> None:
    desk, massage = post.desk, post.desk.service()
    anna = desk.customer("Kovács Anna", email=ANNA)
    offer = desk.offer(massage, quantity=5, price=30_000)
    package = desk.sell(anna, offer)["id"]
    asked = {"offer_id": offer, "threshold": 2, "payment_method_ref": "pm_1Q0xAnna"}
    rule = desk.do(f"/v1/customers/{anna}/top-ups", asked)["id"]
    desk.redeem(package, massage, quantity=3)
    attempt = desk.get(f"/v1/top-ups/{rule}")["attempt"]["id"]
    post.goes()
    bought = desk.do(f"/v1/top-ups/{rule}/outcome", {"attempt_id": attempt, "outcome": "paid"})
    post.goes()
    assert box.recipients == [ANNA, ANNA]
    assert "Paid: €300.00" in plain(box.taken[1][1])
    assert len(post.messages(package_id=bought["attempt"]["package_id"])) == 1
