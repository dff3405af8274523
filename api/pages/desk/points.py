"""The points of a customer: the balance, every entry with the total after it and who made it, and moving them."""

from asyncio import gather
from typing import Any

from api.pages.asking import Answer
from api.pages.desk.choices import NOTHING_FOUND
from api.pages.desk.customer_tabs import tabs_of
from api.pages.desk.steps import is_sure, kept_fields, tried_or_done
from api.pages.forms import Refused
from api.pages.page import form, page
from api.pages.view import Redirect, Screen, View

FILTERS = ("from", "to", "action", "points")
TAKES = ("redeem", "adjust")
"""Actions that may take points away: told before they are done."""


@page("/desk/customers/{customer_id}/points")
async def points(view: View) -> Screen:
    """The newest entry first, unless `?order=oldest`."""
    return await points_of(view)


async def points_of(
    view: View,
    refused: Refused | None = None,
    tried: Answer | None = None,
    reversed_id: str = "",
) -> Screen:
    """That page; `tried`: what a dry run says, of a form or of the reversal of the entry `reversed_id`."""
    customer_id = view.path["customer_id"]
    order = "oldest" if view.one("order") == "oldest" else "newest"
    wanted = {**view.asked(*FILTERS, "cursor", "limit"), "order": order}
    tabs, found = await gather(
        tabs_of(view, customer_id), view.ask("points.list", {"customer_id": customer_id}, wanted)
    )
    if not found.is_good and found.status != 400:
        found = await view.know("points.list", {"customer_id": customer_id}, wanted)
    shown = {
        **tabs.shown,
        "found": found.body if found.is_good else NOTHING_FOUND,
        "wrong": None if found.is_good else found.body,
        "is_filtered": any(name in view.parameters for name in FILTERS),
        "order": order,
        "tried": tried and tried.body,
        "reversed_id": reversed_id,
        "kept": kept_fields(view),
    }
    return Screen(
        "desk/points.html",
        shown,
        true_for=tabs.true_for(found),
        listed=found if found.is_good else None,
        refused=refused,
        address=f"/desk/customers/{customer_id}/points" if view.fields else "",
    )


@form("/desk/customers/{customer_id}/points")
async def move(view: View) -> Screen | Redirect:
    """Add points at once; say first what redeeming and adjusting does."""
    path, body = {"customer_id": view.path["customer_id"]}, _body(view)
    if body.get("action") in TAKES:
        answer, done = await tried_or_done(view, "points.move", path, body), is_sure(view)
    else:
        answer, done = await view.give("points.move", path, body), True
    if not answer.is_good:
        return await points_of(view, view.refused("points", answer))
    return _to_points(view) if done else await points_of(view, tried=answer)


def _body(view: View) -> dict[str, Any]:
    return {**view.typed("action", "reason", "source"), **view.numbers("points")}


@form("/desk/customers/{customer_id}/points/{entry_id}/reversal")
async def reverse(view: View) -> Screen | Redirect:
    """Take back what is left of an addition."""
    entry_id = view.path["entry_id"]
    answer = await tried_or_done(view, "points.reverse", {"entry_id": entry_id}, view.typed("reason"))
    if not answer.is_good:
        return await points_of(view, view.refused(entry_id, answer))
    return _to_points(view) if is_sure(view) else await points_of(view, tried=answer, reversed_id=entry_id)


def _to_points(view: View) -> Redirect:
    return Redirect(f"/desk/customers/{view.path['customer_id']}/points")


PAGES = (points, move, reverse)
