"""Moving in from a file: the look before, what is wrong, the import, and its undoing."""

from base64 import b64encode
from csv import DictReader
from random import Random

import pytest

from api.imports.mapping import shipped
from api.pages.desk.house.imports import FILE_BYTES_MAX, MAPPINGS
from domain.actor import Role
from tests.api.desk import Desk
from tests.api.pages.browser import Browser, filled

pytest_plugins = ["tests.api.houses"]

CLIENTS = 'reference,name,email\n17,Nagy Éva,eva@example.com\n18,"Kis <b>Béla</b>",eva@example.com\n19,,\n'
BALANCES = (
    "reference,customer,service,units,remaining,price,purchased_on\nS-9,17,Massage 60,10,6,50000,2026-05-04\n"
)


def look(browser: Browser, what: str, text: str, **typed: str) -> None:
    browser.go("/desk/house/import")
    form = filled(browser.form(f"/import/{what}")) | {"source": "old-till"} | typed
    file = (f"{what}.csv", text.encode(), "text/csv")
    browser.upload(f"/desk/house/import/{what}", form, file=file)


@pytest.mark.covers("S106", "S111")
def test_customers_and_balances_are_looked_at_and_imported_once(either_desk: Desk) -> None:
    desk = either_desk
    browser = Browser.signed_in(desk)
    before = desk.head
    look(browser, "customers", CLIENTS)
    assert desk.head == before
    assert "3 rows were read. 2 are new. 1 is refused." in browser.text
    assert "Lines that are wrong Line Column What is wrong 4 name" in browser.text
    sure = filled(browser.form("/import/customers"))
    for _ in range(2):
        browser.post("/desk/house/import/customers", sure)
        assert "This has happened 3 rows were read. 2 are new." in browser.text
    assert sorted(each["name"] for each in desk.all_of("/v1/customers")) == ["Kis <b>Béla</b>", "Nagy Éva"]
    assert "/merge?with=" in browser.answer.text

    assert "by which its customers are found" in browser.text
    (moved,) = (each["import_id"] for each in desk.get("/v1/imports")["data"])
    assert filled(browser.form("/reversal")).get("import_id", "") == ""
    assert browser.send("/reversal", import_id=moved, reason="Wrong file").status_code == 409
    assert "Customers came by this import, and it is not undone as a whole." in browser.text
    (link,) = [each for each in browser.page.all("a") if each.text == "Look at them"]
    browser.go(link.attributes["href"])
    assert "Nagy Éva" in browser.text

    look(browser, "packages", BALANCES)
    assert "1 service is defined for them." in browser.text
    browser.send("/import/packages")
    (card,) = desk.get("/v1/packages")["data"]
    assert (card["remaining"], card["customer"]["name"]) == (6, "Nagy Éva")
    number = filled(browser.form("/reversal"))["import_id"]
    browser.go("/desk/house/import?as=csv")
    latest, first = DictReader(browser.answer.text.removeprefix("\ufeff").splitlines())
    assert [(each["imports"], each["customers"], each["packages"]) for each in (latest, first)] == [
        ("packages", "0", "1"),
        ("customers", "2", "0"),
    ]
    moved = first["import_id"]
    browser.go("/desk/house/import")
    assert f"old-till {number} 1 0 6" in browser.text
    assert f"old-till {moved} 2" in browser.text
    assert [link.text for link in browser.page.all("a") if link.text.startswith("Undo")] == [f"Undo {number}"]
    (those,) = (link for link in browser.page.all("a") if link.text == moved)
    browser.go(those.attributes["href"])
    assert f"Import: {moved} ×" in browser.text
    assert "Nagy Éva" in browser.text
    browser.go("/desk/house/import?limit=1")
    (older,) = (link for link in browser.page.all("a") if link.text == "Next page")
    browser.go(older.attributes["href"])
    assert f"old-till {moved} 2" in browser.text
    browser.go("/desk/house/import")
    (undo,) = (link for link in browser.page.all("a") if link.text == f"Undo {number}")
    (listed,) = (link for link in browser.page.all("a") if link.text == number)
    browser.go(listed.attributes["href"])
    assert card["id"] in browser.answer.text
    browser.go(undo.attributes["href"])
    browser.send("/reversal", reason="Wrong file")
    assert "1 package came with this import. 1 is voided." in browser.text
    assert desk.card(card["id"])["status"] == "active"
    browser.send("/reversal")
    assert desk.card(card["id"])["status"] == "cancelled"
    assert number.startswith("imp_")


def test_an_import_is_undone_with_a_kind_of_reason_where_one_is_asked_for(desk: Desk) -> None:
    code = {"code": "mistake", "text": "Wrong file", "groups": ["voiding"]}
    desk.do("/v1/policies", {"reason_codes": [code], "reason_code_required": ["voiding"]})
    browser = Browser.signed_in(desk)
    for what, text in (("customers", CLIENTS), ("packages", BALANCES)):
        look(browser, what, text)
        browser.send(f"/import/{what}")
    assert [each.attributes["value"] for each in browser.form("/reversal").all("option")] == ["mistake"]
    for _ in range(2):
        browser.send("/reversal", reason="Old numbers", reason_code="mistake")
    (card,) = desk.get("/v1/packages")["data"]
    assert card["status"] == "cancelled"
    assert desk.history(card["id"])[-1]["reason_text"] == "Wrong file"


def test_what_is_no_file_is_told_and_only_owners_move_in(desk: Desk) -> None:
    browser = Browser.signed_in(desk)
    browser.go("/desk/house/import")
    form = filled(browser.form("/import/customers")) | {"source": "old-till"}
    assert browser.post("/desk/house/import/customers", form).status_code == 400
    assert "Choose a file first." in browser.text
    assert filled(browser.form("/import/customers"))["source"] == "old-till"
    form = filled(browser.form("/import/customers")) | {"source": "old-till"}
    large = ("large.csv", b"x" * (FILE_BYTES_MAX + 1), "text/csv")
    assert browser.upload("/desk/house/import/customers", form, file=large).status_code == 413
    assert "4 MB" in browser.text
    for packed in ("no base64 ö", b64encode(Random(7).randbytes(FILE_BYTES_MAX)).decode()):
        form = filled(browser.form("/import/customers")) | {"source": "old-till", "sure": "yes"}
        browser.upload("/desk/house/import/customers", form | {"packed": packed}, file=("", b"", ""))
        assert browser.answer.status_code == 400
    look(browser, "customers", CLIENTS, source="old till")
    assert browser.answer.status_code == 400
    assert filled(browser.form("/import/customers"))["source"] == "old till"
    look(browser, "customers", "colour\nred\n")
    assert browser.answer.status_code == 400
    browser.go("/desk/house/import")
    assert browser.send("/reversal", import_id="imp_none", reason="x").status_code == 404
    assert "There is no import of this number." in browser.text
    manager = Browser.signed_in(desk.as_role(Role.MANAGER))
    manager.go("/desk/house/staff")
    mark = filled(manager.form("/staff"))["mark"]
    sent = {"mark": mark, "key": "k", "source": "x"}
    file = ("a.csv", CLIENTS.encode(), "text/csv")
    assert manager.upload("/desk/house/import/customers", sent, file=file).status_code == 403


def test_every_known_form_of_a_file_is_offered() -> None:
    for what, offered in MAPPINGS.items():
        assert set(offered) == {name for name, each in shipped().items() if each.imports == what}
