"""One booking as an auditor sees it: every fact, on two clocks, with its hash."""

from asyncio import gather

from api.pages.asking import Answer
from api.pages.audit.every_row import every_row
from api.pages.audit.nameless import nameless
from api.pages.audit.story import late_seconds
from api.pages.page import page
from api.pages.view import Screen, View


@page("/audit/bookings/{booking_id}")
async def booking(view: View) -> Screen:
    """Its facts, the newest first: made, moved, paid, attended, cancelled."""
    path = {"booking_id": view.path["booking_id"]}
    found = await view.know("bookings.show", path)
    (history, _), (facts, _) = await gather(
        every_row(view, "bookings.history", path),
        every_row(view, "facts.list", {}, {"stream_id": path["booking_id"]}),
    )
    stored = {fact["version"]: fact for fact in facts}
    rows = [row for row in reversed(history) if row["version"] in stored]
    entries = [(row, stored[row["version"]], late_seconds(row)) for row in rows]
    listed = [
        {**nameless(row), "position": fact["position"], "name": fact["name"], "hash": fact["hash"]}
        for row, fact, _ in entries
    ]
    return Screen(
        "audit/booking.html",
        {"booking": found.body, "entries": entries},
        true_for=found.position,
        listed=Answer(200, {"data": listed}, found.position),
    )


PAGES = (booking,)
