"""Erasing a customer: what will go is told first; then the proof that nothing is left."""

from collections import defaultdict

from api.pages.asking import Answer
from api.pages.desk.customer_tabs import tabs_of
from api.pages.forms import Refused
from api.pages.page import form, page
from api.pages.view import Redirect, Screen, View


@page("/desk/customers/{customer_id}/erasure")
async def erasure(view: View) -> Screen:
    """The proof, where the customer was erased; else the warning before it."""
    done = await view.ask("customers.erasure", {"customer_id": view.path["customer_id"]})
    if done.is_good:
        return Screen("desk/erased.html", {"erasure": done.body}, true_for=done.position)
    return await warning_of(view)


async def warning_of(view: View, refused: Refused | None = None, tried: Answer | None = None) -> Screen:
    """What an erasure takes; `tried`: what a dry run counted."""
    customer_id = view.path["customer_id"]
    tabs = await tabs_of(view, customer_id)
    return Screen(
        "desk/erasure.html",
        {**tabs.shown, "tried": tried and tried.body, "fields": defaultdict(str, view.fields)},
        true_for=tabs.position,
        refused=refused,
        address=f"/desk/customers/{customer_id}/erasure",
    )


@form("/desk/customers/{customer_id}/erasure")
async def erase(view: View) -> Screen | Redirect:
    """Count what would go; sent again from there, erase it for good."""
    customer_id, sure = view.path["customer_id"], view.fields.get("sure") == "yes"
    body = view.typed("unused", "owing")
    answer = await view.give("customers.erase", {"customer_id": customer_id}, body, dry_run=not sure)
    if not answer.is_good:
        return await warning_of(view, view.refused("erasure", answer))
    if not sure:
        return await warning_of(view, tried=answer)
    return Redirect(f"/desk/customers/{customer_id}/erasure")


PAGES = (erasure, erase)
