"""The page of one package: its card, what happened to it, its money, its terms, and what can be done."""

from asyncio import gather
from collections.abc import Mapping, Sequence
from typing import Any

from api.pages.desk.customer import units_of
from api.pages.desk.customer_tabs import tabs_of
from api.pages.desk.meanwhile import row_done
from api.pages.desk.roles import may_of
from api.pages.forms import Refused
from api.pages.page import page
from api.pages.stamps import has_stamps
from api.pages.view import Screen, View

ROWS = 50
"""Rows of the history on a page."""
FOUND = 8
"""Customers that are shown for a search of who gets units."""


@page("/desk/packages/{package_id}")
async def package(view: View) -> Screen:
    """One package, the newest of its history first unless `?order=oldest`."""
    return await package_page(view)


async def package_page(
    view: View, *, refused: Refused | None = None, meanwhile: Sequence[Any] = ()
) -> Screen:
    """That page, perhaps with why a form of it was refused, and what happened `meanwhile`."""
    path, may = {"package_id": view.path["package_id"]}, may_of(view)
    order = "oldest" if view.one("order") == "oldest" else "newest"
    card = await view.know("packages.show", path)
    search = view.one("to_search")
    tabs, rows, payments, quote, business = await gather(
        tabs_of(view, card.body["customer"]["id"]),
        view.know("packages.history", path, {"limit": ROWS, "order": order, **view.asked("cursor")}),
        view.know("packages.payments", path, {"limit": 200}),
        view.ask_if(True, "packages.refund_quote", path),
        view.ask_if(True, "business.show"),
    )
    found, units, done = await gather(
        view.ask_if(search, "customers.list", None, {"search": search, "limit": FOUND}),
        units_of(view, path["package_id"]) if has_stamps(card.body) else no_units(),
        row_done(view, path["package_id"]),
    )
    places = business["locations"] if business else []
    shown = {
        **tabs.shown,
        "may": may,
        "card": card.body,
        "stamps": units,
        "people": people_of(tabs.customer, card.body),
        "found": rows.body,
        "order": order,
        "payments": payments.body["data"],
        "quote": quote,
        "business": business,
        "places": {each["id"]: each["name"] for each in places},
        "open_places": [(each["id"], each["name"]) for each in places if each["open"]],
        "to_search": search,
        "to": found["data"] if found else [],
        "today": view.today.isoformat(),
        "meanwhile": meanwhile,
        "done": done,
    }
    return Screen(
        "desk/package/shown.html",
        shown,
        true_for=tabs.true_for(card, rows, payments),
        listed=rows,
        refused=refused,
        address=f"/desk/packages/{path['package_id']}" if view.fields else "",
    )


async def no_units() -> list[Any]:
    return []


def people_of(customer: Mapping[str, Any], card: Mapping[str, Any]) -> Sequence[Any]:
    """Who may use it."""
    people: Sequence[Any] = (
        customer["participants"] if card["sharing"] == "household" else card["beneficiaries"]
    )
    return people


PAGES = (package,)
