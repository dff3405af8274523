"""The house: the catalogue with its revisions, staff, locations, terms and keys, by role."""

import pytest

from domain.actor import Role
from tests.api.desk import Desk
from tests.api.images import PNG
from tests.api.pages.browser import Browser, Element, filled
from tests.api.pages.test_customer_form import ticked

pytest_plugins = ["tests.api.houses"]

NASTY = '"><script>alert(1)</script> & {{ 7*7 }}'


def forms(browser: Browser, ends: str) -> list[Element]:
    return [form for form in browser.page.all("form") if form.attributes.get("action", "").endswith(ends)]


@pytest.mark.covers("S65", "S97", "S105")
def test_a_service_an_offer_and_a_plan_are_made_revised_retired_and_reinstated(either_desk: Desk) -> None:
    desk = either_desk
    desk.do("/v1/locations", {"id": "loc_a", "name": "Buda"})
    browser = Browser.signed_in(desk)
    browser.go("/desk/house")
    assert browser.address == "/desk/house/offers"
    browser.go("/desk/house/services/new")
    form = ticked(browser.form("/services/new")) | {"name": NASTY, "service_type": "Massage"}
    form |= {"duration_minutes": "60", "list_price": "55.00", "tax_rate": "5.5"}
    for _ in range(2):
        browser.post("/desk/house/services/new", form)
    (service,) = desk.get("/v1/services")["data"]
    assert (service["name"], service["list_price"]["amount"], service["tax_rate"]) == (NASTY, 5500, 550)
    assert "€55.00" in Browser.signed_in(desk).go("/desk/house/services").text
    browser.send(service["id"], duration_minutes="", tax_rate="27")
    service = desk.get(f"/v1/services/{service['id']}")
    assert (service["duration_minutes"], service["tax_rate"]) == (None, 2700)

    id = service["id"]
    browser.go("/desk/house/offers/new")
    terms = {"name": "Ten 💆", "price": "450", "quantity-1": "10", f"service-1-{id}": "yes"}
    terms |= {"quantity-2": "2", f"service-2-{id}": "yes", "label-2": "Extra", "tax-2": "18"}
    terms |= {"rule": "after_first_use", "count": "6", "unit": "months", "sharing": "household"}
    terms |= {"cap_per_participant": "4", "own_rule": "yes", "notice_hours": "12", "late": "forfeit"}
    terms |= {"max_per_customer": "3", "at-loc_a": "yes"}
    browser.post("/desk/house/offers/new", ticked(browser.form("/offers/new")) | terms)
    (offer,) = desk.get("/v1/offers")["data"]
    assert (offer["name"], offer["price"]["amount"], offer["sharing"]) == ("Ten 💆", 45_000, "household")
    assert offer["validity"] == {"rule": "after_first_use", "count": 6, "unit": "months"}
    assert offer["cancellation"] == {"notice_hours": 12, "late": "forfeit", "text": None}
    at = f"/desk/house/offers/{offer['id']}"
    assert browser.address == at
    browser.post(at, ticked(browser.form(offer["id"])))
    again = desk.get(f"/v1/offers/{offer['id']}")
    kept = {name: value for name, value in offer.items() if name not in ("offer_version", "version")}
    assert kept.items() <= again.items(), "the form holds every term"

    stale = ticked(browser.form(offer["id"])) | {"price": "500"}
    zoe = desk.do("/v1/staff", {"name": "Zoë", "role": "manager"})["id"]
    desk.as_role(Role.MANAGER, zoe).do(f"/v1/offers/{offer['id']}/retirement")
    desk.as_role(Role.MANAGER, zoe).do(f"/v1/offers/{offer['id']}/reinstatement")
    assert browser.post(at, stale).status_code == 412
    assert "Zoë changed it on" in browser.text
    assert filled(browser.form(offer["id"]))["price"] == "500"
    browser.send(offer["id"], price="500")
    browser.send("/retirement")
    assert desk.get(f"/v1/offers/{offer['id']}")["retired"]
    assert not forms(browser, offer["id"])
    browser.send("/reinstatement")
    browser.go("/desk/house/offers?retired=true")
    assert "There is none of these." in browser.text

    browser.go("/desk/house/plans/new")
    assert browser.send("/plans/new", name="Gold", price="", more="yes").status_code == 200
    assert filled(browser.form("/plans/new"))["lines"] == "4"
    plan = ticked(browser.form("/plans/new")) | {"price": "40", "quantity-1": "4", f"service-1-{id}": "yes"}
    browser.post("/desk/house/plans/new", plan | {"rollover_limit": "2"})
    (made,) = desk.get("/v1/plans")["data"]
    assert (made["name"], made["price"]["amount"], made["rollover_limit"]) == ("Gold", 4000, 2)
    browser.send("/retirement")
    assert desk.get(f"/v1/plans/{made['id']}")["retired"]


