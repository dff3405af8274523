"""Packages across customers: those that expire, those that are owed for, those that are used up, and all."""

from asyncio import gather
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from api.pages.desk.choices import NOTHING_FOUND, catalogue_of, named
from api.pages.page import page
from api.pages.view import Screen, View

FILTERS = (
    "status",
    "payment_status",
    "customer_id",
    "offer_id",
    "service_id",
    "location_id",
    "expires_from",
    "expires_to",
    "purchased_from",
    "purchased_to",
    "owing",
    "import_id",
)
PASSED_ON = (*FILTERS, "cursor", "limit")
ADDRESS = "/desk/packages"
SOON_DAYS = 30


@page(ADDRESS)
async def packages(view: View) -> Screen:
    """Latest purchase first."""
    found, catalogue = await gather(
        view.ask("packages.list", None, view.asked(*PASSED_ON)), catalogue_of(view)
    )
    if not found.is_good and found.status != 400:
        await view.know("packages.list", None, view.asked(*PASSED_ON))
    shown = {
        "found": found.body if found.is_good else NOTHING_FOUND,
        "wrong": None if found.is_good else found.body,
        "catalogue": catalogue,
        "people": named(card["customer"] for card in found.body["data"]) if found.is_good else [],
        "ready": ready(view.today),
        "asked": {name: list(view.parameters[name]) for name in FILTERS if name in view.parameters},
    }
    return Screen(
        "desk/packages.html", shown, true_for=found.position, listed=found if found.is_good else None
    )


def ready(today: date) -> Mapping[str, Mapping[str, Any]]:
    """The lists that a desk goes through each month, by name, as filters."""
    first, last = month_after(today)
    soon = today + timedelta(days=SOON_DAYS)
    return {
        "all": {},
        "next_month": {
            "status": ["active"],
            "expires_from": [first.isoformat()],
            "expires_to": [last.isoformat()],
        },
        "soon": {
            "status": ["active"],
            "expires_from": [today.isoformat()],
            "expires_to": [soon.isoformat()],
        },
        "owing": {"owing": ["true"]},
        "used_up": {"status": ["fully_used"]},
    }


def month_after(today: date) -> tuple[date, date]:
    """The first and the last day of the next month."""
    first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


PAGES = (packages,)
