"""The books on pages: the ledger and its proof, facts, reports whose numbers lead on, and who may look."""

import csv
from codecs import BOM_UTF8
from io import StringIO

import pytest

from api.pages.long_answers import LongAnswers
from api.pages.rendering import environment
from api.pages.speech import LANGUAGES, Speech
from domain.actor import Role
from domain.fact_registry import FACTS
from replay.proof.mend import mend
from replay.proof.prove import Proof
from tests.api.desk import ZONE, Desk
from tests.api.pages.browser import Browser, Element, read
from tests.replay.proof.attacks import by_hand

pytest_plugins = ["tests.api.houses"]

REPORTS = (
    "liability",
    "movements",
    "movements/lines",
    "sales",
    "reasons",
    "reasons/lines",
    "expiring",
    "outstanding",
    "corrections",
    "late-entries",
)


def auditor_of(desk: Desk) -> Browser:
    return Browser.signed_in(desk.as_role(Role.AUDITOR))


def cells_of(page: Element) -> dict[str, list[str]]:
    """The head of each row → its cells."""
    return {
        next(row.all("th")).text: [cell.text for cell in row.all("td")]
        for row in page.all("tr")
        if list(row.all("td")) and list(row.all("th"))
    }


def links_of(page: Element) -> dict[str, str]:
    return {link.text: link.attributes["href"] for link in page.all("a")}


@pytest.fixture
def salon(either_desk: Desk) -> Desk:
    """A sale of four, half paid, one used and one taken by a correction, all of Anna Secret."""
    desk = either_desk
    service = desk.service("Massage", tax_rate=2700)
    anna = desk.customer("Anna Secret")
    package = desk.sell(
        anna, desk.offer(service, quantity=4, price=40_000), payment={"amount": 20_000, "method": "card"}
    )
    desk.redeem(package["id"], service)
    desk.do(f"/v1/packages/{package['id']}/corrections", {"line": 1, "change": -1, "reason": "a secret"})
    return desk


def test_the_ledger_says_where_it_ends_and_proves_itself_when_it_is_asked(salon: Desk) -> None:
    browser = auditor_of(salon)
    browser.go("/audit")
    head = salon.get("/v1/ledger/head")
    assert head["hash"] in browser.text
    assert f"{head['position']} facts" in browser.text
    assert "None has stopped." in browser.text
    browser.send("/verification")
    assert "The chain holds." in browser.text
    (figures,) = (link for link in browser.page.all("a") if link.text == "Add it up")
    browser.go(figures.attributes["href"])
    assert "€200.00 2 units that can still be used" in browser.text
    assert cells_of(browser.page)["Sold"] == ["4", "€400.00"]
    assert cells_of(browser.page)["Now"] == ["2", "€200.00"]


def test_the_last_verification_is_told_the_next_time_and_proves_nothing(salon: Desk) -> None:
    browser = auditor_of(salon)
    browser.go("/audit")
    assert "last recomputed" not in browser.text
    browser.go("/audit")
    browser.send("/verification")
    head = salon.head
    by_hand(salon.carnet, "DELETE FROM people_search WHERE business_id = ?", salon.business_id)
    browser.go("/audit")
    assert "Not recomputed on this page yet" in browser.text, "what is remembered is no proof"
    assert f"up to fact {head}, and was as it was recorded." in browser.text
    ((found, upto, *_),) = (cells for cells in cells_of(browser.page).values() if cells[0] == "intact")
    assert (found, upto) == ("intact", str(head))
    (package,) = salon.all_of("/v1/packages")
    for address in (f"/audit/packages/{package['id']}", "/audit/facts/1"):
        browser.go(address)
        assert f"last recomputed on {shown_moment(salon)}, up to fact {head}" in browser.text, address
    salon.clock.forward(minutes=2)
    browser.go("/audit")
    browser.send("/verification")
    browser.go("/audit")
    assert "rows beside it were not as they should be" in browser.text
    assert [cells[0] for cells in cells_of(browser.page).values()] == ["1 row wrong", "intact"]
    assert "secret" not in browser.answer.text.lower()
    made_whole(salon)


