"""Using units and giving them back: one from a card, any number by the rule, and each use at an address of its own."""

from asyncio import gather
from typing import Any
from urllib.parse import quote

from api.pages.asking import Answer
from api.pages.desk.customer import packages_of
from api.pages.desk.customer_tabs import tabs_of
from api.pages.desk.roles import may_of, may_undo
from api.pages.forms import Refused, kept
from api.pages.page import form, page
from api.pages.view import Redirect, Screen, View

FORM = "use"
BY_RULE = ""
"""The package of a form that leaves it to the rule."""


# From a card


@form("/desk/customers/{customer_id}/packages/{package_id}/uses")
async def use_one(view: View) -> Screen | Redirect:
    """Use one unit of a package. Sent again, it is the same use."""
    customer_id, package_id = view.path["customer_id"], view.path["package_id"]
    body = view.typed("service_id", "participant_id")
    answer = await view.give("redemptions.redeem", {"package_id": package_id}, body)
    if answer.is_good:
        return _to(customer_id, answer)
    return await packages_of(view, customer_id, refused=view.refused(package_id, answer))


def _to(customer_id: str, answer: Answer) -> Redirect:
    return Redirect(f"/desk/customers/{customer_id}?used={answer.body['redemption_id']}#used")


# By the rule


@page("/desk/customers/{customer_id}/use")
async def choose_use(view: View) -> Screen:
    """What to use, for whom and how many; the packages are chosen by the rule unless one is named."""
    return await _form(view)


@form("/desk/customers/{customer_id}/use")
async def use(view: View) -> Screen | Redirect:
    """Show what units would be taken of which package, or take them."""
    customer_id, package_id = view.path["customer_id"], view.fields.get("package_id", BY_RULE)
    asked = view.typed("service_id", "participant_id", "staff_id", "location_id", "effective_at")
    body: dict[str, Any] = {**asked, **view.numbers("quantity")}
    operation = "redemptions.redeem" if package_id else "redemptions.redeem_from_customer"
    path = {"package_id": package_id} if package_id else {"customer_id": customer_id}
    tries = view.fields.get("try") == "yes"
    answer = await view.give(operation, path, body, dry_run=tries)
    if not answer.is_good:
        return await _form(view, view.refused(FORM, answer))
    if tries:
        return await _form(view, kept(FORM, view.fields), _tried(answer.body))
    return _to(customer_id, answer)


def _tried(body: Any) -> dict[str, Any]:
    """What would be taken, package by package, and how the packages would stand."""
    cards = body.get("packages", [body])
    return {"allocations": body["allocations"], "by_id": {card["id"]: card for card in cards}}


async def _form(view: View, refused: Refused | None = None, tried: Any = None) -> Screen:
    customer_id = view.path["customer_id"]
    tabs, packages, staff, business = await gather(
        tabs_of(view, customer_id),
        view.know("packages.list_of_customer", {"customer_id": customer_id}, {"limit": 200}),
        view.know("staff.list", None, {"limit": 200}),
        view.know("business.show"),
    )
    cards = [card for card in packages.body["data"] if card["available"]]
    services = {
        service["id"]: service["name"]
        for card in cards
        for line in card["lines"]
        if line["available"]
        for service in line["services"]
    }
    chosen = view.one("package_id")
    of_it = next((card for card in cards if card["id"] == chosen), None)
    first = of_it["lines"][0]["services"][0]["id"] if of_it else view.one("service_id")
    shown = {
        **tabs.shown,
        "may": may_of(view),
        "services": [*services.items()],
        "service_id": first,
        "packages": [(card["id"], card) for card in cards],
        "package_id": chosen,
        "staff": [(each["id"], each["name"] or each["id"]) for each in staff.body["data"] if each["active"]],
        "locations": [(each["id"], each["name"]) for each in business.body["locations"] if each["open"]],
        "today": view.today.isoformat(),
        "tried": tried,
    }
    return Screen(
        "desk/use.html", shown, true_for=tabs.true_for(packages), refused=refused, address=view.address
    )


# One use


@page("/desk/uses/{redemption_id}")
async def one_use(view: View) -> Screen:
    """What was used, when, by whom and of which packages, with a way to give it back."""
    return await _use(view)


async def _use(view: View, refused: Refused | None = None) -> Screen:
    found = await view.know("redemptions.show", {"redemption_id": view.path["redemption_id"]})
    use = found.body
    ids = dict.fromkeys(each["package_id"] for each in use["allocations"])
    booked = use["booking"]
    tabs, business, booking, answers = await gather(
        tabs_of(view, use["customer_id"]),
        view.ask_if(True, "business.show"),
        view.ask_if(booked, "bookings.show", {"booking_id": booked["id"]} if booked else None),
        gather(*(view.know("packages.show", {"package_id": id}) for id in ids)),
    )
    shown = {
        **tabs.shown,
        "use": use,
        "by_id": {answer.body["id"]: answer.body for answer in answers},
        "booking": booking,
        "business": business,
        "may_undo": may_undo(view, use),
    }
    return Screen(
        "desk/one_use.html",
        shown,
        true_for=tabs.true_for(found, *answers),
        refused=refused,
        address=f"/desk/uses/{use['id']}",
    )


@form("/desk/uses/{redemption_id}/undo")
async def undo(view: View) -> Screen | Redirect:
    """Give a use back, or as many of its units as are asked for."""
    id = view.path["redemption_id"]
    body: dict[str, Any] = {**view.typed("reason", "reason_code"), **view.numbers("quantity")}
    answer = await view.give("redemptions.restore", {"redemption_id": id}, body)
    if not answer.is_good:
        return await _use(view, view.refused("undo", answer))
    customer_id = quote(view.fields.get("customer_id", ""), safe="")
    return Redirect(f"/desk/customers/{customer_id}?used={id}#used" if customer_id else f"/desk/uses/{id}")


PAGES = (use_one, choose_use, use, one_use, undo)
