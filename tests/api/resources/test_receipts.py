"""A receipt tells what was sold, the tax in it, and what was paid: to programs, and to people in their language."""

import sys
from collections.abc import Callable

import pytest

from domain.actor import Role
from tests.api.desk import Body, Desk, House, money
from tests.api.imports.test_imports import BALANCES, CLIENTS, send

pytest_plugins = ["tests.api.houses"]

HTML, PDF = "text/html", "application/pdf"


@pytest.fixture(params=["sqlite_house", "postgres_house"])
def house_of(request: pytest.FixtureRequest) -> Callable[[str], Desk]:
    """Opens a business in a currency, on each of the two databases."""
    either: House = request.getfixturevalue(request.param)
    return lambda currency: either.desk(currency=currency, name="Rosa & Társa")


def receipt(desk: Desk, package_id: str, **parameters: str) -> Body:
    found: Body = desk.get(f"/v1/packages/{package_id}/receipt", **parameters)
    return found


def read(desk: Desk, package_id: str, accept: str, **parameters: str) -> str:
    answer = desk.client.get(
        f"/v1/packages/{package_id}/receipt", headers=desk.headers(accept=accept), params=parameters
    )
    assert answer.status_code == 200, answer.text
    return answer.text.replace("\xa0", " ").replace("\u200f", "")


def sold(desk: Desk, **more: object) -> str:
    """Ten massages at 27 % and five creams at 5 %, for 600.00 of which 500.00 are for the massages."""
    massage = desk.service(list_price=5_000, tax_rate=2_700)
    cream = desk.service("Cream", "Care", list_price=2_000, tax_rate=500)
    lines = [{"quantity": 10, "services": [massage]}, {"quantity": 5, "services": [cream]}]
    offer = desk.offer(lines=lines, price=60_000)
    return str(desk.sell(desk.customer("Kovács Anna"), offer, **more)["id"])


@pytest.mark.covers("S75")
def test_a_receipt_tells_lines_tax_payments_and_what_is_owing(either_desk: Desk) -> None:
    desk = either_desk
    place = desk.do("/v1/locations", {"name": "Belváros", "address": "Fő utca 1"})["id"]
    package = sold(desk, price=54_000, location_id=place)
    paid = desk.do(f"/v1/packages/{package}/payments", {"amount": 50_000, "method": "card"})["payment_id"]
    desk.do(f"/v1/payments/{paid}/refunds", {"amount": 1_000, "reason": "promised"})

    told = receipt(desk, package)

    assert (told["business_name"], told["customer"]["name"], told["purchase_number"]) == (
        "Szalon",
        "Kovács Anna",
        1,
    )
    assert (told["purchased_on"], told["time_zone"]) == (desk.today(), "Europe/Budapest")
    assert told["location"] == {"id": place, "name": "Belváros", "address": "Fő utca 1"}
    assert [
        (line["label"], line["quantity"], line["tax_rate"], line["amount"]) for line in told["lines"]
    ] == [
        ("Massage 60", 10, 2_700, money(45_000)),
        ("Cream", 5, 500, money(9_000)),
    ]
    assert (told["list_price"], told["discount"], told["price"]) == (
        money(60_000),
        money(6_000),
        money(54_000),
    )
    assert told["taxes"] == [
        {"tax_rate": 500, "amount": money(9_000), "net": money(8_571), "tax": money(429)},
        {"tax_rate": 2_700, "amount": money(45_000), "net": money(35_433), "tax": money(9_567)},
    ]
    (payment,), (refund,) = told["payments"], told["refunds"]
    assert payment == {
        "payment_id": paid,
        "local_date": desk.today(),
        "method": "card",
        "amount": money(50_000),
    }
    assert refund == {**payment, "amount": money(1_000)}
    assert (told["paid"], told["refunded"], told["owing"], told["payment_status"]) == (
        money(49_000),
        money(1_000),
        money(5_000),
        "partial",
    )
    assert (told["origin"], told["cancelled"], told["voided"], told["settled"]) == (
        "sale",
        False,
        False,
        money(0),
    )


