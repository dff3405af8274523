"""A package as an auditor sees it: every fact on two clocks, without a name, and why each was allowed."""

import re
from datetime import timedelta

import pytest

from domain.actor import Role
from tests.api.desk import Desk
from tests.api.pages.browser import Browser, Element

pytest_plugins = ["tests.api.houses"]

HOSTILE = "<script>alert(1)</script>{{ 7*7 }}é שלום"


def auditor_of(desk: Desk) -> Browser:
    return Browser.signed_in(desk.as_role(Role.AUDITOR))


def rows_of(page: Element) -> dict[str, str]:
    """Version → what its row says."""
    return {row.attributes["id"]: row.text for row in page.all("tr") if "id" in row.attributes}


def moment(desk: Desk, **earlier: int) -> str:
    then = desk.clock() - timedelta(**earlier)
    return then.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.mark.covers("S24", "S25", "S33", "S37", "S76", "S77")
def test_a_package_is_told_fact_by_fact_without_a_name(either_desk: Desk) -> None:
    desk = either_desk
    desk.do(
        "/v1/policies",
        {"reason_codes": [{"code": "twice", "text": "Entered twice", "groups": ["correction"]}]},
    )
    service = desk.service("Daycare")
    anna = desk.customer("Anna Secret", participants=[{"name": "Rex Secret", "kind": "dog"}])
    offer = desk.offer(service, quantity=4, sharing="household")
    package = desk.sell(anna, offer, payment={"amount": 20_000, "method": "card"})["id"]
    used = desk.redeem(package, service)["redemption_id"]
    desk.do(f"/v1/redemptions/{used}/restorations", {"reason": "a secret reason"})
    desk.clock.forward(days=40)
    desk.redeem(package, service, effective_at=moment(desk, days=3))
    desk.do(f"/v1/packages/{package}/corrections", {"line": 1, "change": -1, "reason_code": "twice"})
    browser = auditor_of(desk)
    browser.go(f"/audit/packages/{package}")
    assert "2 of 4 remaining" in browser.text
    rows = rows_of(browser.page)
    assert list(rows) == ["v6", "v5", "v4", "v3", "v2", "v1"], "the newest first"
    assert "Corrected Entered twice −1 2" in rows["v6"]
    assert "entered 3 days later" in rows["v5"]
    assert "taken back by version 4" in rows["v3"]
    assert "takes back version 3" in rows["v4"]
    assert "Paid €200.00" in rows["v2"]
    assert "Sold" in rows["v1"]
    assert "without a fact" in browser.text, "a quiet time is folded"
    assert "secret" not in browser.answer.text.lower()
    positions = {each["version"]: each["position"] for each in desk.all_of(f"/v1/packages/{package}/facts")}
    for version, position in positions.items():
        assert rows[f"v{version}"].split(" ")[-2] == str(position)
    drawing, on_a_phone = browser.page.all("svg", role="group")
    assert [each.attributes["viewbox"].split()[2] for each in (drawing, on_a_phone)] == ["1120", "400"]
    assert len(list(on_a_phone.all("a"))) <= len(list(drawing.all("a")))
    assert "table below" in next(drawing.all("g", role="img")).attributes["aria-label"]
    marks = [link.attributes["href"] for link in drawing.all("a")]
    assert marks
    assert {mark.partition("#")[2] for mark in marks} <= rows.keys()
    for show, expected in (("money", {"v2"}), ("late", {"v5"}), ("undone", {"v3", "v4"})):
        browser.go(f"/audit/packages/{package}?show={show}")
        assert rows_of(browser.page).keys() == expected


def test_one_row_is_open_with_its_rule_its_bytes_and_its_place_in_the_chain(desk: Desk) -> None:
    service = desk.service(HOSTILE)
    anna = desk.customer(HOSTILE)
    package = desk.sell(
        anna, desk.offer(service, name=HOSTILE), payment={"amount": 50_000, "method": "cash"}
    )["id"]
    desk.redeem(package, service)
    desk.customer("Somebody after it")
    facts = desk.all_of("/v1/facts")
    first, paid, used = [fact for fact in facts if fact["stream_id"] == package]
    browser = auditor_of(desk)
    browser.go(f"/audit/packages/{package}?open=v2#v2")
    assert not [each for each in browser.page.all("script") if not each.attributes.get("src")]
    opened = next(browser.page.all("tr", **{"class": "fact"}))
    stored = next(opened.all("pre")).text
    assert str(paid["data"]["amount"]) in stored
    chain = [each.text for each in next(opened.all("ol")).all("li")]
    assert first["hash"] in chain[0]
    assert paid["hash"] in chain[2]
    assert "recomputed: equal" in chain[2]
    assert facts[-1]["hash"] in chain[-1]
    caused = next(opened.all("ul")).text
    assert "Sold" in caused, "the sale and its payment came with one request"
    assert "this fact" in caused
    assert used["hash"] not in caused
    assert "€500.00 of €500.00 paid" in opened.text
    for link in browser.page.all("a"):
        if (where := link.attributes["href"]).startswith("/") and "as=" not in where:
            assert browser.go(where).status_code == 200, where