def made_whole(desk: Desk) -> None:
    with desk.carnet.store.mending(desk.business_id) as mending:
        assert list(mend(mending, Proof(mending, None)))


def shown_moment(desk: Desk) -> str:
    """The latest verification, as a page shows it."""
    (last,) = desk.get("/v1/ledger/verifications", limit=1)["data"]
    return " ".join(Speech.of("en", ZONE).moment(last["verified_at"]).split())


def test_every_fact_has_a_name_in_words(desk: Desk) -> None:
    for language in LANGUAGES:
        page = environment(language).get_template("parts/fact.html").module
        named = {fact.stored_name: page.fact_name(fact.stored_name) for fact in FACTS}  # type: ignore[attr-defined]
        assert not [name for name, text in named.items() if str(text).strip() == name], language


def test_a_booking_tells_its_facts_on_two_clocks_without_names(desk: Desk) -> None:
    service, anna = desk.service(), desk.customer("Anna Secret")
    package = desk.sell(anna, desk.offer(service))["id"]
    booking = desk.do(
        "/v1/bookings",
        {
            "customer_id": anna,
            "service_id": service,
            "starts_at": "2027-06-01T08:00:00Z",
            "package_id": package,
        },
    )["id"]
    desk.do(f"/v1/bookings/{booking}/rescheduling", {"starts_at": "2027-06-02T08:00:00Z"})
    desk.do(f"/v1/bookings/{booking}/cancellation", {"by": "customer", "reason": "a secret"})
    browser = auditor_of(desk)
    browser.go(f"/audit/packages/{package}")
    browser.go(next(href for text, href in links_of(browser.page).items() if text == booking))
    assert browser.address == f"/audit/bookings/{booking}"
    rows = cells_of(browser.page)
    assert list(rows) == ["3", "2", "1"]
    assert rows["1"][2] == "Booked for Jun 1, 2027, 10:00 AM"
    assert rows["2"][2] == "Moved from Jun 1, 2027, 10:00 AM to Jun 2, 2027, 10:00 AM"
    assert rows["3"][2] == "Cancelled by the customer, in time. 1 unit goes back."
    assert "secret" not in browser.answer.text.lower()
    for fact in desk.all_of("/v1/facts", stream_id=booking):
        assert rows[str(fact["version"])][-1] == f"{fact['hash'][:8]}…"
        assert browser.go(f"/audit/facts/{fact['position']}").status_code == 200
        assert f"/audit/bookings/{booking}#v{fact['version']}" in links_of(browser.page)[booking]
    taken = browser.go(f"/audit/bookings/{booking}?as=json")
    assert [row["kind"] for row in taken.json()["data"]] == ["cancellation", "rescheduling", "booking"]
    assert "secret" not in taken.text.lower()
    assert browser.go("/audit/bookings/bkg_none").status_code == 404


def test_what_is_seen_opens_in_a_spreadsheet_and_calculates_nothing(desk: Desk) -> None:
    formula = '=HYPERLINK("https://evil.example", "é")'
    desk.sell(desk.customer("Anna"), desk.offer(desk.service(formula), name=formula))
    taken = auditor_of(desk).go("/audit/packages?as=csv").content
    assert taken.startswith(BOM_UTF8), "some spreadsheets take it for UTF-8 by that alone"
    (head, row) = csv.reader(StringIO(taken.decode("utf-8-sig"), newline=""))
    cells = dict(zip(head, row, strict=True))
    assert cells["name"] == f"'{formula}"
    assert not [cell for cell in row if cell[:1] in ("=", "+", "-", "@", "\t")]


