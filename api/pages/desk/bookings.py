"""Lists of bookings: of a day, of any range, and of one customer."""

from asyncio import gather
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from api.pages.asking import Answer
from api.pages.desk.choices import NOTHING_FOUND, catalogue_of, named
from api.pages.desk.customer_tabs import tabs_of
from api.pages.page import page
from api.pages.view import Redirect, Screen, View

OF_CUSTOMER = ("from", "to", "service_id", "status", "participant_id")
FILTERS = (*OF_CUSTOMER, "customer_id", "staff_id", "location_id", "package_id", "attendance")
ADDRESS = "/desk/bookings"
WEEK_DAYS = 7


@page(ADDRESS)
async def bookings(view: View) -> Screen | Redirect:
    """Those that pass the filters, by their start. Without any, those of today."""
    today = view.today
    if "?" not in view.address:
        return Redirect(f"{ADDRESS}?from={today}&to={today}")
    parameters = view.asked(*FILTERS, "cursor", "limit")
    found, catalogue = await gather(view.ask("bookings.list", None, parameters), catalogue_of(view))
    if not found.is_good and found.status != 400:
        await view.know("bookings.list", None, parameters)
    shown = {**shown_of(found), "catalogue": catalogue, "today": today.isoformat(), **_days(view, today)}
    return Screen(
        "desk/bookings.html", shown, true_for=found.position, listed=found if found.is_good else None
    )


def shown_of(found: Answer) -> Mapping[str, Any]:
    """The rows of a list, those of a day together; or why there are none."""
    body: Mapping[str, Any] = found.body if found.is_good else NOTHING_FOUND
    return {
        "found": body,
        "wrong": None if found.is_good else found.body,
        "by_day": by_day(body["data"]),
        "customers": named(row["customer"] for row in body["data"]),
    }


def by_day(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, Sequence[Mapping[str, Any]]]]:
    """Bookings under their days, as they follow each other."""
    return [(day, list(some)) for day, some in groupby(rows, key=lambda row: row["local_date"])]


def _days(view: View, today: date) -> Mapping[str, Any]:
    """Ranges that are one step away: by name, the first and the last day of each."""
    one_day = view.one("from") if view.one("from") == view.one("to") else ""
    try:
        shown = date.fromisoformat(one_day)
    except ValueError:
        shown = None
    ranges: dict[str, tuple[str, str | None]] = {
        "today": (today.isoformat(), today.isoformat()),
        "tomorrow": _day(today + timedelta(days=1)),
        "week": (today.isoformat(), (today + timedelta(days=WEEK_DAYS - 1)).isoformat()),
        "upcoming": (today.isoformat(), None),
    }
    around = None if shown is None else (_day(shown - timedelta(days=1)), _day(shown + timedelta(days=1)))
    here = (view.one("from"), view.one("to") or None)
    return {"ranges": ranges, "here": here, "around": around, "one_day": None if shown is None else one_day}


def _day(day: date) -> tuple[str, str]:
    return day.isoformat(), day.isoformat()


@page("/desk/customers/{customer_id}/bookings")
async def bookings_of_customer(view: View) -> Screen:
    """All of one customer and the household, past and upcoming."""
    customer_id = view.path["customer_id"]
    path, parameters = {"customer_id": customer_id}, view.asked(*OF_CUSTOMER, "cursor", "limit")
    tabs, catalogue, found = await gather(
        tabs_of(view, customer_id),
        catalogue_of(view),
        view.ask("bookings.list_of_customer", path, parameters),
    )
    if not found.is_good and found.status != 400:
        await view.know("bookings.list_of_customer", path, parameters)
    shown = {
        **tabs.shown,
        **shown_of(found),
        "catalogue": catalogue,
        "people": named(tabs.customer["participants"]),
        "is_filtered": any(name in view.parameters for name in OF_CUSTOMER),
    }
    return Screen(
        "desk/customer_bookings.html",
        shown,
        true_for=tabs.true_for(found),
        listed=found if found.is_good else None,
    )


PAGES = (bookings, bookings_of_customer)
