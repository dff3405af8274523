"""A customer's packages on a page: what is left above all, a card for each, and a use that is made once."""

import pytest

from tests.api.desk import Desk
from tests.api.pages.browser import Browser, filled
from tests.api.resources.test_photos import photo as photo_of

pytest_plugins = ["tests.api.houses"]

MASSAGE = "Massage 60"


def test_a_customer_is_found_by_what_a_desk_remembers(either_desk: Desk) -> None:
    either_desk.customer("Kata Szabó", email="kata@example.hu")
    either_desk.customer("Anna")
    browser = Browser.signed_in(either_desk)
    browser.go("/desk/customers")
    assert "Kata Szabó" in browser.text
    assert "Anna" in browser.text
    browser.send("/desk/customers", search="szabo")
    browser.go("/desk/customers?search=szabo")
    assert "Kata Szabó" in browser.text
    assert "Anna" not in browser.text
    browser.go("/desk/customers?search=nobody+at+all")
    assert "Nobody is called" in browser.text


def test_the_list_goes_on_page_by_page(desk: Desk) -> None:
    for n in range(60):
        desk.customer(f"Customer {n:02}")
    browser = Browser.signed_in(desk)
    browser.go("/desk/customers")
    first = _names(browser)
    (more,) = (link for link in browser.page.all("a") if link.text == "Next page")
    browser.go(more.attributes["href"])
    assert len(first) + len(_names(browser)) == 60
    assert not first & _names(browser)
    assert "First page" in browser.text


def _names(browser: Browser) -> set[str]:
    return {link.text for link in browser.page.all("a") if link.text.startswith("Customer ")}


@pytest.mark.covers("S3", "S11", "S13", "S32", "S69", "S73", "S82", "S84")
def test_what_is_left_stands_above_the_cards_and_what_ended_below(either_desk: Desk) -> None:
    massage, nails = either_desk.service("Massage 60"), either_desk.service("Nails", "Beauty")
    anna = either_desk.customer("Anna")
    either_desk.sell(anna, either_desk.offer(massage, quantity=3))
    both = [{"quantity": 5, "services": [nails]}, {"quantity": 2, "services": [massage]}]
    either_desk.sell(anna, either_desk.offer(lines=both, name="Both"))
    used = either_desk.sell(anna, either_desk.offer(massage, quantity=1, name="Used up"))
    either_desk.redeem(used["id"], massage)
    browser = Browser.signed_in(either_desk)
    browser.go(f"/desk/customers/{anna}")
    (left, *_) = browser.page.all("ul", **{"class": "left"})
    assert [item.text for item in left.all("li")] == ["5 Massage 60", "5 Nails"]
    (ended,) = browser.page.all("details", **{"class": "package"})
    assert "Used up" in ended.text
    assert "Fully used" in ended.text
    cards = [card.text for card in browser.page.all("article")]
    assert len(cards) == 2
    assert all("Unpaid" in card for card in cards)


@pytest.mark.covers(
    "S1", "S4", "S6", "S7", "S8", "S9", "S10", "S62", "S63", "S65", "S66", "S67", "S68", "S80", "S83"
)
def test_a_card_says_all_of_its_purchase(either_desk: Desk) -> None:
    massage, nails = either_desk.service(list_price=6_000), either_desk.service("Nails", list_price=2_000)
    anna = either_desk.customer("Anna")
    lines = [{"quantity": 5, "services": [massage]}, {"quantity": 2, "services": [nails]}]
    validity = {"rule": "after_purchase", "count": 6, "unit": "months"}
    both = either_desk.offer(lines=lines, name="Both 💆", price=30_000, validity=validity)
    first = either_desk.sell(anna, both, price=27_000, payment={"amount": 7_000, "method": "cash"})
    either_desk.redeem(first["id"], massage, quantity=2)
    either_desk.sell(anna, both)
    either_desk.sell(anna, both)
    browser = Browser.signed_in(either_desk)
    browser.go(f"/desk/customers/{anna}")
    (tab, *_) = browser.page.all("nav", **{"class": "tabs"})
    assert "Packages 3 active" in tab.text
    numbers = [card.text.split()[1] for card in browser.page.all("article")]
    assert sorted(numbers) == ["#1", "#2", "#3"]
    (card,) = browser.page.all("article", id=first["id"])
    for told in ("Both 💆", "Active", "Partial · €200.00 owing", "7× Pre-paid", "List price €300.00 €270.00"):
        assert told in card.text.replace("  ", " "), card.text
    assert "5 of 7 remaining · 2/7 used" in card.text
    assert "Massage 60 3/5 remaining" in card.text
    assert "Nails 2/2 remaining" in card.text
    (struck,) = card.all("s")
    assert "€300.00" in struck.text
    bars = [(each.attributes["value"], each.attributes["max"]) for each in card.all("meter")]
    assert bars == [("3", "5"), ("2", "2")]


