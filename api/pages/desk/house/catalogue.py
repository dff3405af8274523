"""The catalogue: offers, services and plans, each with a list, a page of its own, retirement and reinstatement."""

from asyncio import gather
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from litestar.handlers import HTTPRouteHandler

from api.pages.asking import Answer, ApiRefused
from api.pages.desk.choices import all_of, named
from api.pages.desk.house.bodies import (
    LINES_MAX,
    SPARE_LINES,
    Body,
    lines_of,
    offer_body,
    plan_body,
    service_body,
)
from api.pages.desk.house.meanwhile import changed_since
from api.pages.desk.house.percent import percent_of
from api.pages.desk.roles import may_of
from api.pages.forms import Refused, kept
from api.pages.page import form, page
from api.pages.view import Redirect, Screen, View

FORM = "thing"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing of the catalogue, and the operations of the API on it."""

    room: str
    """The last part of the address of its list, and the first part of its operations."""
    one: str
    add: str
    change: str
    body: Callable[[View], Body]

    @property
    def id_name(self) -> str:
        return f"{self.one}_id"

    @property
    def address(self) -> str:
        return f"/desk/house/{self.room}"


KINDS = (
    Kind("offers", "offer", "offers.publish", "offers.revise", offer_body),
    Kind("services", "service", "services.define", "services.change", service_body),
    Kind("plans", "plan", "plans.publish", "plans.revise", plan_body),
)
STEPS = {"retirement": "retire", "reinstatement": "reinstate"}


def pages_of(kind: Kind) -> tuple[HTTPRouteHandler, ...]:
    """The pages of one kind."""

    @page(kind.address)
    async def rows(view: View) -> Screen:
        found, services = await gather(
            view.know(f"{kind.room}.list", None, view.asked("retired", "cursor", "limit")),
            all_of(view, "services.list"),
        )
        shown = {
            "found": found.body,
            "retired": view.one("retired"),
            "names": dict(named(services)),
            "may": may_of(view),
            "percent": percent_of,
        }
        return Screen(f"desk/house/{kind.room}.html", shown, true_for=found.position, listed=found)

    @page(f"{kind.address}/new")
    async def new(view: View) -> Screen:
        """An empty form, or with `?like=` one that is filled in as another thing."""
        like = view.one("like")
        known = await view.ask_if(like, f"{kind.room}.show", {kind.id_name: like})
        return await _form(view, kind, None, like=known)

    @form(f"{kind.address}/new")
    async def add(view: View) -> Screen | Redirect:
        if view.fields.get("more") == "yes":
            return await _form(view, kind, None, kept(FORM, view.fields))
        answer = await view.give(kind.add, None, kind.body(view))
        if not answer.is_good:
            return await _form(view, kind, None, view.refused(FORM, answer))
        return Redirect(f"{kind.address}/{answer.body['id']}")

    @page(f"{kind.address}/{{thing_id}}")
    async def thing(view: View) -> Screen:
        return await _form(view, kind, view.path["thing_id"])

    @form(f"{kind.address}/{{thing_id}}")
    async def change(view: View) -> Screen | Redirect:
        thing_id = view.path["thing_id"]
        if view.fields.get("more") == "yes":
            return await _form(view, kind, thing_id, kept(FORM, view.fields))
        answer = await view.give(kind.change, {kind.id_name: thing_id}, kind.body(view))
        if not answer.is_good:
            return await _form(view, kind, thing_id, view.refused(FORM, answer))
        return Redirect(f"{kind.address}/{thing_id}")

    @form(f"{kind.address}/{{thing_id}}/{{step}}")
    async def take_step(view: View) -> Screen | Redirect:
        """Retire it, or reinstate it."""
        thing_id, step = view.path["thing_id"], view.path["step"]
        if step not in STEPS:
            raise ApiRefused(Answer(404, {"code": "not-found"}, None))
        answer = await view.give(f"{kind.room}.{STEPS[step]}", {kind.id_name: thing_id}, {})
        if not answer.is_good:
            return await _form(view, kind, thing_id, view.refused(step, answer))
        return Redirect(f"{kind.address}/{thing_id}")

    return (rows, new, add, thing, change, take_step)


async def _form(
    view: View, kind: Kind, thing_id: str | None, refused: Refused | None = None, like: Any = None
) -> Screen:
    """The form of a thing, or of a new one, with its values or what was typed. A new one is for who may change."""
    if thing_id is None and not may_of(view)["change"]:
        raise ApiRefused(Answer(403, {"code": "forbidden"}, None))
    services, business, *asked = await gather(
        all_of(view, "services.list"),
        view.know("business.show"),
        *([view.know(f"{kind.room}.show", {kind.id_name: thing_id})] if thing_id else []),
    )
    thing = asked[0].body if asked else None
    known = defaultdict(lambda: None, thing or like or {})
    lines = known["lines"] or ()
    chosen = {service for line in lines for service in line["services"]}
    shown = {
        "thing": thing,
        "known": known,
        "validity": defaultdict(lambda: None, known["validity"] or {"rule": "never"}),
        "period": known["period"] or {"count": 1, "unit": "months"},
        "lines": lines,
        "line_count": _line_count(view, lines, refused),
        "services": named(each for each in services if not each["retired"] or each["id"] in chosen),
        "types": sorted({each["service_type"] for each in services}, key=str.casefold),
        "names": dict(named(services)),
        "places": business.body["locations"],
        "rule_of_house": business.body["policies"]["cancellation"],
        "meanwhile": await changed_since(view, refused, thing_id or ""),
        "may": may_of(view),
        "percent": percent_of,
    }
    position = min(each.position or 0 for each in (business, *asked))
    return Screen(
        f"desk/house/{kind.one}.html",
        shown,
        true_for=position,
        refused=refused,
        address=f"{kind.address}/{thing_id or 'new'}",
    )


def _line_count(view: View, lines: Sequence[Any], refused: Refused | None) -> int:
    """Lines that the form shows: those there are and an empty one, or two; more where more were asked for."""
    if refused is None:
        return min(len(lines) + 1 if lines else SPARE_LINES, LINES_MAX)
    more = SPARE_LINES if view.fields.get("more") == "yes" else 0
    return min(max(lines_of(view), len(lines)) + more, LINES_MAX)


PAGES = tuple(handler for kind in KINDS for handler in pages_of(kind))
