"""The bookings of a customer: to come and past; booking, moving and cancelling, with what follows said before."""

from asyncio import gather
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from api.pages.asking import Answer
from api.pages.forms import Refused
from api.pages.page import form, page
from api.pages.typed_moments import moment_typed
from api.pages.view import Redirect, Screen, View

LIST = "bookings.list_of_customer"
OPEN = ("pending", "confirmed")
PAST = timedelta(days=90)


@page("/card/bookings")
async def bookings(view: View) -> Screen:
    """Those to come, soonest first, and those of the last 90 days, the latest first."""
    own, today = {"customer_id": str(view.me["customer_id"])}, view.today
    before = min(_day(view.one("before")) or today, today)
    since, until = before - PAST, before - timedelta(days=1)
    coming, past = await gather(
        view.know(LIST, own, {"from": today.isoformat(), "status": OPEN, "limit": 200}),
        view.know(LIST, own, {"from": since.isoformat(), "to": until.isoformat(), "limit": 200}),
    )
    shown = {
        "coming": coming.body["data"] if before == today else [],
        "past": list(reversed(past.body["data"])),
        "since": since.isoformat(),
    }
    return Screen("card/bookings.html", shown, true_for=past.position, listed=past)


def _day(text: str) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat(text)
    return None


# Booking


@page("/card/book")
async def book(view: View) -> Screen:
    """A form for a session."""
    return await _book(view, None, None)


@form("/card/book")
async def make(view: View) -> Screen | Redirect:
    """First say what it will take, then book it. Sent again, it is the same booking."""
    typed, zone = view.typed("service_id", "participant_id"), view.me["business"]["time_zone"]
    starts_at = moment_typed(view, zone)
    if isinstance(starts_at, Answer):
        return await _book(view, view.refused("book", starts_at), None)
    body = {"customer_id": str(view.me["customer_id"]), "starts_at": starts_at, **typed}
    is_sure = "sure" in view.fields
    answer = await view.give("bookings.make", None, body, dry_run=not is_sure)
    if not answer.is_good:
        return await _book(view, view.refused("book", answer), None)
    return Redirect("/card/bookings") if is_sure else await _book(view, None, answer.body)


async def _book(view: View, refused: Refused | None, planned: Mapping[str, Any] | None) -> Screen:
    services, person, credits = await gather(
        view.know("services.list", None, {"retired": False, "limit": 200}),
        view.know("customers.show", {"customer_id": str(view.me["customer_id"])}),
        view.know("credits.show", {"customer_id": str(view.me["customer_id"])}),
    )
    left = {each["id"]: each["available"] for each in credits.body["services"]}
    shown = {
        "services": sorted(services.body["data"], key=lambda each: (not left.get(each["id"]), each["name"])),
        "left": left,
        "people": person.body["participants"],
        "planned": planned,
        "fields": view.fields,
        "today": view.today.isoformat(),
    }
    return Screen("card/book.html", shown, refused=refused, address="/card/book")


# Cancelling and moving


@page("/card/bookings/{booking_id}/cancellation")
async def before_cancelling(view: View) -> Screen:
    """What happens to the units if the booking is cancelled now."""
    return await _before_cancelling(view, None)


async def _before_cancelling(view: View, refused: Refused | None) -> Screen:
    booking, tried = await gather(
        view.know("bookings.show", view.path),
        view.foresee("bookings.cancel", view.path, {"by": "customer"}),
    )
    shown = {
        "booking": booking.body,
        "after": tried.body if tried.is_good else None,
        "why_not": None if tried.is_good else tried.body,
    }
    address = f"/card/bookings/{view.path['booking_id']}/cancellation"
    return Screen("card/cancel.html", shown, true_for=booking.position, refused=refused, address=address)


@form("/card/bookings/{booking_id}/cancellation")
async def cancel(view: View) -> Screen | Redirect:
    """Cancel it as it was shown: if something has changed since, it is shown again."""
    answer = await view.give("bookings.cancel", view.path, {"by": "customer"})
    if answer.is_good:
        return Redirect("/card/bookings")
    return await _before_cancelling(view, view.refused("cancel", answer))


@page("/card/bookings/{booking_id}/rescheduling")
async def before_moving(view: View) -> Screen:
    """A form for another day and time."""
    return await _before_moving(view, None, None)


@form("/card/bookings/{booking_id}/rescheduling")
async def move(view: View) -> Screen | Redirect:
    """First say what holds for the new time, then move it."""
    zone, is_sure = view.fields.get("zone", ""), "sure" in view.fields
    starts_at = moment_typed(view, zone or "UTC")
    if isinstance(starts_at, Answer):
        return await _before_moving(view, view.refused("move", starts_at), None)
    answer = await view.give("bookings.reschedule", view.path, {"starts_at": starts_at}, dry_run=not is_sure)
    if not answer.is_good:
        return await _before_moving(view, view.refused("move", answer), None)
    return Redirect("/card/bookings") if is_sure else await _before_moving(view, None, answer.body)


async def _before_moving(view: View, refused: Refused | None, planned: Mapping[str, Any] | None) -> Screen:
    booking = await view.know("bookings.show", view.path)
    shown = {
        "booking": booking.body,
        "planned": planned,
        "fields": view.fields,
        "today": view.today.isoformat(),
    }
    address = f"/card/bookings/{view.path['booking_id']}/rescheduling"
    return Screen("card/move.html", shown, true_for=booking.position, refused=refused, address=address)


PAGES = (bookings, book, make, before_cancelling, cancel, before_moving, move)
