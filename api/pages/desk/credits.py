"""Credits and activity of a customer: what can be used for what and was used, and all that runs, was and will be."""

from asyncio import gather
from typing import Any

from api.pages.asking import Answer
from api.pages.desk.customer_tabs import tabs_of
from api.pages.desk.roles import may_of
from api.pages.page import page
from api.pages.view import Screen, View

EACH_SIDE = 20
"""Bookings of a page on each side of now."""


@page("/desk/customers/{customer_id}/credits")
async def credits_page(view: View) -> Screen:
    """Units that can be used now, by service, and every use with its two dates and its source."""
    customer_id = view.path["customer_id"]
    tabs, found = await gather(
        tabs_of(view, customer_id),
        view.know("credits.show", {"customer_id": customer_id}, view.asked("cursor", "limit")),
    )
    return Screen(
        "desk/credits.html",
        {**tabs.shown, "found": found.body},
        true_for=tabs.true_for(found),
        listed=_rows(found, found.body["usage"]),
    )


@page("/desk/customers/{customer_id}/activity")
async def activity(view: View) -> Screen:
    """Memberships, packages, rules that top up, and bookings on both sides of now."""
    customer_id = view.path["customer_id"]
    path = {"customer_id": customer_id}
    tabs, found, top_ups = await gather(
        tabs_of(view, customer_id),
        view.know("activity.show", path, {"limit": EACH_SIDE, **view.asked("cursor", "limit")}),
        view.know("top_ups.list_of_customer", path, {"limit": 200}),
    )
    sides = found.body["bookings"]
    shown = {
        **tabs.shown,
        "found": found.body,
        "rules": [each for each in top_ups.body["data"] if each["status"] != "removed"],
        "may": may_of(view),
    }
    return Screen(
        "desk/activity.html",
        shown,
        true_for=tabs.true_for(found, top_ups),
        listed=_rows(found, [*sides["upcoming"], *sides["past"]]),
    )


def _rows(found: Answer, rows: list[Any]) -> Answer:
    """The rows that the page shows as a table, and beside them the whole answer."""
    return Answer(found.status, {**found.body, "data": rows}, found.position)


PAGES = (credits_page, activity)
