"""Every page there is, read off the application, and who opens it.

A new page is looked at as soon as it stands in `api.pages.app`. One whose address has a parameter that `parameters`
does not know, or begins with a room that has no visitor here, fails `test_every_page_is_visited`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from string import Formatter

from litestar.handlers import HTTPRouteHandler

from api.pages.app import PAGES as HANDLERS
from tests.api.pages.chromium.parameters import Named

VISITORS = {"sign-in": "", "desk": "owner", "audit": "auditor", "card": "customer", "system": "owner"}
"""The first part of an address → the role that opens it; nobody signs in for ""."""
STATES = (
    "/desk/customers?search=szabo",
    "/desk/customers?search=nobody%20at%20all",
)
"""Pages that look otherwise than their plain address does."""
THING = re.compile(r"/(\w+)s/\{thing_id\}")
LOADED = ("/assets/", "/desk/photos/")
"""What pages load is none: addresses that begin so."""


@dataclass(frozen=True)
class Place:
    """A page: the address as the application has it, or a state of it."""

    pattern: str
    role: str

    def __str__(self) -> str:
        return self.pattern

    @property
    def parameters(self) -> list[str]:
        return [name for _, name, _, _ in Formatter().parse(self.pattern) if name]

    @property
    def path(self) -> str:
        """The pattern without the state of a list."""
        return self.pattern.partition("?")[0]

    def address(self, named: Named) -> str:
        return self.pattern.format_map(named)


def patterns() -> list[str]:
    """The addresses of all pages, each once. That of `/offers/{thing_id}` names an offer."""
    looked_at = {
        THING.sub(r"/\1s/{\1_id}", handler.opt["page"])
        for handler in HANDLERS
        if isinstance(handler, HTTPRouteHandler) and "GET" in handler.http_methods
    }
    return sorted(each for each in looked_at if not each.startswith(LOADED))


def room_of(address: str) -> str:
    return address.removeprefix("/").partition("/")[0].partition("?")[0]


def places() -> Iterator[Place]:
    """All pages and states whose room has a visitor."""
    for address in (*patterns(), *STATES):
        if (role := VISITORS.get(room_of(address))) is not None:
            yield Place(address, role)


PLACES = list(places())
