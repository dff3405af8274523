"""The first page of the desk: who comes today, what expires soon, and who owes."""

from asyncio import gather
from datetime import timedelta

from api.pages.desk.bookings import WEEK_DAYS
from api.pages.page import page
from api.pages.view import Redirect, Screen, View

SOON_DAYS = 14
BOOKINGS_MAX = 120
"""Of the day on this page, so that it stays below 150 KB; the list itself has all."""
SHOWN = 6
"""Packages of a list on this page; the list itself has all."""


@page("/desk")
async def today(view: View) -> Screen | Redirect:
    """Bookings of the day with their attendance, and packages to speak about."""
    if view.role == "customer":
        return Redirect("/card")
    day = view.today
    until = day + timedelta(days=SOON_DAYS)
    soon = {"status": "active", "expires_from": day.isoformat(), "expires_to": until.isoformat()}
    debts = {"owing": True, "limit": SHOWN}
    ahead = (day + timedelta(days=1), day + timedelta(days=WEEK_DAYS))
    bookings, expiring, owing, coming = await gather(
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
    }
    lowest = min(each.position or 0 for each in (bookings, expiring, owing, coming))
    return Screen("desk/today.html", shown, true_for=lowest, listed=bookings)


PAGES = (today,)
