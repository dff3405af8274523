"""What holds of every page, with names in it that try to break it.

Pages are read off the application (`places`). Each is opened once in a process, all of a role in one tab (`visits`).
Here of links that differ by an id alone two are followed. The extended tests look for barriers in all four looks of
each page, both themes and both widths, and follow all links.
"""

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest

from tests.api.pages.browser import Browser, Element, read
from tests.api.pages.chromium.places import PLACES, VISITORS, Place, patterns, room_of
from tests.api.pages.chromium.salon import EMOJI, LONG, MARKUP, RIGHT_TO_LEFT, Salon
from tests.api.pages.chromium.visits import EVERY_LOOK, WIDTHS, Visit, Visitors

PAGE_BYTES_MAX = 150_000
SCRIPT_BYTES_MAX = 20_000
LIKE_MAX = 2
ID = re.compile(r"[a-z]{3}_[0-9a-z]{26}|(?<=/system/routes/)[a-z_]+\.[a-z_]+|\d+")
"""Of a thing, a position, a number; of a route."""
ASKING = ("hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete")


@pytest.fixture(scope="module", params=PLACES, ids=str)
def seen(request: pytest.FixtureRequest, visitors: Visitors) -> Visit:
    place: Place = request.param
    return visitors.visit(place, [])


def test_every_page_is_visited(salon: Salon) -> None:
    without_visitor = [each for each in patterns() if room_of(each) not in VISITORS]
    unknown = {
        name: place.pattern for place in PLACES for name in place.parameters if name not in salon.hostile
    }
    assert without_visitor == [], "name a role for the room in places.VISITORS"
    assert unknown == {}, "name a value for the parameter in parameters.named_of"


def test_it_opens_and_the_browser_complains_of_nothing(seen: Visit) -> None:
    assert seen.status == 200
    assert seen.complaints == []


def test_it_fits_its_window_on_a_phone_and_at_twice_its_size(seen: Visit) -> None:
    assert [*seen.sideways] == [*WIDTHS]
    assert {width: wide for width, wide in seen.sideways.items() if wide} == {}
    assert seen.scrolling == [], "on a phone a table is cards, and a drawing fits"


def test_it_prints_on_a_light_sheet_without_bars_and_buttons(seen: Visit) -> None:
    assert seen.printed_wrongly == []


def test_nothing_moves_for_who_asks_for_less_motion(seen: Visit) -> None:
    assert seen.moving == []


def test_it_is_small(seen: Visit) -> None:
    assert len(seen.html.encode()) <= PAGE_BYTES_MAX
    assert bool(seen.script_bytes) == ("<script" in seen.html)
    assert seen.script_bytes <= SCRIPT_BYTES_MAX


def test_names_are_text(seen: Visit) -> None:
    assert seen.alien == []
    if "/desk/customers/{customer_id}" in seen.place.pattern:
        assert MARKUP in seen.text
        assert RIGHT_TO_LEFT in seen.text
    if seen.place.role == "auditor":
        assert MARKUP + RIGHT_TO_LEFT not in seen.text, "an auditor meets no names of people"


def test_every_link_leads_somewhere(seen: Visit, salon: Salon) -> None:
    """Links of this application are opened with the same key; those inside a page name something on it."""
    assert dead_links(salon, seen.place, LIKE_MAX) == {}


def dead_links(salon: Salon, place: Place, like_max: int) -> dict[str, int]:
    """Address → what it answers, if that is not 200. `like_max`: of links that differ by their ids alone."""
    address = place.address(salon.hostile)
    cookie = salon.session(salon.key_of(place.role, salon.hostile)) if place.role else ""
    page = served_to(salon, address, cookie)
    ids = {each.attributes["id"] for each in page.all() if "id" in each.attributes}
    alike = Counter[str]()
    dead: dict[str, int] = {}
    for href in {link.attributes["href"]: None for link in page.all("a") if "href" in link.attributes}:
        alike[kind := ID.sub("…", href)] += 1
        if href.startswith(("mailto:", "tel:")) or alike[kind] > like_max:
            continue
        to, _, part = urljoin(address, href).partition("#")
        if href.startswith("#"):
            if part not in ids:
                dead[href] = 404
        elif (status := salon.answer(to, cookie).status_code) != 200:
            dead[href] = status
    return dead


