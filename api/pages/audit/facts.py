"""The facts of the ledger: by kind, name, stream and time, and each at an address of its own."""

from api.pages.asking import Answer, ApiRefused
from api.pages.audit.asked import asked_of
from api.pages.audit.neighbours import neighbours_of
from api.pages.audit.timeline import proved
from api.pages.page import page
from api.pages.view import Screen, View

FILTERS = ("kind", "name", "stream_id", "from", "to")
KINDS = (
    "business",
    "staff",
    "service",
    "offer",
    "plan",
    "customer",
    "package",
    "points",
    "booking",
    "membership",
    "top_up",
)
A_PAGE = 50


@page("/audit/facts")
async def facts(view: View) -> Screen:
    """All facts, newest first; those that fit a filter, oldest first, as the feed has them."""
    asked = asked_of(view, *FILTERS)
    head = await view.know("ledger.head")
    last = int(head.body["position"])
    upto = _position(view.one("upto")) or last
    if asked:
        found = await view.ask("facts.list", None, {**asked, **view.asked("cursor"), "limit": A_PAGE})
    else:
        upto = min(upto, last)
        page = {"after": max(upto - A_PAGE, 0), "limit": max(min(upto, A_PAGE), 1)}
        found = await view.ask("facts.list", None, page)
    if not found.is_good and found.status != 400:
        raise ApiRefused(found)
    rows = found.body["data"] if found.is_good else []
    shown = {
        "found": found.body if found.is_good else None,
        "problem": None if found.is_good else found.body,
        "rows": rows if asked else list(reversed(rows)),
        "asked": asked,
        "kinds": KINDS,
        "head": last,
        "upto": upto,
        "a_page": A_PAGE,
    }
    if not found.is_good:
        return Screen("audit/facts.html", shown, status=400)
    return Screen("audit/facts.html", shown, true_for=found.position, listed=found)


@page("/audit/facts/{position}")
async def fact(view: View) -> Screen:
    """One fact as it is stored, with its place in the chain and what its request caused."""
    position = _position(view.path["position"])
    if position is None:
        raise ApiRefused(Answer(404, {"code": "not-found"}, None))
    place = await neighbours_of(view, position)
    proof, seconds = await proved(view)
    rows = Answer(200, {"data": [place.fact]}, place.head["position"])
    shown = {"place": place, "fact": place.fact, "proof": proof, "seconds": seconds}
    return Screen("audit/fact.html", shown, true_for=place.head["position"], listed=rows)


def _position(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 16 and int(text) else None


PAGES = (facts, fact)