def test_the_catalogue_is_read_by_staff_and_what_is_wrong_is_told(desk: Desk) -> None:
    service = desk.service()
    offer = desk.offer(service)
    browser = Browser.signed_in(desk)
    browser.go("/desk/house/offers/new")
    assert browser.send("/offers/new", name="Ten", price="4,5,0", **{"quantity-1": "0"}).status_code == 400
    assert filled(browser.form("/offers/new"))["price"] == "4,5,0"
    browser.go(f"/desk/house/offers/new?like={offer}")
    assert filled(browser.form("/offers/new"))["name"] == "Massage ×10 💆"
    staff = Browser.signed_in(desk.as_role(Role.STAFF))
    for address in ("offers", f"offers/{offer}", "services", f"services/{service}", "staff", "locations"):
        assert staff.go(f"/desk/house/{address}").status_code == 200
        assert not [each for each in staff.page.all("form") if "/house/" in each.attributes.get("action", "")]
    for address in ("terms", "keys", "import"):
        assert f"/desk/house/{address}" not in staff.answer.text
    assert staff.go("/desk/house/keys").status_code == 403


def test_staff_are_registered_changed_and_leave_after_a_look(either_desk: Desk) -> None:
    desk = either_desk
    desk.do("/v1/locations", {"id": "loc_a", "name": "Buda"})
    browser = Browser.signed_in(desk)
    browser.go("/desk/house/staff")
    form = ticked(browser.form("/staff")) | {"name": NASTY, "role": "staff", "at-loc_a": "yes"}
    for _ in range(2):
        browser.post("/desk/house/staff", form)
    (zoe,) = desk.get("/v1/staff")["data"]
    assert (zoe["name"], zoe["locations"]) == (NASTY, ["loc_a"])
    at = f"/desk/house/staff/{zoe['id']}"
    browser.post(at, {**ticked(browser.form(zoe["id"])), "name": "Zoë", "role": "manager"})
    photo = filled(browser.form("/photo"))
    browser.upload(f"{at}/photo", photo, photo=("zoe.png", PNG, "image/png"))
    zoe = desk.get(f"/v1/staff/{zoe['id']}")
    assert (zoe["name"], zoe["role"], zoe["photo_url"] is None) == ("Zoë", "manager", False)
    key = desk.as_role(Role.MANAGER, zoe["id"])
    before = desk.head
    browser.send("/deactivation")
    assert desk.head == before
    assert "The keys of Zoë end, and stay ended." in browser.text
    browser.send("/deactivation")
    assert key.ask("/v1/me").status_code == 401
    browser.send("/reactivation")
    assert desk.get(f"/v1/staff/{zoe['id']}")["active"]
    manager = Browser.signed_in(desk.as_role(Role.MANAGER))
    manager.go("/desk/house/staff")
    assert "owner" not in {each.attributes["value"] for each in manager.form("/staff").all("option")}


def test_locations_open_and_close_after_a_look(desk: Desk) -> None:
    browser = Browser.signed_in(desk)
    browser.go("/desk/house/locations")
    assert browser.send("/locations", name="Buda", time_zone="Nowhere/Land").status_code == 400
    browser.send("/locations", name=NASTY, time_zone="Europe/Vienna")
    (place,) = desk.get("/v1/locations")["data"]
    assert (place["name"], place["time_zone"]) == (NASTY, "Europe/Vienna")
    browser.send("/closure")
    assert desk.get("/v1/locations")["data"][0]["open"]
    assert f"{NASTY} closes: nothing new is sold" in browser.text
    browser.send("/closure")
    assert not desk.get("/v1/locations")["data"][0]["open"]
    browser.send("/reopening")
    assert desk.get("/v1/locations")["data"][0]["open"]