def test_it_needs_no_script(seen: Visit, salon: Salon) -> None:
    """What a script asks for, a link or a form does too; every form can be sent."""
    cookie = salon.session(salon.key_of(seen.place.role, salon.hostile)) if seen.place.role else ""
    page = served_to(salon, seen.address, cookie)
    forms = list(page.all("form"))
    for form in forms:
        assert form.attributes.get("action", "").startswith("/"), form.attributes
        assert list(submits(form)) or len(list(form.all("input", type="search"))) == 1, form.text
    inside = {id(each) for form in forms for each in form.all()}
    for each in page.all():
        if not each.attributes.keys().isdisjoint(ASKING):
            does = each.tag == "form" or (each.tag == "a" and "href" in each.attributes)
            assert does or id(each) in inside or "form" in each.attributes, each.attributes
        if each.tag == "button" and "popovertarget" not in each.attributes:
            assert id(each) in inside or "form" in each.attributes, each.text


def submits(form: Element) -> Iterator[Element]:
    yield from (each for each in form.all("button") if each.attributes.get("type", "submit") == "submit")


def served_to(salon: Salon, address: str, cookie: str) -> Element:
    """The page as it is sent, without a script having touched it."""
    return read(salon.answer(address, cookie).text)


@pytest.mark.extended
@pytest.mark.parametrize("place", PLACES, ids=str)
def test_it_holds_in_every_look_and_for_every_link(visitors: Visitors, salon: Salon, place: Place) -> None:
    found = visitors.visit(place, EVERY_LOOK)
    assert {look: each for look, each in found.barriers.items() if each} == {}
    assert dead_links(salon, place, 1_000) == {}


@pytest.mark.sweep
def test_links_lead_to_every_page(salon: Salon) -> None:
    """From the first page of each room, and from some customers; pages that differ by their ids are followed twice."""
    hostile, member = salon.hostile, salon.desk.get(f"/memberships/{salon.hostile['membership_id']}")
    first = ["/desk", *(f"/desk/customers/{id}" for id in (hostile["customer_id"], member["customer_id"]))]
    reached = set[str]()
    for role, ahead in (("owner", first), ("auditor", ["/audit"]), ("customer", ["/card"])):
        cookie = salon.session(salon.key_of(role, hostile))
        alike = Counter[str]()
        while ahead:
            path = ahead.pop(0)
            alike[kind := ID.sub("…", path)] += 1
            if (pattern := pattern_of(path)) is None or alike[kind] > LIKE_MAX:
                continue
            reached.add(pattern)
            browser = Browser(salon.client, cookie)
            if not browser.go(path).headers["content-type"].startswith("text/html"):
                continue
            page = read(browser.answer.text)
            to = [each.attributes.get("href", "") for each in page.all("a")]
            to += [each.attributes["action"] for each in page.all("form") if "method" not in each.attributes]
            to += [each.attributes["formaction"] for each in page.all("button", formmethod="get")]
            ahead += [re.split("[?#]", each)[0] for each in to if each.startswith("/")]
    assert sorted(each for each in {*patterns()} - reached if room_of(each) != "sign-in") == []


def pattern_of(path: str) -> str | None:
    """That of a page, the one with the fewest parameters that fits."""
    fitting = [each for each in patterns() if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", each), path)]
    return min(fitting, key=lambda each: each.count("{"), default=None)


def test_the_customer_list_shows_all_of_a_name(visitors: Visitors) -> None:
    found = visitors.visit(Place("/desk/customers", "owner"), [])
    assert [name for name in (MARKUP, RIGHT_TO_LEFT, LONG, EMOJI) if name not in found.text] == []
