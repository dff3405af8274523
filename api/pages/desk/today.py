"""The first page of the desk: who comes today, what expires soon, and who owes."""

from asyncio import gather
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from api.pages.desk.bookings import WEEK_DAYS
from api.pages.page import page
from api.pages.view import Redirect, Screen, View

SOON_DAYS = 14
BOOKINGS_MAX = 120
"""Of the day on this page, so that it stays below 150 KB; the list itself has all."""
SHOWN = 6
"""Rows of a list on this page; the list itself has all."""
GREETED_DAYS = 7
"""Days of which birthdays are shown, with today."""
GREETERS = ("owner", "manager", "staff")
"""Who may see birthdays."""


@page("/desk")
async def today(view: View) -> Screen | Redirect:
    """Bookings of the day with their attendance, packages to speak about, and the birthdays of the week."""
    if view.role == "customer":
        return Redirect("/card")
    day = view.today
    until = day + timedelta(days=SOON_DAYS)
    soon = {"status": "active", "expires_from": day.isoformat(), "expires_to": until.isoformat()}
    debts = {"owing": True, "limit": SHOWN}
    ahead = (day + timedelta(days=1), day + timedelta(days=WEEK_DAYS))
    week = [day + timedelta(days=later) for later in range(GREETED_DAYS)]
    bookings, expiring, owing, coming, born = await gather(
        view.know(
            "bookings.list", None, {"from": day.isoformat(), "to": day.isoformat(), "limit": BOOKINGS_MAX}
        ),
        view.know("packages.list", None, {**soon, "limit": 200}),
        view.know("packages.list", None, debts),
        view.know(
            "bookings.list",
            None,
            {"from": ahead[0].isoformat(), "to": ahead[1].isoformat(), "status": "pending", "limit": 200},
        ),
        _birthdays(view, week),
    )
    rows = bookings.body["data"]
    standing = [each for each in rows if each["status"] != "cancelled"]
    nearest = sorted(expiring.body["data"], key=lambda card: (card["expires_on"], card["id"]))
    shown = {
        "day": day.isoformat(),
        "bookings": rows,
        "coming": [each for each in standing if each["attendance"] == "unmarked"],
        "came": [each for each in standing if each["attendance"] in ("attended", "late")],
        "has_more": bookings.body["has_more"],
        "expiring": nearest[:SHOWN],
        "soon": {name: [value] for name, value in soon.items()},
        "has_more_expiring": len(nearest) > SHOWN or expiring.body["has_more"],
        "owing": owing.body,
        "pending": coming.body["data"],
        "has_more_pending": coming.body["has_more"],
        "birthdays": born and born.rows[:SHOWN],
        "has_more_birthdays": born is not None and (born.has_more or len(born.rows) > SHOWN),
        "week": born and born.asked,
    }
    lowest = min(each.position or 0 for each in (bookings, expiring, owing, coming))
    return Screen("desk/today.html", shown, true_for=lowest, listed=bookings)


class Birthdays(NamedTuple):
    rows: list[dict[str, Any]]
    """`day` and `customer`, in the order of the days."""
    has_more: bool
    asked: dict[str, list[str]]
    """The filters that find all of them."""


async def _birthdays(view: View, week: Sequence[date]) -> Birthdays | None:
    """Active customers whose birthday returns on these days; None where the visitor may not know."""
    if view.role not in GREETERS:
        return None
    asked = {
        "birthday_from": week[0].isoformat(),
        "birthday_to": week[-1].isoformat(),
        "status": "active",
    }
    found = await view.know("customers.list", None, {**asked, "limit": 200})
    days = {day.isoformat()[5:]: day.isoformat() for day in week}
    # Who has no day of their own in this week was born on the 29th of February: their day is the 28th.
    days |= {"02-29": days["02-28"]} if "02-28" in days and "02-29" not in days else {}
    rows = [{"day": days[each["date_of_birth"][5:]], "customer": each} for each in found.body["data"]]
    rows.sort(key=lambda row: (row["day"], row["customer"]["id"]))
    return Birthdays(rows, found.body["has_more"], {name: [value] for name, value in asked.items()})


PAGES = (today,)
