"""A customer and their packages: what is left, a card for each purchase, and using a unit."""

from asyncio import gather
from collections import Counter
from typing import Any

from api.pages.asking import Answer
from api.pages.desk.customer_tabs import tabs_of
from api.pages.forms import Refused
from api.pages.page import form, page
from api.pages.view import Redirect, Screen, View

STAMPS_MAX = 60
"""Packages of more units are shown as bars."""
NEXT_BOOKINGS = 3


@page("/desk/customers/{customer_id}")
async def customer(view: View) -> Screen:
    """The packages of a customer, usable first."""
    return await packages_of(view, view.path["customer_id"])


async def packages_of(view: View, customer_id: str, refused: Refused | None = None) -> Screen:
    """That page, perhaps with why a form of it was refused."""
    path = {"customer_id": customer_id}
    tabs, packages = await gather(
        tabs_of(view, customer_id), view.know("packages.list_of_customer", path, {"limit": 200})
    )
    cards = packages.body["data"]
    stamped = [card for card in cards if not card["collapsed"] and _has_stamps(card)]
    units = await gather(*(_units(view, card) for card in stamped))
    shown = {
        **tabs.shown,
        "cards": [card for card in cards if not card["collapsed"]],
        "ended": [card for card in cards if card["collapsed"]],
        "stamps": {card["id"]: found for card, found in zip(stamped, units, strict=True)},
        "left": left_of(cards),
        "bookings": tabs.upcoming[:NEXT_BOOKINGS],
        "rules": sorted({card["cancellation"]["text"] for card in cards if card["cancellation"].get("text")}),
    }
    return Screen(
        "desk/customer.html",
        shown,
        true_for=tabs.true_for(packages),
        listed=packages,
        refused=refused,
        address=f"/desk/customers/{customer_id}",
    )


def _has_stamps(card: Any) -> bool:
    return len(card["lines"]) == 1 and card["lines"][0]["granted"] <= STAMPS_MAX


async def _units(view: View, card: Any) -> list[Any]:
    found = await view.know("packages.units", {"package_id": card["id"]}, {"limit": 200})
    return list(found.body["data"])


def left_of(cards: list[Any]) -> list[dict[str, Any]]:
    """What is left of each line's label in packages that can be used, most first, with what is held and until when."""
    left, held, until = Counter[str](), Counter[str](), dict[str, str]()
    for card in cards:
        if card["collapsed"] or card["unavailable_because"]:
            continue
        for line in card["lines"]:
            if line["remaining"] == 0:
                continue
            left[line["label"]] += line["available"]
            held[line["label"]] += line["held"]
            if card["expires_on"] is not None:
                until[line["label"]] = min(card["expires_on"], until.get(line["label"], card["expires_on"]))
    return [
        {"label": label, "available": count, "held": held[label], "until": until.get(label)}
        for label, count in left.most_common()
    ]


@form("/desk/customers/{customer_id}/packages/{package_id}/uses")
async def use(view: View) -> Screen | Redirect:
    """Use one unit of a service. Sent again, it is the same use."""
    path = {"package_id": view.path["package_id"]}
    return await _done(
        view, await view.give("redemptions.redeem", path, view.typed("service_id", "participant_id"))
    )


@form("/desk/customers/{customer_id}/packages/{package_id}/undo/{redemption_id}")
async def undo(view: View) -> Screen | Redirect:
    """Give the units of a use back."""
    path = {"redemption_id": view.path["redemption_id"]}
    return await _done(view, await view.give("redemptions.restore", path, {}))


async def _done(view: View, answer: Answer) -> Screen | Redirect:
    customer_id = view.path["customer_id"]
    if answer.is_good:
        return Redirect(f"/desk/customers/{customer_id}#{view.path['package_id']}")
    return await packages_of(view, customer_id, view.refused(view.path["package_id"], answer))


PAGES = (customer, use, undo)
