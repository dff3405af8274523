"""What developers look at: read models step by step, and every route with a command to try it."""

import shlex
from itertools import pairwise

from api.pages.system.trend import trend_of
from domain.actor import Role
from tests.api.desk import ROUTES, Desk
from tests.api.pages.browser import Browser
from tests.api.resources.test_read_models import checkpoint

pytest_plugins = ["tests.api.houses"]


def test_a_read_model_is_followed_fact_by_fact(either_desk: Desk) -> None:
    desk = either_desk
    service = desk.service()
    package = desk.sell(desk.customer("Anna Secret"), desk.offer(service, quantity=4))["id"]
    desk.redeem(package, service)
    browser = Browser.signed_in(desk.as_role(Role.AUDITOR))
    browser.go("/system/read-models")
    names = {row.attributes["id"] for row in browser.page.all("tr") if "id" in row.attributes}
    assert names == {each["name"] for each in desk.get("/v1/read-models")["data"]}
    (steps,) = (link for link in browser.page.all("a") if link.text == "Steps cards")
    browser.go(steps.attributes["href"])
    browser.go(f"/system/read-models/cards/steps?stream_id={package}")
    first, second = (step for step in browser.page.all("li") if step.attributes.get("id", "").startswith("v"))
    assert "Before: no row" in first.text
    changed = {
        next(row.all("th")).text: [cell.text for cell in row.all("td")]
        for row in second.all("tr")
        if list(row.all("td"))
    }
    assert changed["remaining"] == ["4", "3"]
    assert "customer_id" not in changed, "what stays is not repeated"
    assert "Secret" not in browser.answer.text
    rows = browser.go(f"/system/read-models/cards/steps?stream_id={package}&as=json").json()["data"]
    assert [row["after"]["remaining"] for row in rows] == [4, 3]
    for name, stream, status in (("cards", "x", 400), ("cards", "pkg_no", 404), ("nothing", package, 404)):
        answer = browser.go(f"/system/read-models/{name}/steps?stream_id={stream}")
        assert answer.status_code == status


def test_read_models_show_how_far_behind_they_were(desk_alone: Desk) -> None:
    desk = desk_alone
    browser = Browser.signed_in(desk)
    browser.go("/system/read-models")
    assert "not looked at yet" in browser.text
    desk.service()
    with checkpoint(desk, "services", position=0):
        desk.service("Talk")
        desk.frame.trend.look()
        behind = desk.head
    desk.get("/v1/services")
    desk.frame.trend.look()
    browser.go("/system/read-models")
    row = {row.attributes["id"]: row.text for row in browser.page.all("tr") if "id" in row.attributes}
    assert f"at most {behind} in" in row["services"]
    drawn = [path.attributes["d"] for path in browser.page.all("path", **{"class": "step"})]
    assert any(line.startswith("M0.0 2.0") for line in drawn), "it began high"


def test_a_trend_has_gaps_where_the_lag_is_not_known() -> None:
    moments = [f"2026-11-30T10:00:{second}0.000Z" for second in range(5)]
    drawn = trend_of([0, None, 4, 2, 0], moments)
    assert drawn is not None
    assert (drawn.line, drawn.highest, drawn.seconds) == ("M0.0 24.0 M60.0 2.0 L90.0 13.0 L120.0 24.0", 4, 40)
    assert trend_of([None, 3], moments[:2]) is None


def test_every_route_has_a_page_with_its_schema_its_problems_and_a_command(desk: Desk) -> None:
    browser = Browser.signed_in(desk)
    browser.go("/system/routes")
    pages = {
        link.attributes["href"]
        for link in browser.page.all("a")
        if "/system/routes/" in link.attributes["href"]
    }
    assert pages == {f"/system/routes/{route.operation}" for route in ROUTES}
    browser.go("/system/routes?search=redemptions+post")
    assert "/system/routes/redemptions.redeem" in browser.answer.text
    assert "/system/routes/packages.list" not in browser.answer.text
    browser.go("/system/routes?search=nothing+at+all")
    assert "No route has all of these words." in browser.text
    for address in sorted(pages)[::8]:
        assert browser.go(address).status_code == 200, address
        assert next(browser.page.all("pre")).text.startswith("curl ")
    browser.go("/system/routes/redemptions.redeem")
    assert "insufficient-units" in browser.text
    assert "unauthenticated" in browser.text
    assert browser.go("/system/routes/nothing").status_code == 404


def test_the_command_that_is_shown_can_be_run(desk: Desk) -> None:
    """As a shell reads it: its address, headers and body are taken by the route."""
    browser = Browser.signed_in(desk)
    browser.go("/system/routes/services.define")
    words = shlex.split(
        next(browser.page.all("pre")).text.replace("\\ ", "").replace("$CARNET_KEY", desk.key)
    )
    assert words[0] == "curl"
    headers = dict(value.split(": ", 1) for flag, value in pairwise(words) if flag == "-H")
    answer = desk.client.post(words[1], content=words[words.index("-d") + 1].encode(), headers=headers)
    assert answer.status_code == 201, answer.text
