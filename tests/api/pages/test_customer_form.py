"""The form of a customer: registering, changing, the household, standing, and erasure with its warning."""

import pytest

from domain.actor import Role
from tests.api.desk import Desk
from tests.api.images import PNG
from tests.api.pages.browser import Browser, Element, filled

pytest_plugins = ["tests.api.houses"]

NASTY = '"><script>alert(1)</script> & {{ 7*7 }}'
FIELDS = {
    "email": "kata@example.hu",
    "country_code": "+36",
    "mobile": "30 123 4567",
    "gender": "female",
    "date_of_birth": "1990-03-15",
    "anniversary": "2015-06-01",
    "category": "VIP",
    "locale": "de-AT",
}


def ticked(form: Element) -> dict[str, str]:
    """The fields of a form as a browser sends them: boxes that are not ticked stay behind."""
    boxes = [each for each in form.all("input") if each.attributes.get("type") in ("checkbox", "radio")]
    unticked = {each.attributes["name"] for each in boxes if "checked" not in each.attributes}
    chosen = {
        select.attributes["name"]: option.attributes["value"]
        for select in form.all("select")
        for option in select.all("option")
        if "selected" in option.attributes
    }
    return {name: value for name, value in (filled(form) | chosen).items() if name not in unticked}


@pytest.mark.covers("S112", "S126", "S127", "S128", "S129", "S131", "S132", "S133", "S134", "S135", "S136")
def test_a_customer_is_registered_once_and_changed_to_the_last_field(either_desk: Desk) -> None:
    desk = either_desk
    browser = Browser.signed_in(desk)
    browser.go("/desk/customers/new")
    form = browser.form("/desk/customers/new")
    typed = ticked(form) | FIELDS | {"name": NASTY, "birthday": "yes", "source": "till", "ref": "7"}
    browser.post("/desk/customers/new", typed)
    customer_id = browser.address.split("/")[3]
    assert browser.address == f"/desk/customers/{customer_id}/details"
    known = desk.get(f"/v1/customers/{customer_id}")
    assert {name: known[name] for name in FIELDS} == FIELDS | {"mobile": "+36301234567"}
    assert (known["name"], known["external_ref"]) == (NASTY, {"source": "till", "ref": "7"})
    assert known["consents"] == {"session_reminder": False, "birthday": True, "marketing": False}

    browser.post("/desk/customers/new", typed)  # a double click
    assert browser.address == f"/desk/customers/{customer_id}/details"
    assert len(desk.all_of("/v1/customers")) == 1

    profile = ticked(browser.form("/details"))
    assert profile["mobile"] == "+36301234567"
    assert profile["gender"] == "female"
    del profile["birthday"]
    browser.post(f"/desk/customers/{customer_id}/details", profile | {"anniversary": "", "marketing": "yes"})
    known = desk.get(f"/v1/customers/{customer_id}")
    assert known["anniversary"] is None
    assert known["consents"] == {"session_reminder": False, "birthday": False, "marketing": True}
    assert "Birthday wishes, Offers and news" in browser.text


def test_somebody_who_may_be_the_same_is_shown_before_a_second_record_is_made(desk: Desk) -> None:
    first = desk.customer("Kata", email="kata@example.hu")
    browser = Browser.signed_in(desk)
    browser.go("/desk/customers/new")
    before, typed = (
        desk.head,
        ticked(browser.form("/customers/new")) | {"name": "K.", "email": "kata@example.hu"},
    )
    browser.post("/desk/customers/new", typed)
    assert "This may be the same person" in browser.text
    assert f"/desk/customers/{first}" in {each.attributes["href"] for each in browser.page.all("a")}
    assert desk.head == before
    anyway = ticked(browser.form("/customers/new"))
    for _ in range(2):
        browser.post("/desk/customers/new", anyway)
    browser.post("/desk/customers/new", typed)
    browser.post("/desk/customers/new", ticked(browser.form("/customers/new")))
    assert len(desk.all_of("/v1/customers")) == 2


def test_what_was_changed_meanwhile_is_told_with_who_did_it_and_what_was_typed_stays(desk: Desk) -> None:
    anna = desk.customer("Anna", category="New")
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}/details")
    form = ticked(browser.form("/details"))
    desk.do(f"/v1/customers/{anna}/changes", {"email": "anna@example.hu"})
    answer = browser.post(f"/desk/customers/{anna}/details", form | {"name": "Anna Maria"})
    assert answer.status_code == 412
    assert "Somebody changed this meanwhile" in browser.text
    assert "What was changed meanwhile Profile changed" in browser.text
    again = ticked(browser.form("/details"))
    assert again["name"] == "Anna Maria"
    browser.post(f"/desk/customers/{anna}/details", again | {"email": "anna@example.hu"})
    assert desk.get(f"/v1/customers/{anna}")["name"] == "Anna Maria"
    browser.send("/details", name="Anna", email="no address", category="New")
    assert browser.answer.status_code == 400
    flaw = next(browser.page.all("p", id="profile-email-flaw"))
    assert flaw.text
    assert "no address" in browser.answer.text


