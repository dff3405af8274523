"""Selling a package: an offer or one made up for this customer, shown before it is sold if wanted."""

from asyncio import gather
from typing import Any

from api.pages.asking import Answer, Parameters
from api.pages.desk.customer_tabs import tabs_of
from api.pages.desk.package.actions import ticked
from api.pages.forms import Refused, kept
from api.pages.page import form, page
from api.pages.view import Redirect, Screen, View

FORM = "sell"
LINES = 4
"""Lines that the form of a custom package has."""
BUYERS = 8
"""Customers that are shown for a search of who pays."""
PARAMETERS = ("offer_id", "custom", "buyer", "buyer_search")
"""What the address says: what is sold, and who buys it for the customer."""


@page("/desk/customers/{customer_id}/sell")
async def choose_offer(view: View) -> Screen:
    """The offers; with one chosen, its form filled in (S97, S98)."""
    return await _shown(view)


@form("/desk/customers/{customer_id}/sell")
async def sell(view: View) -> Screen | Redirect:
    """Show what the customer would get, or sell it."""
    customer_id = view.path["customer_id"]
    tries = view.fields.get("try") == "yes"
    answer = await view.give("packages.sell", None, body_of(view, customer_id), dry_run=tries)
    if not answer.is_good:
        return await _shown(view, view.refused(FORM, answer))
    if tries:
        return await _shown(view, kept(FORM, view.fields), answer)
    return Redirect(f"/desk/customers/{customer_id}?sold={answer.body['id']}#{answer.body['id']}")


def body_of(view: View, customer_id: str) -> dict[str, Any]:
    """The sale as the API takes it."""
    body: dict[str, Any] = {"customer_id": customer_id}
    body |= view.typed(
        "offer_id", "name", "expires_on", "effective_at", "purchased_by", "location_id", "note"
    )
    body |= view.amounts("price")
    if body.get("expires_on") == view.fields.get("by_rule"):
        body.pop("expires_on", None)  # left as it was filled in: by the rule, also for a sale of another day
    if view.fields.get("never") == "yes":
        body["expires_on"] = None
    if paid := view.amounts("amount"):
        body["payment"] = {**paid, **view.typed("method")}
    if people := ticked(view.fields, "for"):
        body["beneficiaries"] = people
    if "offer_id" not in body:
        body["lines"] = [line for number in range(1, LINES + 1) if (line := _line(view, number))]
    return body


def _line(view: View, number: int) -> dict[str, Any] | None:
    """A line of a custom package; None where nothing was typed."""
    quantity = view.numbers(f"quantity-{number}")
    services = dict.fromkeys(view.typed(f"service-{number}", f"or-{number}").values())
    if not quantity and not services:
        return None
    return {"quantity": next(iter(quantity.values()), None), "services": [*services]}


async def _shown(view: View, refused: Refused | None = None, tried: Answer | None = None) -> Screen:
    customer_id = view.path["customer_id"]
    asked = {name: view.fields.get(name) or view.one(name) for name in PARAMETERS}
    tabs, offers, services, business = await gather(
        tabs_of(view, customer_id),
        view.know("offers.list", None, {"retired": False, "limit": 200}),
        view.know("services.list", None, {"retired": False, "limit": 200}),
        view.know("business.show"),
    )
    wanted: Parameters = {"search": asked["buyer_search"], "limit": BUYERS}
    buyer, found = await gather(
        view.ask_if(asked["buyer"], "customers.show", {"customer_id": asked["buyer"]}),
        view.ask_if(asked["buyer_search"], "customers.list", None, wanted),
    )
    names = {service["id"]: service["name"] for service in services.body["data"]}
    offer, by_rule = None, ""
    if asked["offer_id"]:
        offer = (await view.know("offers.show", {"offer_id": asked["offer_id"]})).body
        sale = {"customer_id": customer_id, "offer_id": offer["id"]}
        plain = await view.give("packages.sell", None, sale, dry_run=True)
        by_rule = plain.body["expires_on"] or "" if plain.is_good else ""
    shown = {
        **tabs.shown,
        "offers": offers.body["data"],
        "offer": offer,
        "by_rule": by_rule,
        "custom": bool(asked["custom"]) and offer is None,
        "lines": range(1, LINES + 1),
        "services": [*names.items()],
        "names": names,
        "locations": [(each["id"], each["name"]) for each in business.body["locations"] if each["open"]],
        "buyer": buyer,
        "buyers": found["data"] if found else [],
        "buyer_search": asked["buyer_search"],
        "today": view.today.isoformat(),
        "tried": tried.body if tried else None,
    }
    here = {name: value for name, value in asked.items() if value and name != "buyer_search"}
    return Screen(
        "desk/sell.html" if offer or shown["custom"] else "desk/offers.html",
        {**shown, "here": here},
        true_for=tabs.true_for(offers, services),
        refused=refused,
        address=view.address,
    )


PAGES = (choose_offer, sell)