def test_every_number_of_every_report_leads_on_and_no_name_is_told(salon: Desk) -> None:
    browser = auditor_of(salon)
    followed = set[str]()
    for report in REPORTS:
        assert browser.go(f"/audit/reports/{report}").status_code == 200, report
        assert "secret" not in browser.answer.text.lower()
        for cell in browser.page.all("td", **{"class": "num"}):
            assert list(cell.all("a")) or cell.text in ("", "–"), f"{report}: {cell.text} leads nowhere"
            followed |= {link.attributes["href"] for link in cell.all("a")}
        for taken in ("json", "csv"):
            assert browser.go(f"/audit/reports/{report}?as={taken}").status_code == 200
            assert "secret" not in browser.answer.text.lower()
    for address in sorted(followed):
        assert browser.go(address).status_code == 200, address
    browser.go("/audit/reports/liability")
    assert "€200.00" in browser.text
    assert cells_of(browser.page)["used, less what came back"] == ["1"]
    browser.go("/audit/reports/sales")
    assert cells_of(browser.page)["27%"] == ["€400.00", "€314.96", "€85.04"]


def test_a_report_that_takes_long_says_so_and_is_shown_once_it_is_there(
    salon: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LongAnswers, "patience_s", 0.0)
    browser, address = auditor_of(salon), "/audit/reports/liability"
    first = browser.client.get(address, headers={"cookie": browser.cookie})
    assert first.status_code == 200
    assert "Being made" in first.text
    assert "€200.00" not in first.text
    assert "<title>Being made: What is owed to customers" in first.text
    (again,) = (link for link in read(first.text).all("a") if link.text == "Look again")
    assert again.attributes["href"] == address
    browser.go(address)
    assert "€200.00" in browser.text
    # What is taken along is whole, however long it takes.
    assert browser.client.get(f"{address}?as=json", headers={"cookie": browser.cookie}).json()


