"""The pages for people: what this is, the API, and what each problem means. They load nothing and run no script."""

import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from api.http.html import POLICY, STYLE, text
from api.http.problem_kinds.example import example_of
from api.http.problem_kinds.table import KINDS
from api.http.problems import Problem
from domain.refusals import Refused
from tests.api.desk import ROUTES, House

pytest_plugins = ["tests.api.houses"]

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
VOID = {"meta"}


class Page(HTMLParser):
    """A page as read: its tags with their attributes, and its text."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(answer.text)
        self.close()
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def told(self) -> str:
        return " ".join("".join(self.words).split())

    @property
    def links(self) -> list[str]:
        return [str(attributes["href"]) for tag, attributes in self.tags if tag == "a"]


def page(house: House, path: str) -> Page:
    answer = house.client.get(path, headers={"Accept": BROWSER})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == POLICY
    assert "accept" in answer.headers["vary"]
    return Page(answer)


PATHS = ["/", "/docs", "/problems", *(f"/problems/{code}" for code in KINDS)]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_loads_nothing_and_runs_nothing(house: House, path: str) -> None:
    read = page(house, path)
    assert {tag for tag, _ in read.tags} & {"script", "img", "link", "iframe", "object", "form"} == set()
    for _, attributes in read.tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "src")]
    assert [link for link in read.links if not link.startswith(("/", "#"))] == []
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_every_link_of_every_page_leads_somewhere(house: House) -> None:
    links = {link for path in PATHS for link in page(house, path).links}
    addresses = {link.partition("#")[0] for link in links} - {""}
    assert {address for address in addresses if not house.client.get(address).is_success} == set()
    docs = page(house, "/docs")
    ids = {attributes.get("id") for _, attributes in docs.tags}
    assert {link for link in docs.links if link.startswith("#") and link[1:] not in ids} == set()


# The way in


def test_the_root_says_what_this_is_and_where_to_go(house: House) -> None:
    told = house.client.get("/").json()
    assert told["name"] == "Carnet"
    assert told["links"] == {
        "docs": "/docs",
        "schema": "/schema",
        "problems": "/problems",
        "live": "/livez",
        "ready": "/readyz",
    }
    read = page(house, "/")
    assert "Carnet" in read.told
    assert set(told["links"].values()) <= set(read.links)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (BROWSER, "text/html"),
        ("text/html", "text/html"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("", "application/json"),
        ("text/html;q=0.5, application/json;q=0.9", "application/json"),
        ("text/html;level=1, application/json;q=0.9", "text/html"),
    ],
)
def test_a_browser_gets_a_page_and_a_program_json(house: House, accept: str, media_type: str) -> None:
    for path in ("/", "/problems", "/problems/not-found"):
        answer = house.client.get(path, headers={"Accept": accept})
        assert answer.headers["content-type"].startswith(media_type)
        assert answer.headers["vary"].startswith("accept")


def test_the_page_of_the_api_tells_every_route_and_links_its_problems(house: House) -> None:
    read = page(house, "/docs")
    summaries = [route for route in ROUTES if f"{route.method} {route.path} {route.summary}" not in read.told]
    assert [f"{route.method} {route.path}" for route in summaries] == []
    assert "/problems/insufficient-units" in read.links
    assert "#PackageCard" in read.links


# Problems


@pytest.mark.parametrize("code", KINDS)
def test_every_code_has_a_page_with_cause_remedy_and_example(house: House, code: str) -> None:
    kind = KINDS[code]
    told = house.client.get(f"/problems/{code}").json()
    assert (told["code"], told["status"], told["title"]) == (code, kind.status, kind.title)
    assert (told["cause"], told["remedy"]) == (kind.cause, kind.remedy)
    assert told["example"]["type"] == told["type"] == f"/problems/{code}"
    read = page(house, f"/problems/{code}")
    for part in (kind.title, kind.cause, kind.remedy):
        assert " ".join(part.replace("`", "").split()) in read.told
    assert f'"code": "{code}"' in read.told


@pytest.mark.parametrize("code", KINDS)
def test_an_example_is_a_problem_of_its_code(code: str) -> None:
    example = example_of(code)
    assert (example["code"], example["status"]) == (code, KINDS[code].status)
    if isinstance(refusal := KINDS[code].example, Refused):
        assert refusal.code == code
    assert all(flaw["in"] for flaw in example.get("errors", ()))


@pytest.mark.parametrize("code", KINDS)
def test_the_members_that_a_kind_speaks_of_are_real(code: str) -> None:
    """Words in backticks are members of its example, or known names of the API."""
    kind, spoken = KINDS[code], set()
    for part in (kind.cause, kind.remedy):
        spoken |= set(re.findall(r"`([a-z_]+)`", part))
    known = {"errors", "in", "pointer", "detail", "instance", "release_holds", "restorable", "lowest"}
    known |= {"current_version", "location", "redemption_id", "opens_at", "due_at", "package_id"}
    known |= {"day", "limit", "period"}
    assert spoken - known <= set(example_of(code))


def test_all_kinds_are_listed(house: House) -> None:
    listed = house.client.get("/problems").json()["data"]
    assert [kind["code"] for kind in listed] == list(KINDS)
    assert {f"/problems/{code}" for code in KINDS} <= set(page(house, "/problems").links)


def test_an_unknown_code_has_no_page(house: House) -> None:
    answer = house.client.get("/problems/unheard-of")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_what_passes_by_itself_says_when_to_ask_again() -> None:
    later = {code for code, kind in KINDS.items() if Problem(code, "").all_headers.get("Retry-After")}
    assert later == {code for code, kind in KINDS.items() if kind.status in (429, 503)}


def test_nothing_that_is_told_becomes_a_part_of_a_page() -> None:
    told: Any = text('<b onclick="x">`a<b`</b>')
    assert told == "&lt;b onclick=&quot;x&quot;&gt;<code>a&lt;b</code>&lt;/b&gt;"
