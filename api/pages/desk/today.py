"""The first page of the desk: who comes today, what expires soon, and who owes."""

from asyncio import gather
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from api.pages.desk.bookings import WEEK_DAYS
from api.pages.desk.choices import every_page
from api.pages.page import page
from api.pages.view import Redirect, Screen, View

SOON_DAYS = 14
COUNTED_MAX = 2_000
"""Bookings of the day that are read; beyond that the numbers have a plus."""
AT_ONCE = 50
"""Bookings on this page, so that it stays below 150 KB also where every name is as long as it may be.

A day with more is shown by the hour, and an hour with more in parts."""
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
    of_day = {"from": day.isoformat(), "to": day.isoformat()}
    bookings, expiring, owing, coming, born = await gather(
        every_page(view, "bookings.list", of_day, rows_max=COUNTED_MAX),
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
        **_in_view(view, rows),
        "standing": len(standing),
        "has_more": bookings.body["has_more"],
        "coming": sum(each["attendance"] == "unmarked" for each in standing),
        "came": sum(each["attendance"] in ("attended", "late") for each in standing),
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


def _in_view(view: View, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The bookings that are shown: all of a short day, else those of an hour, of that which is asked for or of now."""
    hours = Counter(hour_of(each) for each in rows)
    if len(rows) <= AT_ONCE:
        return {"bookings": rows, "hours": {}, "hour": "", "part": 1, "parts": 1}
    now = f"{datetime.now(ZoneInfo(view.me['business']['time_zone'])):%H}"
    asked = view.one("hour")
    ahead = (each for each in sorted(hours) if each >= now)
    hour = asked if asked in hours else next(ahead, max(hours))
    of_hour = [each for each in rows if hour_of(each) == hour]
    parts = -(-len(of_hour) // AT_ONCE)
    part = min(max(_number(view.one("part")), 1), parts)
    some = of_hour[(part - 1) * AT_ONCE : part * AT_ONCE]
    return {
        "bookings": some,
        "hours": dict(sorted(hours.items())),
        "hour": hour,
        "part": part,
        "parts": parts,
    }


def hour_of(booking: Mapping[str, Any]) -> str:
    """That in which it begins, on its own clock: 08."""
    return str(booking["local_time"][:2])


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 1


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