@pytest.mark.covers("S70", "S71", "S72", "S74", "S85", "S86", "S87")
def test_every_used_stamp_leads_to_its_use(desk: Desk) -> None:
    service = desk.service()
    anna = desk.customer(
        "Anna", participants=[{"name": "Max", "kind": "dog"}, {"name": "Bella", "kind": "dog"}]
    )
    household = {each["name"]: each["id"] for each in desk.get(f"/v1/customers/{anna}")["participants"]}
    package = desk.sell(anna, desk.offer(service, quantity=4, sharing="household"))["id"]
    use = desk.redeem(package, service, participant_id=household["Bella"])["redemption_id"]
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}")
    (stamps,) = browser.page.all("ul", **{"class": "stamps"})
    (link,) = stamps.all("a")
    assert link.attributes["href"] == f"/desk/uses/{use}"
    (book,) = (each for each in browser.page.all("a") if each.text == "Book now")
    assert f"service_id={service}" in book.attributes["href"]
    assert f"package_id={package}" in book.attributes["href"]
    assert browser.go(book.attributes["href"]).status_code == 200
    assert f'value="{package}" selected' in browser.answer.text, "the package is chosen already"
    browser.go(link.attributes["href"])
    assert "Bella" in browser.text
    assert "Unit 1, worth" in browser.text
    assert "3 of 4 remaining" in browser.text


@pytest.mark.covers("S64", "S94")
def test_photos_and_bookings_stand_beside_the_packages(desk: Desk) -> None:
    service = desk.service()
    photo = photo_of(desk)
    max_ = {"name": "Max", "kind": "dog", "photo": photo}
    anna = desk.customer("Anna", participants=[max_])
    desk.sell(anna, desk.offer(service, sharing="household"))
    start = f"{desk.today(days=2)}T09:00:00.000Z"
    desk.do("/v1/bookings", {"customer_id": anna, "service_id": service, "starts_at": start})
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}")
    assert "Bookings 1 upcoming" in browser.text
    assert "Package Pending Massage 60" in browser.text
    faces = {image.attributes["src"] for image in browser.page.all("img")}
    assert faces == {f"/desk/photos/{photo}"}
    answer = browser.go(f"/desk/photos/{photo}")
    assert answer.headers["content-type"].startswith("image/")
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.covers("S31", "S38", "S93")
def test_notes_and_rules_stand_beside_the_packages(desk: Desk) -> None:
    service = desk.service()
    anna = desk.customer("Anna")
    terms = {"notice_hours": 24, "late": "forfeit", "text": "Call us, we are kind."}
    package = desk.sell(anna, desk.offer(service, cancellation=terms), note="Pays 5k each time")["id"]
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}")
    assert "Pays 5k each time" in browser.text
    assert "at least 24 hours before" in browser.text
    assert "Call us, we are kind." in browser.text
    browser.send("/notes", text="<i>Towel only</i>")
    assert "<i>Towel only</i> owner · " in browser.text, "with author and day"
    assert desk.card(package)["notes_count"] == 2


def test_what_was_bought_for_somebody_else_is_shown_but_is_not_theirs_to_use(desk: Desk) -> None:
    service = desk.service()
    anna, ben = desk.customer("Anna"), desk.customer("Ben")
    desk.sell(ben, desk.offer(service, quantity=7, sharing="household"), purchased_by=anna)
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}")
    assert "Belongs to Ben" in browser.text
    assert not list(browser.page.all("ul", **{"class": "left"}))
    assert "units" in browser.go(f"/desk/customers/{anna}?as=csv").text
    browser.go(f"/desk/customers/{ben}")
    assert "who bought it" in browser.text


def test_units_that_another_system_used_are_stamps_without_a_day(desk: Desk) -> None:
    desk.service(MASSAGE)
    anna = desk.customer("Anna", external_ref={"source": "old", "ref": "7"})
    columns = "reference,customer,name,service,units,used_before,price,paid,currency,purchased_on,expires_on"
    row = f"S-9,7,Old ×5,{MASSAGE},5,2,50000,50000,EUR,{desk.today(days=-30)},"
    headers = desk.headers() | {"content-type": "text/csv"}
    sent = f"{columns}\n{row}\n".encode()
    answer = desk.client.post("/v1/imports/packages?source=old", content=sent, headers=headers)
    assert answer.status_code == 201, answer.text
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}")
    (stamps,) = browser.page.all("ul", **{"class": "stamps"})
    assert [stamp.text for stamp in stamps.all("li")][1:3] == [
        "Unit 2: used before it came here",
        "3 Unit 3: available",
    ]
    assert not list(stamps.all("time"))
    browser.go(f"/desk/packages/{desk.get(f'/v1/customers/{anna}/packages')['data'][0]['id']}")
    assert "Taken over with 3 left" in browser.text


@pytest.mark.covers("S5")
def test_a_unit_is_a_stamp_with_its_day(desk: Desk) -> None:
    service = desk.service()
    anna = desk.customer("Anna")
    package = desk.sell(anna, desk.offer(service, quantity=4))["id"]
    desk.redeem(package, service)
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}")
    (stamps,) = browser.page.all("ul", **{"class": "stamps"})
    (switch,) = browser.page.all("input", **{"class": "dates"})
    assert "checked" in switch.attributes, "the sheet shows the days as long as it is"
    told = [stamp.text for stamp in stamps.all("li")]
    assert len(told) == 4
    assert told[0].startswith("A Unit 1: used, Anna, ")
    assert told[3].endswith("Unit 4: available")


