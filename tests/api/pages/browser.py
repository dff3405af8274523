"""A browser without scripts: it follows redirects, keeps the cookie, and fills in the forms of the page it shows.

browser = Browser.signed_in(desk)
browser.go("/desk/customers")
browser.send("uses")                            the form whose address ends so, with what stands in it
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import httpx

from tests.api.desk import Desk

WAITING = 'id="waiting"'
"""In a page whose report is being made."""
INLINE = {"bdi", "mark"}
"""Elements inside a word or a line, which no space sets apart."""
VOID = {"input", "meta", "link", "br", "img", "path", "circle", "use"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    inside: list["Element | str"] = field(default_factory=list)

    def all(self, tag: str = "", **attributes: str) -> Iterator["Element"]:
        """Elements inside of it, in their order."""
        for each in self.inside:
            if isinstance(each, Element):
                wanted = attributes.items() <= each.attributes.items()
                if wanted and tag in ("", each.tag):
                    yield each
                yield from each.all(tag, **attributes)

    @property
    def text(self) -> str:
        """What people read, with single spaces. A name that stands apart from its neighbours stays in its line."""
        parts = (
            each if isinstance(each, str) else each.text if each.tag in INLINE else f" {each.text} "
            for each in self.inside
        )
        return " ".join("".join(parts).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].inside.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].inside.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].inside.append(data)


def read(html: str) -> Element:
    """A page as its elements, each of which must be closed."""
    reader = _Reader()
    reader.feed(html)
    assert reader._open == [reader.root], "every element is closed"
    return reader.root


@dataclass
class Browser:
    client: httpx.Client
    cookie: str = ""
    address: str = "/"
    answer: httpx.Response = field(default_factory=lambda: httpx.Response(204))

    @classmethod
    def signed_in(cls, desk: Desk) -> "Browser":
        """As whoever has the key of this desk."""
        browser = cls(desk.client)
        browser.go("/sign-in")
        browser.send("sign-in", api_key=desk.key)
        assert browser.cookie
        return browser

    @property
    def page(self) -> Element:
        return read(self.answer.text)

    @property
    def text(self) -> str:
        (main,) = self.page.all("main")
        return main.text

    def go(self, address: str) -> httpx.Response:
        return self._asked("GET", urljoin(self.address, address))

    def form(self, ends: str) -> Element:
        """The first form whose address ends so."""
        return next(
            form for form in self.page.all("form") if form.attributes.get("action", "").endswith(ends)
        )

    def send(self, ends: str, **typed: str) -> httpx.Response:
        """Send a form with what stands in it and what is typed."""
        form = self.form(ends)
        return self.post(form.attributes["action"], filled(form) | typed)

    def post(self, address: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        return self._asked("POST", urljoin(self.address, address), data=fields, headers=headers)

    def upload(self, address: str, fields: dict[str, str], **files: tuple[str, bytes, str]) -> httpx.Response:
        """A form with files. `files`: by the name of the field, the name of the file, its bytes and its type."""
        return self._asked("POST", urljoin(self.address, address), data=fields, files=files)

    def _asked(
        self, method: str, address: str, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        sent = {**({"cookie": self.cookie} if self.cookie else {}), **(headers or {})}
        answer = self.client.request(method, address, headers=sent, follow_redirects=False, **more)
        if "set-cookie" in answer.headers:
            name, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
            kept = dict(each.split("=", 1) for each in self.cookie.split("; ") if each) | {name: value}
            self.cookie = "; ".join(f"{each}={kept[each]}" for each in kept)
        if answer.status_code == 303:
            return self._asked("GET", answer.headers["location"])
        self.address, self.answer = address, answer
        if method == "GET" and WAITING in answer.text:  # as the page says: look again
            return self._asked(method, address, headers, **more)
        return answer


def filled(form: Element) -> dict[str, str]:
    """The fields of a form as it is shown: boxes that are ticked, and of each choice the one chosen, else the first."""
    found = {
        each.attributes["name"]: each.attributes.get("value", "")
        for each in form.all("input")
        if "name" in each.attributes
        and (each.attributes.get("type") not in ("checkbox", "radio") or "checked" in each.attributes)
    }
    for choice in form.all("select"):
        options = list(choice.all("option"))
        chosen = next((each for each in options if "selected" in each.attributes), options[0])
        found[choice.attributes["name"]] = chosen.attributes["value"]
    return found