def test_lines_add_up_to_an_adjusted_price(either_desk: Desk) -> None:
    package = sold(either_desk)
    either_desk.do(f"/v1/packages/{package}/price", {"price": 33_331, "reason": "late opening"})
    told = receipt(either_desk, package)
    assert sum(line["amount"]["amount"] for line in told["lines"]) == told["price"]["amount"] == 33_331
    assert sum(tax["amount"]["amount"] for tax in told["taxes"]) == 33_331


def test_a_shared_line_of_several_rates_has_none(either_desk: Desk) -> None:
    desk = either_desk
    services = [desk.service(tax_rate=2_700), desk.service("Cream", tax_rate=500)]
    package = desk.sell(desk.customer(), desk.offer(*services))["id"]
    told = receipt(desk, package)
    assert told["lines"][0]["tax_rate"] is None
    assert told["taxes"] == [{"tax_rate": None, "amount": money(50_000), "net": None, "tax": None}]
    assert "no rate" in read(desk, package, HTML)


def test_a_sale_keeps_the_rate_it_was_sold_at(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service(tax_rate=2_700)
    package = desk.sell(desk.customer(), desk.offer(massage))["id"]
    desk.do(f"/v1/services/{massage}/changes", {"tax_rate": 500})
    assert receipt(desk, package)["lines"][0]["tax_rate"] == 2_700


def test_cancelled_and_voided_packages_say_so(either_desk: Desk) -> None:
    desk = either_desk
    cancelled, voided = sold(desk), sold(desk)
    desk.do(f"/v1/packages/{cancelled}/cancellation", {"reason": "moved away"})
    desk.do(f"/v1/packages/{voided}/voiding", {"reason": "sold twice"})
    first, second = receipt(desk, cancelled), receipt(desk, voided)
    assert (first["cancelled"], first["voided"], first["owing"]) == (True, False, money(0))
    assert (second["cancelled"], second["voided"], second["price"]) == (True, True, money(60_000))
    assert "Cancelled" in read(desk, cancelled, HTML)
    assert "Void: this sale was undone" in read(desk, voided, HTML)


def test_a_transferred_package_is_no_sale_and_its_price_is_settled(either_desk: Desk) -> None:
    desk = either_desk
    package, friend = sold(desk), desk.customer("Cili")
    moved = {"to_customer_id": friend, "line": 1, "quantity": 4}
    received = desk.do(f"/v1/packages/{package}/transfers", moved)["to"]["id"]
    told = receipt(desk, received)
    assert (told["origin"], told["price"], told["settled"], told["owing"]) == (
        "transfer",
        money(20_000),
        money(20_000),
        money(0),
    )
    assert (told["taxes"], told["payment_status"], told["sold_elsewhere"]) == ([], "paid", money(20_000))
    assert "no sale" in read(desk, received, HTML)
    origin = receipt(desk, package)
    assert (origin["price"], sum(tax["amount"]["amount"] for tax in origin["taxes"])) == (
        money(60_000),
        60_000,
    )


@pytest.mark.parametrize(
    ("currency", "locale", "price", "tax", "words"),
    [
        ("HUF", "en", "HUF 12,700.00", "HUF 2,700.00", ("Receipt", "27%", "Owing")),
        ("HUF", "hu-HU", "12 700,00 Ft", "2 700,00 Ft", ("Bizonylat", "27%", "Fizetendő")),
        ("JPY", "ja-JP", "¥1,270,000", "¥270,000", ("領収書", "27%", "未払い")),
        ("KWD", "ar-KW", "1,270.000 د.ك.", "270.000 د.ك.", ("إيصال", "27%", "المستحق")),
        ("KWD", "en", "KWD 1,270.000", "KWD 270.000", ("Receipt", "27%", "Owing")),
        ("JPY", "hu-HU", "1 270 000 ¥", "270 000 ¥", ("Bizonylat", "27%", "Fizetendő")),
    ],
)
def test_people_read_their_money_in_their_language(
    house_of: Callable[[str], Desk], currency: str, locale: str, price: str, tax: str, words: tuple[str, ...]
) -> None:
    desk = house_of(currency)
    desk.do("/v1/policies", {"locale": locale})
    massage = desk.service(tax_rate=2_700)
    package = desk.sell(desk.customer("<b>Anna</b>"), desk.offer(massage, price=1_270_000))["id"]

    told = receipt(desk, package)
    assert (told["locale"], told["price"]) == (locale, money(1_270_000, currency))
    assert told["taxes"][0]["tax"] == money(270_000, currency)
    page = read(desk, package, HTML).replace("\uffe5", "¥")
    for text in (price, tax, *words, "Rosa &amp; Társa"):
        assert text in page, text
    assert "<b>Anna" not in page
    assert f'lang="{locale[:2]}" dir="{"rtl" if locale[:2] == "ar" else "ltr"}"' in page


@pytest.mark.parametrize("locale", ["en", "hu-HU", "ja-JP", "ar-KW", "de-AT"])
def test_a_pdf_is_made_in_every_language(either_desk: Desk, locale: str) -> None:
    desk = either_desk
    desk.do("/v1/policies", {"locale": locale})
    package = sold(desk)
    answer = desk.ask(f"/v1/packages/{package}/receipt", media="pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, PDF)
    assert answer.content.startswith(b"%PDF-")
    assert answer.headers["content-disposition"] == f'attachment; filename="receipt-{package}.pdf"'
    assert desk.ask(f"/v1/packages/{package}/receipt", media="pdf").content == answer.content


def test_without_the_extra_a_pdf_is_refused_with_its_name(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    package = sold(desk)
    for parameters, accept in (({"media": "pdf"}, "*/*"), ({}, PDF)):
        answer = desk.client.get(
            f"/v1/packages/{package}/receipt", params=parameters, headers=desk.headers(accept=accept)
        )
        assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable")
        assert "carnet[pdf]" in answer.json()["detail"]
    assert receipt(desk, package)["package_id"] == package


def test_a_receipt_varies_by_accept_and_its_json_has_a_tag(either_desk: Desk) -> None:
    desk, package = either_desk, sold(either_desk)
    where = f"/v1/packages/{package}/receipt"
    told = desk.ask(where)
    assert (told.headers["vary"], told.headers["etag"]) == ("accept", '"v1"')
    again = desk.client.get(where, headers=desk.headers(if_none_match='"v1"'))
    assert (again.status_code, again.headers["vary"]) == (304, "accept")
    desk.do("/v1/policies", {"locale": "hu-HU"})
    changed = desk.client.get(where, headers=desk.headers(if_none_match='"v1"'))
    assert (changed.status_code, changed.json()["locale"]) == (200, "hu-HU")
    for media in ("html", "pdf"):
        answer = desk.ask(where, media=media)
        assert "accept" in answer.headers["vary"].split(", ")
        assert "etag" not in answer.headers
    refused = desk.client.get(where, headers=desk.headers(accept="image/png"))
    assert refused.json()["code"] == "not-acceptable"
    assert desk.ask(where, media="xml").json()["errors"][0]["pointer"] == "/media"


def test_a_receipt_is_told_of_the_past_on_both_clocks_without_names(either_desk: Desk) -> None:
    desk = either_desk
    package = sold(desk, effective_at=desk.today(days=-9))
    recorded = desk.history(package)[0]["recorded_at"]
    desk.clock.forward(seconds=1)
    payment = {"amount": 10_000, "method": "cash", "effective_at": desk.today(days=-3)}
    desk.do(f"/v1/packages/{package}/payments", payment)
    desk.do("/v1/policies", {"locale": "hu-HU"})
    desk.clock.forward(seconds=1)
    before = receipt(desk, package, effective_as_of=desk.today(days=-4))
    assert (before["paid"], before["customer"]["name"]) == (money(0), None)
    assert receipt(desk, package, effective_as_of=desk.today(days=-2))["paid"] == money(10_000)
    known = receipt(desk, package, as_of=desk.history(package)[1]["recorded_at"])
    assert (known["paid"], known["payments"], known["locale"]) == (money(0), [], "en")
    assert receipt(desk, package, at_version="1")["paid"] == money(0)
    assert recorded < desk.history(package)[1]["recorded_at"]


def test_readers_the_customer_and_who_paid_read_a_receipt_and_nobody_else(either_desk: Desk) -> None:
    desk, anna, payer = either_desk, either_desk.customer("Anna"), either_desk.customer("Béla")
    package = desk.sell(anna, desk.offer(desk.service()), purchased_by=payer)["id"]
    where = f"/v1/packages/{package}/receipt"
    for role in (Role.MANAGER, Role.STAFF, Role.INTEGRATION):
        assert desk.as_role(role).get(where)["purchased_by"]["name"] == "Béla"
    assert desk.as_role(Role.AUDITOR).get(where)["customer"] == {"id": anna, "name": None}
    own, paid = (desk.as_role(Role.CUSTOMER, id).get(where) for id in (anna, payer))
    assert (own["customer"]["name"], own["purchased_by"]["name"]) == ("Anna", None)
    assert (paid["customer"]["name"], paid["purchased_by"]["name"]) == (None, "Béla")
    stranger = desk.as_role(Role.CUSTOMER, desk.customer("Cili"))
    for media in ("json", "html", "pdf"):
        assert stranger.ask(where, media=media).json()["code"] == "not-found"


def test_only_a_known_locale_becomes_that_of_the_business(either_desk: Desk) -> None:
    for name in ("xx", "hu_HU", "en-XX"):
        told = either_desk.refused("/v1/policies", {"locale": name}, "validation-failed")
        assert told["errors"][0]["pointer"] == "/locale"
    assert either_desk.do("/v1/policies", {"locale": "hu-HU"})["policies"]["locale"] == "hu-HU"


def test_an_imported_balance_is_no_sale_and_was_taxed_in_the_other_system(either_desk: Desk) -> None:
    desk = either_desk
    desk.service(tax_rate=2_700)
    send(desk, "customers", CLIENTS)
    send(desk, "packages", BALANCES)
    (package,) = desk.get("/v1/packages", external_ref="old-till:S-9")["data"]
    told = receipt(desk, package["id"])
    assert (told["origin"], told["purchased_on"], told["taxes"]) == ("import", "2026-05-04", [])
    assert (told["price"], told["sold_elsewhere"], told["settled"]) == (
        money(50_000),
        money(50_000),
        money(0),
    )
    assert (told["paid"], told["owing"]) == (money(20_000), money(30_000))
    assert [each["method"] for each in told["payments"]] == ["external"]
    assert told["lines"][0]["amount"] == money(50_000)
    assert "no sale" in read(desk, package["id"], HTML)
    desk.do(f"/v1/packages/{package['id']}/price", {"price": 62_700, "reason": "one more year"})
    dearer = receipt(desk, package["id"])
    assert sum(each["amount"]["amount"] for each in dearer["taxes"]) == 12_700
    assert desk.get("/v1/reports/sales")["amount"] == desk.get("/v1/reports/liability")["amount_sold"]
    assert desk.get("/v1/reports/sales")["packages"] == 0


def rates(told: Body) -> dict[int | None, tuple[int, int | None]]:
    """Rate → what was asked at it, and the tax in that."""
    return {
        each["tax_rate"]: (each["amount"]["amount"], each["tax"] and each["tax"]["amount"])
        for each in told["taxes"]
    }


def test_a_line_with_a_rate_of_its_own_is_taxed_at_it_whatever_its_services_say(either_desk: Desk) -> None:
    """Three units of 105.00: two at 5 % (100.00 and 5.00), one at 27 % (82.68 and 22.32)."""
    desk, anna = either_desk, either_desk.customer("Anna")
    massage, talk = desk.service(tax_rate=2_700), desk.service("Talk", "Talks")
    own = {"quantity": 2, "services": [massage, talk], "tax_rate": 500}
    lines = [own, {"quantity": 1, "services": [massage]}]
    offer = desk.offer(lines=lines, price=31_500)
    first = desk.sell(anna, offer)["id"]

    asked = {"name": "Massage ×10 💆", "price": 31_500, "lines": [{**own, "tax_rate": 1_000}, lines[1]]}
    revised = desk.do(f"/v1/offers/{offer}/revisions", asked)
    desk.do(f"/v1/services/{massage}/changes", {"name": "M", "service_type": "M", "tax_rate": 500})
    second = desk.sell(anna, offer)["id"]
    custom = desk.sell(anna, name="By hand", price=10_500, lines=[{**own, "quantity": 1}])["id"]

    assert [line["tax_rate"] for line in revised["lines"]] == [1_000, None]
    assert rates(receipt(desk, first)) == {500: (21_000, 1_000), 2_700: (10_500, 2_232)}
    assert rates(receipt(desk, second)) == {1_000: (21_000, 1_909), 500: (10_500, 500)}
    assert rates(receipt(desk, custom)) == {500: (10_500, 500)}
    assert rates(desk.get("/v1/reports/sales")) == {
        500: (42_000, 2_000),
        1_000: (21_000, 1_909),
        2_700: (10_500, 2_232),
    }


def test_a_rate_of_a_line_goes_with_its_units_and_with_every_period(either_desk: Desk) -> None:
    desk, anna, bela = either_desk, either_desk.customer("Anna"), either_desk.customer("Béla")
    massage = desk.service(tax_rate=2_700)
    line = {"quantity": 2, "services": [massage], "tax_rate": 500}
    origin = desk.sell(anna, desk.offer(lines=[line], price=21_000))["id"]
    moved = desk.do(f"/v1/packages/{origin}/transfers", {"to_customer_id": bela, "line": 1, "quantity": 1})[
        "to"
    ]["id"]
    assert receipt(desk, moved)["taxes"] == []
    desk.do(f"/v1/packages/{moved}/price", {"price": 12_600, "reason": "longer"})
    assert rates(receipt(desk, moved)) == {500: (2_100, 100)}

    free_of_tax = {**line, "tax_rate": 0}
    plan = {"name": "Club", "price": 9_000, "lines": [free_of_tax], "period": {"count": 1, "unit": "months"}}
    asked = {"plan_id": desk.do("/v1/plans", plan)["id"], "customer_id": anna}
    period = desk.do("/v1/memberships", asked)["current"]["package_id"]
    assert rates(receipt(desk, period)) == {0: (9_000, 0)}
    told = desk.refused(
        "/v1/offers", {"name": "X", "price": 1, "lines": [{**line, "tax_rate": 10_001}]}, "validation-failed"
    )
    assert told["errors"][0]["pointer"] == "/lines/0/tax_rate"


def test_an_export_tells_the_rate_of_a_line_and_an_import_keeps_it(either_desk: Desk) -> None:
    desk = either_desk
    send(desk, "customers", CLIENTS)
    head, row, *_ = BALANCES.splitlines()
    told = send(desk, "packages", f"{head},tax_rate\n{row},1000\n{row.replace('S-9', 'S-8')},10001\n")
    assert [(each["line"], each["column"]) for each in told["refused_rows"]] == [(3, "tax_rate")]
    (card,) = desk.get("/v1/packages", import_id=told["import_id"])["data"]
    desk.do(f"/v1/packages/{card['id']}/price", {"price": 61_000, "reason": "longer sessions"})
    assert rates(receipt(desk, card["id"])) == {1_000: (11_000, 1_000)}
    exported = desk.ask("/v1/packages/export").text.splitlines()
    cells = dict(zip(exported[0].split(","), exported[1].split(","), strict=False))
    assert exported[1].count(",1000,") == 1
    assert "tax_rate" in cells