def test_a_use_is_one_however_often_its_form_is_sent(either_desk: Desk) -> None:
    service = either_desk.service()
    anna = either_desk.customer("Anna")
    package = either_desk.sell(anna, either_desk.offer(service, quantity=4))["id"]
    browser = Browser.signed_in(either_desk)
    browser.go(f"/desk/customers/{anna}")
    form = browser.form("uses")
    for _ in range(3):  # a double click, and back and again
        browser.post(form.attributes["action"], filled(form))
    assert either_desk.card(package)["used"] == 1
    assert "3 of 4 remaining" in browser.text
    browser.send("uses")
    assert either_desk.card(package)["used"] == 2


def test_a_shared_package_is_used_by_anybody_of_the_household(desk: Desk) -> None:
    service = desk.service()
    dogs = [{"name": name, "kind": "dog"} for name in ("Max", "Bella")]
    anna = desk.customer("Anna", participants=dogs)
    package = desk.sell(anna, desk.offer(service, quantity=4, sharing="household"))["id"]
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}")
    assert "Shared by Anna, Max, Bella" in browser.text
    (who,) = browser.form("uses").all("select", name="participant_id")
    choices = {option.text: option.attributes["value"] for option in who.all("option")}
    browser.send("uses", participant_id=choices["Bella"])
    assert desk.units(package)[0]["participant"]["name"] == "Bella"


def test_what_is_refused_is_told_on_the_page_it_came_from(desk: Desk) -> None:
    service = desk.service()
    anna = desk.customer("Anna")
    package = desk.sell(anna, desk.offer(service, quantity=1))["id"]
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}")
    desk.redeem(package, service)  # at another till
    before = desk.head
    answer = browser.send("uses")
    assert answer.status_code == 409
    assert "1 were asked for, and 0 are left" in browser.text
    assert "0 of 1 remaining" in browser.text
    assert desk.head == before


def test_money_and_days_are_written_as_the_business_writes_them(desk: Desk) -> None:
    desk.do("/v1/policies", {"locale": "hu-HU"})
    service = desk.service()
    anna = desk.customer("Anna")
    sold = desk.sell(anna, desk.offer(service, price=45_000), payment={"amount": 45_000, "method": "card"})
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}")
    assert "450,00 EUR" in browser.text
    assert "Fizetve" in browser.text
    assert sold["payment_status"] == "paid"


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}",
    "שלום Anna",
    "é" * 100,
    "💆‍♀️",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_as_text(desk: Desk, name: str) -> None:
    service = desk.service(name)
    anna = desk.customer(name, participants=[{"name": name, "kind": "dog"}], category="VIP")
    offer = desk.offer(service, name=name)
    package = desk.sell(anna, offer, note=name)["id"]
    use = desk.redeem(package, service)["redemption_id"]
    browser = Browser.signed_in(desk)
    of_anna, of_package = f"/desk/customers/{anna}", f"/desk/packages/{package}"
    addresses = [
        *("/desk/customers", "/desk/customers?search=x%22%3E%3Cb%3E", of_anna, f"{of_anna}?used={use}"),
        *(f"{of_anna}?edit={package}", f"{of_anna}/sell", f"{of_anna}/sell?offer_id={offer}"),
        *(f"{of_anna}/use", of_package, f"{of_package}?to_search={name[:3]}", f"/desk/uses/{use}"),
    ]
    for address in addresses:
        browser.go(address)
        scripts = [each.attributes.get("src", "") for each in browser.page.all("script")]
        assert all(source.startswith("/assets/") for source in scripts)
        assert not list(browser.page.all("img"))
        assert not list(browser.page.all("b", onerror=""))
    browser.go(f"/desk/customers/{anna}")
    (title, *_) = browser.page.all("h1")
    assert title.text == " ".join(name.split())


def test_pages_load_nothing_from_elsewhere_and_have_no_inline_style_or_script(desk: Desk) -> None:
    service = desk.service()
    anna = desk.customer("Anna")
    desk.sell(anna, desk.offer(service))
    browser = Browser.signed_in(desk)
    package = desk.get(f"/v1/customers/{anna}/packages")["data"][0]["id"]
    mine = (
        f"/desk/customers/{anna}?edit={package}",
        f"/desk/customers/{anna}/sell",
        f"/desk/packages/{package}",
    )
    for address in ("/sign-in", "/desk/customers", f"/desk/customers/{anna}", *mine, "/desk/nowhere"):
        answer = browser.go(address)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        for element in browser.page.all():
            assert not {
                name for name in element.attributes if name == "style" or name.startswith(("on", "hx-on"))
            }
            for name in ("src", "href"):
                where = element.attributes.get(name, "/")
                assert where.startswith(("/", "#", "mailto:")), where
        for asset in (*browser.page.all("link"), *browser.page.all("script")):
            found = browser.client.get(asset.attributes.get("href") or asset.attributes["src"])
            assert found.status_code == 200
            assert "immutable" in found.headers["cache-control"]