@pytest.mark.parametrize("address", ["/audit/reports/liability", "/audit?figures=yes"])
def test_a_script_that_looks_for_what_is_not_there_changes_nothing(
    salon: Desk, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """What is typed meanwhile stays, and where one is."""
    monkeypatch.setattr(LongAnswers, "patience_s", 0.0)
    browser = auditor_of(salon)
    looks = browser.client.get(address, headers={"cookie": browser.cookie, "hx-request": "true"})
    assert (looks.status_code, looks.text) == (204, "")


def test_figures_that_take_long_say_so_on_the_first_page(
    salon: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LongAnswers, "patience_s", 0.0)
    browser, address = auditor_of(salon), "/audit?figures=yes"
    first = browser.client.get(address, headers={"cookie": browser.cookie})
    assert "Being made" in first.text
    monkeypatch.undo()
    browser.go(address)
    assert "€200.00" in browser.text


def test_a_report_that_nobody_fetched_is_made_anew_later(
    salon: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, address = auditor_of(salon), "/audit/reports/liability"
    monkeypatch.setattr(LongAnswers, "patience_s", 0.0)
    assert "Being made" in browser.client.get(address, headers={"cookie": browser.cookie}).text
    monkeypatch.undo()
    browser.go("/audit/reports/sales")  # made meanwhile
    salon.sell(salon.customer("Béla"), salon.offer(salon.service(), quantity=1, price=10_000))
    monkeypatch.setattr(LongAnswers, "kept_s", -1.0)
    browser.go(address)
    assert "€300.00" in browser.text


def test_a_report_of_the_past_is_asked_by_its_form_and_told_where_it_cannot_be(desk: Desk) -> None:
    service = desk.service()
    package = desk.sell(desk.customer("Anna"), desk.offer(service, quantity=4, price=40_000))["id"]
    desk.clock.forward(days=3)
    yesterday = desk.today(days=-1)
    desk.redeem(package, service)
    browser = auditor_of(desk)
    browser.go(f"/audit/reports/liability?effective_as_of={yesterday}")
    assert "€400.00" in browser.text
    for link in browser.page.all("a"):
        if link.attributes["href"].startswith("/audit"):
            assert browser.go(link.attributes["href"]).status_code == 200, link.attributes["href"]
    browser.go(f"/audit/reports/liability?effective_as_of={yesterday}")
    assert cells_of(browser.page)["remaining"] == ["4"]
    then = links_of(browser.page)["The same day, as it was known then"]
    browser.go(links_of(browser.page)["What was entered later and had happened by then"])
    assert "There is none in this period." in browser.text
    desk.redeem(package, service, effective_at=desk.today(days=-2))
    browser.go(browser.address)
    assert "1 fact moved -1 unit" in browser.text
    browser.go(then)
    assert cells_of(browser.page)["remaining"] == ["4"], "what was known then stays what it was"
    browser.go(links_of(browser.page)["The same day, as it is known today"])
    assert cells_of(browser.page)["remaining"] == ["3"], "a late entry of that day counts"
    browser.go(f"/audit/reports/movements?to={yesterday}&clock=recorded")
    assert cells_of(browser.page)["Used"] == ["0", "€0.00"]
    assert cells_of(browser.page)["Closing"] == ["4", "€400.00"]
    (clock,) = browser.page.all("select", name="clock")
    assert [each.text for each in clock.all("option") if "selected" in each.attributes] == ["recording"]
    for wrong in (
        f"liability?as_of={desk.today()}",
        "late-entries?from=soon",
        f"movements?to={desk.today()}",
    ):
        answer = browser.go(f"/audit/reports/{wrong}")
        assert answer.status_code == 400
        assert "This cannot be asked so" in browser.text


def test_facts_are_found_by_what_they_are_and_have_addresses(salon: Desk) -> None:
    browser = auditor_of(salon)
    facts = salon.all_of("/v1/facts")
    browser.go("/audit/facts")
    heads = [int(next(row.all("th")).text) for row in browser.page.all("tr") if row.attributes.get("id")]
    assert heads == [fact["position"] for fact in reversed(facts)]
    browser.go("/audit/facts?kind=package&name=package.redeemed")
    (used,) = [fact for fact in facts if fact["name"] == "package.redeemed"]
    assert list(cells_of(browser.page)) == [str(used["position"])]
    browser.go(f"/audit/facts/{used['position']}")
    assert used["hash"] in browser.text
    assert used["meta"]["request_id"] in browser.text
    (before,) = (fact for fact in facts if fact["position"] == used["position"] - 1)
    assert before["hash"] in browser.text
    browser.go("/audit/facts/1")
    assert "The beginning of the ledger" in browser.text
    for nowhere in ("0", str(len(facts) + 1), "x", "9" * 20):
        assert browser.go(f"/audit/facts/{nowhere}").status_code == 404
    assert browser.go("/audit/facts?name=package.dreamt").status_code == 400
    assert "is not the name of a fact" in browser.text
    browser.go("/audit/facts?stream_id=pkg_nothing")
    assert "No fact fits" in browser.text


def test_facts_go_on_page_by_page_in_words(desk: Desk) -> None:
    for n in range(55):
        desk.customer(f"C{n}")
    browser = auditor_of(desk)
    for filters, positions in (("", range(1, desk.head + 1)), ("?kind=customer", range(2, desk.head + 1))):
        browser.go(f"/audit/facts{filters}")
        newest = set(cells_of(browser.page))
        browser.go(links_of(browser.page)["Older"])
        oldest = set(cells_of(browser.page))
        assert len(newest) == 50
        assert not newest & oldest
        assert newest | oldest == {str(position) for position in positions}
        browser.go(links_of(browser.page)["Oldest"])
        assert str(positions[0]) == next(iter(cells_of(browser.page)))
        browser.go(links_of(browser.page)["Newer"])
        assert str(positions[-1]) in cells_of(browser.page)
        browser.go(links_of(browser.page)["Newest"])
        assert set(cells_of(browser.page)) == newest


def test_packages_are_found_without_names(salon: Desk) -> None:
    browser = auditor_of(salon)
    browser.go("/audit/packages?status=active&owing=true")
    (package,) = salon.all_of("/v1/packages")
    assert package["id"] in browser.text
    assert "secret" not in browser.answer.text.lower()
    browser.go("/audit/packages?status=cancelled")
    assert "No package fits" in browser.text
    assert browser.go("/audit/packages?expires_from=soon").status_code == 400
    browser.go(f"/audit/packages?id={package['id']}")
    assert browser.address == f"/audit/packages/{package['id']}"


def test_no_file_of_the_books_names_a_person_to_an_owner_either(desk: Desk) -> None:
    service = desk.service("Massage")
    anna = desk.customer("Anna Secret", email="secret@example.com")
    package = desk.sell(anna, desk.offer(service))["id"]
    staff = desk.do("/v1/staff", {"name": "Eva Secret", "role": "manager"})["id"]
    manager = desk.as_role(Role.MANAGER, staff)
    manager.do(f"/v1/packages/{package}/corrections", {"line": 1, "change": 1, "reason": "a secret"})
    browser = Browser.signed_in(desk)
    for address, id in (("packages", anna), ("reports/corrections", staff), (f"packages/{package}", staff)):
        for form in ("", "?as=json", "?as=csv"):
            browser.go(f"/audit/{address}{form}")
            assert id in browser.answer.text, address
            assert "secret" not in browser.answer.text.lower(), address
    assert "Massage" in browser.go("/audit/packages?as=json").text, "things keep their names"


def test_who_may_look_at_the_books(desk: Desk) -> None:
    desk.sell(desk.customer("Anna"), desk.offer(desk.service()))
    for role in (Role.OWNER, Role.MANAGER, Role.AUDITOR):
        browser = Browser.signed_in(desk.as_role(role))
        browser.go("/desk/customers" if role is not Role.AUDITOR else "/audit")
        (way,) = (
            link
            for link in browser.page.all("a")
            if link.attributes["href"] == "/audit" and link.text != "Carnet"
        )
        browser.go(way.attributes["href"])
        assert browser.answer.status_code == 200
        assert ("Back to the desk" in browser.answer.text) is (role is not Role.AUDITOR)
    browser = Browser.signed_in(desk.as_role(Role.STAFF))
    browser.go("/desk/customers")
    assert "/audit" not in browser.answer.text
    for address in (
        "/audit",
        "/audit/facts",
        "/audit/reports",
        "/audit/reports/sales",
        "/system/read-models",
    ):
        assert browser.go(address).status_code == 403, address
        assert "Your role does not allow this." in browser.text


def test_movements_one_by_one_stand_by_their_time_and_say_so(desk: Desk) -> None:
    service = desk.service()
    offer = desk.offer(service, quantity=9)
    bought = desk.today(days=-3)
    cards = [
        desk.sell(desk.customer(name), offer, effective_at=bought)["id"] for name in ("Anna", "Béla", "Cili")
    ]
    for days in range(-2, 0):
        for card in cards:
            desk.redeem(card, service, effective_at=desk.today(days=days))
    browser = auditor_of(desk)
    browser.go("/audit/reports/movements/lines?cause=redeemed")
    moments = [
        each.attributes["datetime"] for each in browser.page.all("time") if "datetime" in each.attributes
    ]
    moments = moments[: 2 * len(cards)]
    assert moments == sorted(moments)
    assert len({*moments}) == 2, "each day has a movement of each package"
    assert "In the order in which they count." in browser.text
    rows = csv.DictReader(StringIO(browser.go("/audit/reports/movements/lines?cause=redeemed&as=csv").text))
    assert [row["at"] for row in rows] == moments
    for _ in range(16):
        card = desk.sell(desk.customer(), desk.offer(service, quantity=3))["id"]
        for _ in range(3):
            desk.redeem(card, service)
    browser.go("/audit/reports/movements/lines?cause=redeemed")
    assert "Next page" in browser.text
    assert [each.attributes.get("datetime") for each in browser.page.all("time")][: len(moments)] == moments