def test_a_household_is_kept_and_whoever_left_comes_back(either_desk: Desk) -> None:
    desk = either_desk
    nails = desk.service("Nails", "Beauty")
    anna = desk.customer("Anna")
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}/details")
    add = browser.form(f"{anna}/participants")
    for _ in range(2):
        browser.post(
            add.attributes["action"], ticked(add) | {"name": NASTY, "kind": "dog", f"barred-{nails}": "yes"}
        )
    people = desk.get(f"/v1/customers/{anna}")["participants"]
    assert [(each["name"], each["kind"], each["barred_services"]) for each in people[1:]] == [
        (NASTY, "dog", [nails])
    ]
    dog = people[1]["id"]
    change = ticked(browser.form(f"{dog}/changes"))
    del change[f"barred-{nails}"]
    browser.post(f"/desk/customers/{anna}/participants/{dog}/changes", change | {"name": "Max"})
    assert desk.get(f"/v1/customers/{anna}")["participants"][1]["barred_services"] == []
    browser.send(f"{dog}/removal")
    assert len(desk.get(f"/v1/customers/{anna}")["participants"]) == 1
    browser.send(f"{dog}/return")
    assert desk.get(f"/v1/customers/{anna}")["participants"][1]["name"] == "Max"


@pytest.mark.covers("S137")
def test_a_manager_blocks_and_deactivates_and_a_member_of_staff_sees_no_way_to(desk: Desk) -> None:
    anna = desk.customer("Anna")
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}/details")
    browser.send("standing/block", reason=NASTY)
    browser.send("standing/deactivation")
    known = desk.get(f"/v1/customers/{anna}")
    assert (known["blocked"], known["status"]) == (True, "inactive")
    assert NASTY in browser.text
    browser.send("standing/unblock")
    browser.send("standing/activation")
    known = desk.get(f"/v1/customers/{anna}")
    assert (known["blocked"], known["status"]) == (False, "active")
    staff = Browser.signed_in(desk.as_role(Role.STAFF))
    staff.go(f"/desk/customers/{anna}/details")
    actions = {form.attributes["action"] for form in staff.page.all("form")}
    assert f"/desk/customers/{anna}/details" in actions
    assert not [each for each in actions if "standing" in each or "erasure" in each]
    mark = filled(staff.form("/details"))
    answer = staff.post(f"/desk/customers/{anna}/standing/block", mark)
    assert answer.status_code == 403


def test_an_erasure_says_before_what_goes_and_proves_after_that_nothing_is_left(either_desk: Desk) -> None:
    desk = either_desk
    service = desk.service()
    anna = desk.customer("Anna", email="anna@example.hu")
    desk.sell(anna, desk.offer(service, quantity=4))
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}/erasure")
    before = desk.head
    browser.post(f"/desk/customers/{anna}/erasure", ticked(browser.form("/erasure")))
    assert "Packages with units in them: 1. Not paid in full: 1." in browser.text
    browser.send("/erasure", unused="cancel", owing="keep")
    assert desk.head == before
    assert "This will happen, and cannot be taken back" in browser.text
    assert "Packages that end, with the units in them: 1" in browser.text
    browser.send("/erasure")
    assert "This customer was erased" in browser.text
    left = [row.text.split()[-1] for row in browser.page.all("tr")][1:]
    assert set(left) == {"0"}
    assert browser.go(f"/desk/customers/{anna}/details").status_code == 410


@pytest.mark.covers("S130")
def test_a_photo_is_taken_in_once_shown_and_taken_away(desk: Desk) -> None:
    anna = desk.customer("Anna", participants=[{"name": "Max", "kind": "dog"}])
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}/details")
    image, text = ("a.png", PNG, "image/png"), ("a.png", b"no", "image/png")
    fields = filled(browser.form(f"{anna}/photo"))
    for _ in range(2):
        browser.upload(f"/desk/customers/{anna}/photo", fields, photo=image)
    (shown, *_) = browser.page.all("img")
    assert shown.attributes["src"].startswith("/desk/photos/pho_")
    assert browser.go(shown.attributes["src"]).headers["content-type"] == "image/png"
    browser.go(f"/desk/customers/{anna}/details")
    dog = desk.get(f"/v1/customers/{anna}")["participants"][1]["id"]
    fields = filled(browser.form(f"{dog}/photo"))
    address = f"/desk/customers/{anna}/participants/{dog}/photo"
    answer = browser.upload(address, fields, photo=text)
    assert (answer.status_code, "This is no photo" in browser.text) == (415, True)
    browser.upload(address, fields, photo=image)
    assert desk.get(f"/v1/customers/{anna}")["participants"][1]["photo_url"]
    (away,) = (
        form
        for form in browser.page.all("form", action=f"/desk/customers/{anna}/photo")
        if any(form.all("input", name="away"))
    )
    browser.post(away.attributes["action"], filled(away))
    assert desk.get(f"/v1/customers/{anna}")["photo_url"] is None