@pytest.mark.covers("S92", "S93", "S108")
def test_each_part_of_the_terms_is_changed_alone(either_desk: Desk) -> None:
    desk = either_desk
    browser = Browser.signed_in(desk)
    browser.go("/desk/house/terms")
    first = desk.get("/v1/business")["policies"]
    for part in ("bookings", "packages", "points", "categories", "messages", "reasons"):
        browser.post(f"/desk/house/terms/{part}", ticked(browser.form(f"/terms/{part}")))
    assert desk.get("/v1/business")["policies"] == first, "forms hold the terms as they are"
    parts = {
        "bookings": {"notice_hours": "48", "late": "forfeit", "text": "Call us", "deduct": "at_attendance"},
        "packages": {"payment_required": "yes", "correction_max": "3"},
        "points": {"payment_points": "1", "per_amount": "10.00", "visit_points": "5"},
        "categories": {"category-2": "", "category-4": "Gold"},
        "messages": {"reminder_lead_days": "", "message_language": "hu", "by-birthday-sms": "yes"},
        "reasons": {"code-1": "twice", "text-1": "Twice", "for-1-refund": "yes", "required-refund": "yes"},
    }
    for part, typed in parts.items():
        assert (
            browser.post(
                f"/desk/house/terms/{part}", ticked(browser.form(f"/terms/{part}")) | typed
            ).status_code
            == 200
        )
    terms = desk.get("/v1/business")["policies"]
    assert terms["cancellation"] == {"notice_hours": 48, "late": "forfeit", "text": "Call us"}
    assert (terms["deduct"], terms["payment_required"], terms["correction_max"]) == ("at_attendance", True, 3)
    assert terms["earn"] == [
        {"on": "payment", "points": 1, "per_amount": 1000},
        {"on": "visit", "points": 5},
    ]
    assert terms["categories"] == ["VIP", "New", "Gold"]
    assert (terms["reminder_lead_days"], terms["message_language"]) == (None, "hu")
    assert terms["message_channels"]["birthday"] == ["email", "sms"]
    assert terms["reason_codes"][0]["groups"] == terms["reason_code_required"] == ["refund"]
    stale = ticked(browser.form("/terms/packages"))
    desk.do("/v1/policies", {"payment_required": False})
    assert browser.post("/desk/house/terms/packages", stale | {"correction_max": "9"}).status_code == 412
    assert "changed it on" in browser.text
    assert filled(browser.form("/terms/packages"))["correction_max"] == "9"
    bookings = ticked(browser.form("/terms/bookings")) | {"notice_hours": "9999"}
    assert browser.post("/desk/house/terms/bookings", bookings).status_code == 400


def test_a_key_is_shown_once_and_the_last_of_an_owner_stays(desk: Desk) -> None:
    zoe = desk.do("/v1/staff", {"name": "Zoë"})["id"]
    browser = Browser.signed_in(desk)
    browser.go("/desk/house/keys")
    form = ticked(browser.form("/keys")) | {"name": "Till", "role": "staff", "staff_id": zoe}
    browser.post("/desk/house/keys", form | {"last_day": desk.today(days=3)})
    (shown,) = browser.page.all("code", id="secret")
    assert browser.client.get("/v1/me", headers={"Authorization": f"Bearer {shown.text}"}).status_code == 200
    browser.post("/desk/house/keys", form | {"last_day": desk.today(days=3)})
    assert "It was shown once, and is not shown again." in browser.text
    assert shown.text not in browser.go("/desk/house/keys").text
    (till,) = [each for each in desk.get("/v1/keys")["data"] if each["name"] == "Till"]
    assert till["actor_id"] == zoe
    browser.send(f"{till['id']}/revocation")
    assert "“Till” (staff) opens nothing from now on." in browser.text
    browser.send(f"{till['id']}/revocation")
    assert browser.client.get("/v1/me", headers={"Authorization": f"Bearer {shown.text}"}).status_code == 401
    own = desk.get("/v1/me")["key_id"]
    assert browser.send(f"{own}/revocation").status_code == 409
    assert "No other key of an owner is left." in browser.text
    scoped = ticked(browser.form("/keys")) | {"name": "Shop", "role": "integration"}
    assert browser.post("/desk/house/keys", scoped).status_code == 400
    browser.post("/desk/house/keys", ticked(browser.form("/keys")) | scoped | {"may-sell": "yes"})
    assert desk.get("/v1/keys")["data"][-1]["scopes"] == ["sell"]
