"""A customer and their packages: what is left, a card for each purchase, notes, and what was used just now."""

from asyncio import gather
from collections import Counter
from collections.abc import Sequence
from typing import Any

from api.pages.asking import Parameters
from api.pages.desk.customer_tabs import tabs_of
from api.pages.desk.meanwhile import row_done
from api.pages.desk.roles import may_of, may_undo
from api.pages.forms import Refused
from api.pages.page import form, page
from api.pages.stamps import stamps_of
from api.pages.view import Redirect, Screen, View

NEXT_BOOKINGS = 3
NOTES = 5
"""The latest notes that are shown beside the packages."""


@page("/desk/customers/{customer_id}")
async def customer(view: View) -> Screen:
    """The packages of a customer, usable first.

    `?edit=` opens a package to change it. `?used=` and `?sold=` tell of a use or a sale of just now.
    """
    return await packages_of(view, view.path["customer_id"], edit=view.one("edit"), used=view.one("used"))


async def packages_of(
    view: View,
    customer_id: str,
    *,
    edit: str = "",
    used: str = "",
    refused: Refused | None = None,
    meanwhile: Sequence[Any] = (),
) -> Screen:
    """That page, perhaps with why a form of it was refused, and what happened `meanwhile`."""
    path = {"customer_id": customer_id}
    wanted: Parameters = {"limit": 200, "include": "units", **view.asked("cursor")}
    tabs, packages = await gather(
        tabs_of(view, customer_id),
        view.know("packages.list_of_customer", path, wanted),
    )
    cards, may = packages.body["data"], may_of(view)
    notes, use, business, done = await gather(
        _notes(view, cards if may["sell"] else ()),
        view.ask_if(used, "redemptions.show", {"redemption_id": used}),
        view.ask_if(edit and may["change"], "business.show"),
        row_done(view, edit),
    )
    own = [card for card in cards if card["customer"]["id"] == tabs.customer["id"]]
    shown = {
        **tabs.shown,
        "found": packages.body,
        "may": may,
        "cards": [card for card in cards if not card["collapsed"]],
        "ended": [card for card in cards if card["collapsed"]],
        "by_id": {card["id"]: card for card in cards},
        "stamps": stamps_of(cards),
        "left": left_of(own),
        "notes": notes,
        "noted": [(card["id"], f"{card['name']} #{card['purchase_number']}") for card in cards],
        "bookings": tabs.upcoming[:NEXT_BOOKINGS],
        "rules": rules_of(card for card in cards if not card["collapsed"]),
        "edit": edit,
        "business": business,
        "used": use,
        "sold": next((card for card in cards if card["id"] == view.one("sold")), None),
        "may_undo": use is not None and may_undo(view, use),
        "meanwhile": meanwhile,
        "done": done,
    }
    return Screen(
        "desk/customer.html",
        shown,
        true_for=tabs.true_for(packages),
        listed=packages,
        refused=refused,
        address=f"/desk/customers/{tabs.customer['id']}" if view.fields else "",
    )


async def units_of(view: View, package_id: str) -> list[Any]:
    found = await view.know("packages.units", {"package_id": package_id}, {"limit": 200})
    return list(found.body["data"])


async def _notes(view: View, cards: Sequence[Any]) -> list[dict[str, Any]]:
    """The latest notes on these packages, the newest first, each with its card."""
    noted = [card for card in cards if card["notes_count"]]
    wanted: Parameters = {"limit": 200}
    answers = await gather(*(view.know("packages.notes", {"package_id": c["id"]}, wanted) for c in noted))
    notes = [
        {"card": card, "note": note}
        for card, answer in zip(noted, answers, strict=True)
        for note in answer.body["data"]
    ]
    return sorted(notes, key=lambda each: each["note"]["recorded_at"], reverse=True)[:NOTES]


def rules_of(cards: Any) -> list[Any]:
    """The different rules of cancellation of these cards."""
    rules = {
        tuple(card["cancellation"].get(name) for name in ("notice_hours", "late", "text")) for card in cards
    }
    names = ("notice_hours", "late", "text")
    return [dict(zip(names, rule, strict=True)) for rule in sorted(rules, key=str)]


def left_of(cards: Sequence[Any]) -> list[dict[str, Any]]:
    """What is left of each line's label in packages that can be used, most first, with what is held and until when."""
    left, held, until = Counter[str](), Counter[str](), dict[str, str]()
    for card in cards:
        if card["collapsed"] or card["unavailable_because"] not in (None, "insufficient-units"):
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


@form("/desk/customers/{customer_id}/notes")
async def add_note(view: View) -> Screen | Redirect:
    """Keep a note on one of the packages."""
    customer_id, path = view.path["customer_id"], {"package_id": view.fields.get("package_id", "")}
    answer = await view.give("packages.add_note", path, view.typed("text"))
    if answer.is_good:
        return Redirect(f"/desk/customers/{customer_id}")
    return await packages_of(view, customer_id, refused=view.refused("note", answer))


PAGES = (customer, add_note)
