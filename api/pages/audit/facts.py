"""The facts of the ledger: by kind, name, stream and time, and each at an address of its own."""

from api.pages.asking import Answer, ApiRefused
from api.pages.audit.asked import asked_of
from api.pages.audit.neighbours import neighbours_of
from api.pages.audit.proof import DOOR, NOT_ASKED, Proved, last_verification, page_of, proved
from api.pages.page import form, page
from api.pages.view import Screen, View

FILTERS = ("kind", "name", "stream_id", "actor_id", "from", "to")
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
    """All facts, or those that fit a filter: the newest first, or from the beginning on."""
    asked, head = asked_of(view, *FILTERS), await view.know("ledger.head")
    order = "oldest" if view.one("order") == "oldest" else "newest"
    found = await view.ask(
        "facts.list", None, {**asked, **view.asked("cursor"), "order": order, "limit": A_PAGE}
    )
    shown = {"asked": asked, "kinds": KINDS, "head": head.body["position"], "order": order, "problem": None}
    if found.status == 400:  # told beside the question
        return Screen("audit/facts.html", {**shown, "found": None, "problem": found.body}, status=400)
    if not found.is_good:
        raise ApiRefused(found)
    return Screen("audit/facts.html", {**shown, "found": found.body}, true_for=found.position, listed=found)


@page("/audit/facts/{position}")
async def fact(view: View) -> Screen:
    """One fact as it is stored, with its place in the chain and what its request caused."""
    return await _shown(view)


@form(f"/audit/facts/{{position}}{DOOR}")
async def verify(view: View) -> Screen:
    """The same, with the proof of the whole ledger."""
    return await _shown(view, await proved(view))


async def _shown(view: View, proof: Proved = NOT_ASKED) -> Screen:
    position = _position(view.path["position"])
    if position is None:
        raise ApiRefused(Answer(404, {"code": "not-found"}, None))
    place = await neighbours_of(view, position)
    rows = Answer(200, {"data": [place.fact]}, place.head["position"])
    shown = {
        "place": place,
        "fact": place.fact,
        "proof": proof.told,
        "seconds": proof.seconds,
        "last_verification": await last_verification(view),
    }
    return Screen(
        "audit/fact.html", shown, true_for=place.head["position"], listed=rows, address=page_of(view)
    )


def _position(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 16 and int(text) else None


PAGES = (facts, fact, verify)
