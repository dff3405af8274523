"""What scripts add: a part of a page is swapped and the focus stays; keys; and what templates may not say."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Locator, expect

import api.pages
from tests.api.pages.chromium.places import PLACES, Place
from tests.api.pages.chromium.salon import Salon
from tests.api.pages.chromium.visitor import Visitor, visitor_of

ASKING = "main [hx-get]"
DIFFERENT = """(all) => {
  const known = new Set();
  return all.map((each, at) => [at, [each.tagName, each.name, each.className, each.getAttribute("hx-target")].join()])
    .filter(([, kind]) => !known.has(kind) && known.add(kind)).map(([at]) => at);
}"""
"""Of rows of a list, one: the numbers of the controls."""
HEARD = """() => { window.swapped = new Promise((done) => {
  document.addEventListener("htmx:after:swap", () => done(true), { capture: true, once: true });
  setTimeout(() => done(false), 60_000);
}) }"""
WHERE = "document.activeElement.isConnected && document.activeElement !== document.body"
FORBIDDEN = re.compile(
    r"""hx-on|\bjs:|javascript:|\sstyle\s*=|\son[a-z]+\s*=|<style|<script(?![^>]*\ssrc=)|hx-vals\s*=\s*['"]js""",
    re.IGNORECASE,
)
TEMPLATES = Path(api.pages.__file__).parent / "templates"


def act(control: Locator) -> None:
    """Make it ask, as somebody with a keyboard does."""
    control.focus()
    kind = str(control.evaluate("(element) => element.type || element.tagName.toLowerCase()"))
    if kind in ("search", "text", "email", "tel", "number"):
        control.press_sequentially("a")
    elif kind.startswith("select"):
        control.press("ArrowDown")
    elif kind in ("checkbox", "radio"):
        control.press("Space")
    elif kind == "form":
        control.locator("button, input[type=submit]").first.press("Enter")
    else:
        control.press("Enter")


def asking_places(salon: Salon) -> list[Place]:
    """Pages on which something asks for a part of a page."""
    return [
        place
        for place in PLACES
        if place.role and "hx-get" in salon.html(place.address(salon.ordinary), place.role, salon.ordinary)
    ]


def test_the_focus_stays_where_somebody_works_when_a_part_is_swapped(
    chromium: Chromium, salon: Salon
) -> None:
    places = asking_places(salon)
    assert places, "the customer list searches while somebody types"
    lost = []
    for place in places:
        address = place.address(salon.ordinary)
        with visitor_of(chromium, salon, salon.key_of(place.role, salon.ordinary)) as visitor:
            visitor.go(address)
            for number in visitor.page.locator(ASKING).evaluate_all(DIFFERENT):
                if not keeps_focus(visitor, address, number):
                    lost.append(f"{address}: control {number}")
            assert visitor.complaints == []
    assert lost == []


def keeps_focus(visitor: Visitor, address: str, number: int) -> bool:
    visitor.go(address)
    visitor.page.evaluate(HEARD)
    act(visitor.page.locator(ASKING).nth(number))
    assert visitor.page.evaluate("() => window.swapped"), "nothing was swapped"
    return bool(visitor.page.evaluate(WHERE))


def test_a_search_goes_on_while_it_is_typed(chromium: Chromium, salon: Salon) -> None:
    with visitor_of(chromium, salon, salon.key("staff")) as visitor:
        visitor.go("/desk/customers")
        visitor.page.keyboard.press("/")
        find = visitor.page.get_by_role("searchbox", name="Find a customer")
        expect(find).to_be_focused()
        search = visitor.page.get_by_role("searchbox", name="Name, e-mail or number")
        search.press_sequentially("szab/")
        expect(search).to_have_value("szab/")
        search.press("Backspace")
        expect(visitor.page.get_by_role("link", name="Dóra Szabó", exact=True)).to_be_visible()
        expect(visitor.page.get_by_role("link", name="Anna Kovács", exact=True)).to_have_count(0)
        expect(search).to_be_focused()
        expect(search).to_have_value("szab")
        # A state of the list is an address. It is that of the last letter, which came after others had an answer.
        expect(visitor.page).to_have_url(re.compile(r"[?&]search=szab(&|$)"))
        assert visitor.complaints == []


def test_j_and_k_go_through_a_list(chromium: Chromium, salon: Salon) -> None:
    with visitor_of(chromium, salon, salon.key("staff")) as visitor:
        visitor.go("/desk/customers")
        rows = visitor.page.locator("[data-row]")
        for key, row in (("j", 0), ("j", 1), ("k", 0), ("k", 0)):
            visitor.page.keyboard.press(key)
            expect(rows.nth(row)).to_be_focused()
        visitor.page.keyboard.press("Enter")
        expect(visitor.page.get_by_role("heading", level=1)).to_contain_text("Anna Kovács")


@pytest.mark.parametrize("template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_no_template_writes_a_style_or_a_script(template: Path) -> None:
    found = FORBIDDEN.search(template.read_text())
    assert found is None, found


@pytest.mark.parametrize(
    "text",
    [
        '<p style="x">',
        "<b onclick=x>",
        "<a href='javascript:x'>",
        "<script>x</script>",
        '<p hx-on:click="x">',
    ],
)
def test_the_rule_on_templates_finds_them(text: str) -> None:
    assert FORBIDDEN.search(text)
