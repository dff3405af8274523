"""One booking: confirming, moving, attendance, completing, cancelling, and its payments.

What a cancellation does to the units stands on the page before anything is pressed, from a dry run.
"""

from asyncio import gather
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from api.pages.addresses import is_here
from api.pages.asking import Answer
from api.pages.desk.choices import catalogue_of
from api.pages.desk.meanwhile import facts_meanwhile
from api.pages.forms import Refused
from api.pages.page import form, page
from api.pages.typed_moments import moment_typed
from api.pages.view import Redirect, Screen, View

OPEN = ("pending", "confirmed")
"""States of a booking that can be moved and cancelled."""
HISTORY = 50
"""Rows that are shown, the newest; hardly any booking has more."""


@page("/desk/bookings/{booking_id}")
async def booking(view: View) -> Screen:
    """All that is known of a booking, and what can be done with it."""
    return await booking_of(view)


async def booking_of(
    view: View,
    refused: Refused | None = None,
    tried: tuple[str, Answer] | None = None,
    meanwhile: Sequence[Any] = (),
) -> Screen:
    """That page. `tried`: the form of which a dry run was made, and its answer. `meanwhile`: facts behind the form."""
    booking_id = view.path["booking_id"]
    path = {"booking_id": booking_id}
    found, payments, history, catalogue = await gather(
        view.know("bookings.show", path),
        view.know("bookings.payments", path),
        view.know("bookings.history", path, {"order": "newest", "limit": HISTORY}),
        catalogue_of(view),
    )
    if_cancelled = None
    if found.body["status"] in OPEN:
        if_cancelled = await _dry_cancellation(view, {"by": "customer"})
    shown = {
        "booking": found.body,
        "payments": payments.body["data"],
        "history": history.body["data"],
        "catalogue": catalogue,
        "if_cancelled": if_cancelled.body if if_cancelled and if_cancelled.is_good else None,
        "tried": {tried[0]: tried[1].body} if tried else {},
        "meanwhile": meanwhile,
        "names_of_staff": {each["id"]: each["name"] for each in catalogue.staff},
        "typed": defaultdict(str, view.fields),
        "today": view.today.isoformat(),
        "typed_amount": view.amounts("amount").get("amount", 0),
    }
    return Screen(
        "desk/booking.html",
        shown,
        true_for=min(each.position or 0 for each in (found, payments)),
        refused=refused,
        address=f"/desk/bookings/{booking_id}",
    )


async def _dry_cancellation(view: View, body: dict[str, Any]) -> Answer:
    """What a cancellation by the rules would do now, whatever the form on the page was made for."""
    return await view.frame.api.give(
        view.visitor, "bookings.cancel", {"booking_id": view.path["booking_id"]}, body, key="", dry_run=True
    )


async def _answered(view: View, name: str, answer: Answer) -> Screen | Redirect:
    """Back to where the form was; a refusal is told on the page of the booking."""
    if not answer.is_good:
        meanwhile = await facts_meanwhile(view, answer, view.path["booking_id"])
        return await booking_of(view, view.refused(name, answer), meanwhile=meanwhile)
    address = view.fields.get("next", "")
    return Redirect(address if is_here(address) else f"/desk/bookings/{view.path['booking_id']}")


@form("/desk/bookings/{booking_id}/confirmation")
async def confirm(view: View) -> Screen | Redirect:
    return await _answered(view, "confirm", await view.give("bookings.confirm", view.path, {}))


@form("/desk/bookings/{booking_id}/completion")
async def complete(view: View) -> Screen | Redirect:
    return await _answered(view, "complete", await view.give("bookings.complete", view.path, {}))


@form("/desk/bookings/{booking_id}/attendance")
async def mark(view: View) -> Screen | Redirect:
    """Mark attendance; a later mark corrects an earlier one."""
    answer = await view.give("bookings.mark", view.path, view.typed("attendance", "reason"))
    return await _answered(view, "attendance", answer)


@form("/desk/bookings/{booking_id}/rescheduling")
async def move(view: View) -> Screen | Redirect:
    """To another day or time, on the clock of the booking."""
    found = await view.know("bookings.show", view.path)
    moment = moment_typed(view, found.body["time_zone"])
    if isinstance(moment, Answer):
        return await _answered(view, "move", moment)
    return await _answered(
        view, "move", await view.give("bookings.reschedule", view.path, {"starts_at": moment})
    )


@form("/desk/bookings/{booking_id}/cancellation")
async def cancel(view: View) -> Screen | Redirect:
    """Say what would happen; sent again from there, cancel it."""
    sure = view.fields.get("sure") == "yes"
    body = view.typed("by", "override", "reason", "reason_code")
    answer = await view.give("bookings.cancel", view.path, body, dry_run=not sure)
    if answer.is_good and not sure:
        return await booking_of(view, tried=("cancel", answer))
    return await _answered(view, "cancel", answer)


@form("/desk/bookings/{booking_id}/payments")
async def pay(view: View) -> Screen | Redirect:
    """Record money that was paid, in full or in part."""
    amounts = {name: {"amount": amount} for name, amount in view.amounts("amount", "price").items()}
    body = {"amount": {"amount": ""}, "method": view.fields.get("method", "")} | amounts
    return await _answered(view, "pay", await view.give("bookings.record_payment", view.path, body))


@form("/desk/bookings/{booking_id}/payments/{payment_id}/refunds")
async def refund(view: View) -> Screen | Redirect:
    """Say what would happen; sent again from there, give money back."""
    payment_id, sure = view.path["payment_id"], view.fields.get("sure") == "yes"
    amount = view.amounts("amount").get("amount", "")
    body = {"reason": "", **view.typed("reason", "reason_code"), "amount": {"amount": amount}}
    answer = await view.give("payments.refund", {"payment_id": payment_id}, body, dry_run=not sure)
    if answer.is_good and not sure:
        return await booking_of(view, tried=(payment_id, answer))
    return await _answered(view, payment_id, answer)


PAGES = (booking, confirm, complete, mark, move, cancel, pay, refund)
