"""A report that is not there at once, in a browser: it comes by itself, and takes away nothing of what somebody does.

The clock of the page stands still until it is told to go on, however slow the machine is.
"""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from api.pages.long_answers import LongAnswers
from tests.api.pages.chromium.salon import Salon
from tests.api.pages.chromium.visitor import Visitor, visitor_of
from tests.api.server.served import served

REPORT = "/audit/reports/movements"


def impatient() -> None:
    """Every report is one to wait for."""
    LongAnswers.patience_s = 0.0


@pytest.fixture(scope="module")
def salon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Salon]:
    folder = tmp_path_factory.mktemp("impatient")
    with (
        served(folder, before=impatient, RATE="1000000", LOG="warning") as server,
        httpx.Client(base_url=server.url) as client,
    ):
        yield Salon(server.url, server.key, client)


def stopped(visitor: Visitor) -> Page:
    """Its page, whose clock stands still."""
    visitor.page.clock.install(time=0)
    visitor.page.clock.pause_at(1)
    return visitor.page


def test_what_is_typed_meanwhile_stays_and_who_does_not_see_is_told(chromium: Chromium, salon: Salon) -> None:
    with visitor_of(chromium, salon, salon.key("auditor")) as visitor:
        page = stopped(visitor)
        visitor.go(REPORT)
        expect(page).to_have_title("Being made: What moved it · Carnet")
        expect(page.get_by_role("status")).to_have_text("Being made")
        page.locator("#from").fill("2026-02-03")
        page.locator("#to").focus()
        page.clock.resume()
        expect(page.locator("#answer table")).to_be_visible()
        expect(page).to_have_title("What moved it · Carnet")
        expect(page.get_by_role("status")).to_have_text("It is made.")
        expect(page.locator("#to")).to_be_focused()
        expect(page.locator("#from")).to_have_value("2026-02-03")
        expect(page.locator("#foot").get_by_role("link", name="CSV")).to_be_visible()
        assert visitor.complaints == []


@pytest.mark.parametrize(("address", "part"), [("/audit?figures=yes", "#figures"), (REPORT, "#answer")])
def test_who_waits_in_it_is_in_the_answer_afterwards(
    chromium: Chromium, salon: Salon, address: str, part: str
) -> None:
    with visitor_of(chromium, salon, salon.key("auditor")) as visitor:
        page = stopped(visitor)
        visitor.go(address)
        page.get_by_role("link", name="Look again").focus()
        page.clock.resume()
        expect(page.locator(f"{part} table")).to_be_visible()
        expect(page.locator(part)).to_be_focused()
        assert visitor.complaints == []


def test_who_is_signed_out_meanwhile_comes_to_the_sign_in(chromium: Chromium, salon: Salon) -> None:
    with visitor_of(chromium, salon, salon.key("auditor")) as visitor:
        page = stopped(visitor)
        visitor.go(REPORT)
        page.context.clear_cookies()
        page.clock.resume()
        page.wait_for_url("**/sign-in?next=*")
        assert visitor.address == "/sign-in?next=%2Faudit%2Freports%2Fmovements"
