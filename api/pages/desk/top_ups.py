"""Rules that sell an offer again when few units of it are left: setting, pausing and removing them (S88–S90)."""

from asyncio import gather
from typing import Any

from api.pages.asking import Answer, ApiRefused
from api.pages.desk.choices import all_of
from api.pages.desk.customer_tabs import tabs_of
from api.pages.desk.roles import may_of
from api.pages.desk.steps import is_sure, kept_fields, tried_or_done
from api.pages.forms import Refused
from api.pages.page import form, page
from api.pages.view import Redirect, Screen, View

SET = "set"
STEPS = {"pause": "top_ups.pause", "resume": "top_ups.resume", "removal": "top_ups.remove"}


@page("/desk/customers/{customer_id}/top-ups")
async def top_ups(view: View) -> Screen:
    """All rules of a customer, those that were removed as well."""
    return await top_ups_of(view)


async def top_ups_of(view: View, refused: Refused | None = None, tried: Answer | None = None) -> Screen:
    """That page; `tried`: the rule as it would be once it is removed."""
    customer_id = view.path["customer_id"]
    tabs, found, offers = await gather(
        tabs_of(view, customer_id),
        view.know("top_ups.list_of_customer", {"customer_id": customer_id}, view.asked("cursor", "limit")),
        all_of(view, "offers.list", None, {"retired": False}),
    )
    shown = {
        **tabs.shown,
        "found": found.body,
        "offers": [(each["id"], f"{each['name']} · {view.speech.money(each['price'])}") for each in offers],
        "may": may_of(view),
        "tried": tried and tried.body,
        "kept": kept_fields(view),
    }
    return Screen(
        "desk/top_ups.html",
        shown,
        true_for=tabs.true_for(found),
        listed=found,
        refused=refused,
        address=f"/desk/customers/{customer_id}/top-ups" if view.fields else "",
    )


@form("/desk/customers/{customer_id}/top-ups")
async def set_rule(view: View) -> Screen | Redirect:
    """Set a rule. It names the saved card as the payment system does."""
    customer_id = view.path["customer_id"]
    body: dict[str, Any] = {
        **view.typed("offer_id", "payment_method_ref"),
        **view.numbers("threshold", "monthly_cap"),
    }
    answer = await view.give("top_ups.set", {"customer_id": customer_id}, body)
    if not answer.is_good:
        return await top_ups_of(view, view.refused(SET, answer))
    return Redirect(f"/desk/customers/{customer_id}/top-ups")


@form("/desk/customers/{customer_id}/top-ups/{top_up_id}/{step}")
async def take_step(view: View) -> Screen | Redirect:
    """Pause a rule or let it go on at once; say first what removing it does."""
    top_up_id, step = view.path["top_up_id"], view.path["step"]
    if step not in STEPS:
        raise ApiRefused(Answer(404, {"code": "not-found"}, None))
    path, done = {"top_up_id": top_up_id}, True
    if step == "removal":
        answer, done = await tried_or_done(view, STEPS[step], path, {}), is_sure(view)
    else:
        answer = await view.give(STEPS[step], path, {})
    if not answer.is_good:
        return await top_ups_of(view, view.refused(top_up_id, answer))
    if not done:
        return await top_ups_of(view, tried=answer)
    return Redirect(f"/desk/customers/{view.path['customer_id']}/top-ups")


PAGES = (top_ups, set_rule, take_step)