def test_the_past_is_asked_on_either_clock_and_stays_as_it_was(either_desk: Desk) -> None:
    desk = either_desk
    service = desk.service()
    package = desk.sell(desk.customer("Anna"), desk.offer(service, quantity=4))["id"]
    desk.clock.forward(days=10)
    recorded_before = desk.today(days=-1)
    desk.redeem(package, service, effective_at=moment(desk, days=5))
    browser = auditor_of(desk)
    browser.go(f"/audit/packages/{package}?as_of={recorded_before}")
    assert "4 of 4 remaining" in browser.text
    browser.go(f"/audit/packages/{package}?effective_as_of={recorded_before}")
    assert "3 of 4 remaining" in browser.text
    assert "You look at the past" in browser.text
    browser.go(f"/audit/packages/{package}")
    form = browser.form(f"/audit/packages/{package}")
    assert {"at_version", "as_of", "effective_as_of"} == {
        each.attributes["name"] for each in form.all("input")
    }
    browser.go(f"/audit/packages/{package}?at_version=1")
    assert rows_of(browser.page).keys() == {"v1"}
    for wrong, told in (
        ("as_of=2020-01-01", "did not exist then"),
        (f"as_of={desk.today()}", "no moment of the past"),
    ):
        answer = browser.go(f"/audit/packages/{package}?{wrong}")
        assert answer.status_code == 400
        assert told in browser.text
        assert "3 of 4 remaining" in browser.text


def test_the_rows_are_taken_along_without_names_and_the_chain_is_recomputed_on_request(desk: Desk) -> None:
    service = desk.service()
    package = desk.sell(desk.customer("Anna Secret"), desk.offer(service, quantity=3))["id"]
    desk.redeem(package, service)
    browser = Browser.signed_in(desk)  # an owner, who may see names elsewhere
    rows = browser.go(f"/audit/packages/{package}?as=json").json()["data"]
    assert [(row["version"], row["remaining"]) for row in rows] == [(1, 3), (2, 2)]
    assert "Secret" not in browser.answer.text
    browser.go(f"/audit/packages/{package}")
    assert "2 facts were recomputed from their stored bytes just now" in browser.text
    browser.go(f"/audit/packages/{package}?open=v2")
    browser.send("/verification?open=v2")
    assert "The chain holds." in browser.text
    assert "v2" in [each.attributes.get("id") for each in browser.page.all()], "the row that was open is open"
    assert f"All {desk.head} facts" in browser.text


def test_a_long_package_is_shown_a_page_at_a_time(desk: Desk) -> None:
    package = desk.sell(desk.customer("Anna"), desk.offer(desk.service()))["id"]
    for n in range(104):
        desk.do(f"/v1/packages/{package}/notes", {"text": f"note {n}"})
    browser = auditor_of(desk)
    browser.go(f"/audit/packages/{package}")
    first = rows_of(browser.page).keys()
    assert len(first) == 100
    (older,) = (link for link in browser.page.all("a") if link.text == "Older")
    browser.go(older.attributes["href"])
    assert rows_of(browser.page).keys() == {f"v{n}" for n in range(1, 106)} - first
    browser.go(f"/audit/packages/{package}?open=v3&show=money#v3")
    rows = rows_of(browser.page)
    assert "v3" in rows, "a fact is there at its address, whatever else is asked"
    assert "As it is stored" in browser.text
    assert len(list(next(browser.page.all("svg", role="group")).all("a"))) < 105, (
        "marks that are near are one"
    )


def test_a_number_is_explained_by_its_facts(either_desk: Desk) -> None:
    desk = either_desk
    service = desk.service()
    validity = {"rule": "after_purchase", "count": 1, "unit": "months"}
    package = desk.sell(desk.customer("Anna"), desk.offer(service, quantity=4, validity=validity))["id"]
    desk.redeem(package, service)
    desk.do(f"/v1/packages/{package}/payments", {"amount": 10_000, "method": "cash"})
    desk.do(f"/v1/packages/{package}/expiry", {"expires_on": desk.today(days=90)})
    browser = auditor_of(desk)
    browser.go(f"/audit/packages/{package}/explanation")
    sections = {
        each.attributes["id"]: each.text for each in browser.page.all("section") if "id" in each.attributes
    }
    assert "3 remain" in sections["balance"]
    assert re.search(r"Version 2 .* Used .* −1 3", sections["balance"])
    assert "Otherwise it is active. holds" in sections["status"]
    assert re.search(r"Version 1 Sold .* Version 4 Expiry changed", sections["expiry"])
    assert "Version 3 Paid €100.00 €500.00 €100.00" in sections["payment_status"]
