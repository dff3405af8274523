"""Memberships at the desk: starting one, its periods and history, a pause, going on, and its end."""

from asyncio import gather
from typing import Any

from api.pages.asking import Answer, ApiRefused
from api.pages.desk.choices import all_of, named
from api.pages.desk.customer_tabs import tabs_of
from api.pages.desk.meanwhile import changed_meanwhile
from api.pages.desk.package.actions import ticked
from api.pages.desk.roles import may_of
from api.pages.desk.steps import is_sure, kept_fields, tried_or_done
from api.pages.forms import Refused, kept
from api.pages.page import form, page
from api.pages.view import Redirect, Screen, View

START = "start"
STEPS = {
    "pause": "memberships.pause",
    "resume": "memberships.resume",
    "ending": "memberships.end",
    "renewals": "memberships.renew",
}
TRIED_FIRST = ("pause", "ending")


# Starting one


@page("/desk/customers/{customer_id}/memberships/new")
async def new_membership(view: View) -> Screen:
    """The plans, and what a period of each grants (S48)."""
    return await _starting(view)


@form("/desk/customers/{customer_id}/memberships/new")
async def start(view: View) -> Screen | Redirect:
    """Show what the customer would get, or start it."""
    customer_id, tries = view.path["customer_id"], view.fields.get("try") == "yes"
    body: dict[str, Any] = {"customer_id": customer_id, **view.typed("plan_id", "starts_on", "location_id")}
    if people := ticked(view.fields, "for"):
        body["beneficiaries"] = people
    answer = await view.give("memberships.start", None, body, dry_run=tries)
    if not answer.is_good:
        return await _starting(view, view.refused(START, answer))
    if tries:
        return await _starting(view, kept(START, view.fields), answer)
    return Redirect(f"/desk/memberships/{answer.body['id']}")


async def _starting(view: View, refused: Refused | None = None, tried: Answer | None = None) -> Screen:
    customer_id = view.path["customer_id"]
    tabs, plans, services, business = await gather(
        tabs_of(view, customer_id),
        all_of(view, "plans.list", None, {"retired": False}),
        all_of(view, "services.list"),
        view.know("business.show"),
    )
    shown = {
        **tabs.shown,
        "plans": plans,
        "names": dict(named(services)),
        "locations": named(each for each in business.body["locations"] if each["open"]),
        "today": view.today.isoformat(),
        "tried": tried and tried.body,
    }
    return Screen(
        "desk/membership_new.html",
        shown,
        true_for=tabs.true_for(business),
        refused=refused,
        address=f"/desk/customers/{customer_id}/memberships/new",
    )


# One membership


@page("/desk/memberships/{membership_id}")
async def membership(view: View) -> Screen:
    """Its terms, its period, and what was recorded of it."""
    return await membership_of(view)


async def membership_of(
    view: View, refused: Refused | None = None, step: str = "", tried: Answer | None = None
) -> Screen:
    """That page; `tried`: what a dry run of this step says."""
    path = {"membership_id": view.path["membership_id"]}
    found = await view.know("memberships.show", path)
    tabs, services, history = await gather(
        tabs_of(view, found.body["customer_id"]),
        all_of(view, "services.list"),
        all_of(view, "memberships.history", path),
    )
    answer = None if refused is None else Answer(refused.status, refused.problem, None)
    shown = {
        **tabs.shown,
        "membership": found.body,
        "names": dict(named(services)),
        "history": history[::-1],
        "meanwhile": []
        if answer is None
        else await changed_meanwhile(view, answer, "memberships.history", path),
        "may": may_of(view),
        "today": view.today.isoformat(),
        "step": step,
        "tried": tried and tried.body,
        "kept": kept_fields(view),
    }
    return Screen(
        "desk/membership.html",
        shown,
        true_for=tabs.true_for(found),
        refused=refused,
        address=f"/desk/memberships/{found.body['id']}",
    )


@form("/desk/memberships/{membership_id}/{step}")
async def take_step(view: View) -> Screen | Redirect:
    """Pause it, let it go on, end it, or grant the period that has begun."""
    step = view.path["step"]
    if step not in STEPS:
        raise ApiRefused(Answer(404, {"code": "not-found"}, None))
    path, body = {"membership_id": view.path["membership_id"]}, _body(view, step)
    if step in TRIED_FIRST:
        answer, done = await tried_or_done(view, STEPS[step], path, body), is_sure(view)
    else:
        answer, done = await view.give(STEPS[step], path, body), True
    if not answer.is_good:
        return await membership_of(view, view.refused(step, answer))
    if not done:
        return await membership_of(view, step=step, tried=answer)
    return Redirect(f"/desk/memberships/{path['membership_id']}")


def _body(view: View, step: str) -> dict[str, Any]:
    if step == "pause":
        return dict(view.typed("until", "reason"))
    if step == "ending":
        return {**view.typed("at", "reason"), "release_holds": view.fields.get("release_holds") == "yes"}
    return {}


PAGES = (new_membership, start, membership, take_step)
