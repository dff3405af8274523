"""Bookings: making them, alone or as a series, and what happens to them (S49–S59, S74, S91–S94, S102–S104).

Each command answers the new state of the booking; its units move in the same append.
"""

from typing import Any, Literal

from pydantic import RootModel

from api.http.command_route import Command, CommandRequest, command
from api.http.ledger_types import Books
from api.http.parsing import EmptyBody
from api.http.permissions import BOOKERS, BOOKERS_OR_OWN, DESK, OVERRIDERS
from api.http.problems import Flaw, invalid
from api.resources.bookings.answer import Booking, in_answer, in_books
from api.resources.bookings.bodies import BookingBody
from api.resources.payments.commands import new_payment, price_of
from api.resources.texts import wording_or_none
from domain.booking.commands import (
    CancelBooking,
    CompleteBooking,
    ConfirmBooking,
    MakeBooking,
    MarkAttendance,
    NewBooking,
    OnBooking,
    RescheduleBooking,
)
from domain.booking.facts import Attendance, By
from domain.booking.new_bookings import OccurrenceRefused
from domain.business.reasons import ReasonCodeName
from domain.decision import Decision, UseCase
from domain.moments import Moment, rfc3339
from domain.use_cases.cancel_booking import CANCEL_BOOKING
from domain.use_cases.complete_booking import COMPLETE_BOOKING
from domain.use_cases.confirm_booking import CONFIRM_BOOKING
from domain.use_cases.make_booking import MAKE_BOOKING
from domain.use_cases.mark_attendance import MARK_ATTENDANCE
from domain.use_cases.reschedule_booking import RESCHEDULE_BOOKING
from domain.values import LongText, Value, Wording


class RefusedOccurrence(Value):
    """A booking of a series that could not be made, and why."""

    starts_at: str
    code: str
    rule: str | None
    """Of a code that stands for several rules: which one, as its problem names it."""
    detail: str


class MadeSeries(Value):
    bookings: tuple[Booking, ...]
    refused: tuple[RefusedOccurrence, ...]


class MadeBooking(RootModel[Booking | MadeSeries]):
    """The booking; where it repeats, all that were made and what was refused."""


@command(
    "/v1/bookings",
    "bookings.make",
    "Make a booking, or a weekly series; units of packages are applied to it",
    roles=BOOKERS_OR_OWN,
    body=BookingBody,
    answer=MadeBooking,
    location="/v1/bookings/{id}",
    codes=(
        "not-found",
        "customer-blocked",
        "customer-inactive",
        "offer-retired",
        "insufficient-units",
        "package-expired",
        "package-cancelled",
        "package-frozen",
        "payment-required",
        "not-eligible",
        "overpayment",
        "duplicate-external-ref",
        "effective-at-out-of-range",
        "back-dating-not-allowed",
    ),
    versioned=False,
)
def make_booking(call: Command[BookingBody]) -> CommandRequest:
    """Without `package_id` the units come from the packages that expire soonest; without units the booking is
    made without. With `repeat` the answer lists the bookings made and those refused.
    """
    body, paid = call.body, call.body.payment
    if paid is not None:
        call.check_may(DESK, "recording payments")
    count = 1 if body.repeat is None else body.repeat.count
    new = tuple(
        NewBooking(
            booking_id=call.new("bkg", body.id if number == 0 else None), redemption_id=call.new("red")
        )
        for number in range(count)
    )
    asked = MakeBooking(
        bookings=new,
        payment=None if paid is None else new_payment(call, paid, "/payment"),
        shares=() if paid is None else tuple(call.new("pay") for _ in new[1:]),
        price=None if paid is None else price_of(call, paid, "/payment"),
        **{name: getattr(body, name) for name in ALIKE},
    )

    def answer(books: Books, decision: Decision) -> Booking | MadeSeries:
        if body.repeat is None:
            return in_books(books, new[0].booking_id, call)
        made = [each.booking_id for each in new if each.booking_id in decision.facts]
        return MadeSeries(
            bookings=tuple(in_books(books, id, call) for id in made),
            refused=tuple(_refused(refusal) for refusal in decision.refused),
        )

    return CommandRequest(MAKE_BOOKING, asked, answer, shows=in_answer)


ALIKE = (
    "customer_id",
    "service_id",
    "starts_at",
    "participant_id",
    "staff_id",
    "location_id",
    "package_id",
    "quantity",
    "external_ref",
)
"""Members with the same name in the body and in the command."""


def _refused(refusal: OccurrenceRefused) -> RefusedOccurrence:
    refused = refusal.refused
    return RefusedOccurrence(
        starts_at=rfc3339(refusal.starts_at), code=refused.code, rule=refused.broken_rule, detail=str(refused)
    )


def _changing(
    call: Command[Any], use_case: UseCase[Any], asked: OnBooking, reason: Wording | None = None
) -> CommandRequest:
    return CommandRequest(
        use_case, asked, lambda books, _: in_books(books, asked.booking_id, call, reason), shows=in_answer
    )


@command(
    "/v1/bookings/{booking_id}/confirmation",
    "bookings.confirm",
    "Confirm a pending booking",
    roles=BOOKERS,
    body=EmptyBody,
    answer=Booking,
    codes=("booking-state",),
)
def confirm_booking(call: Command[EmptyBody]) -> CommandRequest:
    """A booking that a customer makes is pending until the desk confirms it."""
    return _changing(call, CONFIRM_BOOKING, ConfirmBooking(booking_id=call.id("booking_id")))


class ReschedulingBody(Value):
    starts_at: Moment
    """Its units must be valid then."""


@command(
    "/v1/bookings/{booking_id}/rescheduling",
    "bookings.reschedule",
    "Move a booking; inside the notice period the earlier start stays the measure of notice",
    roles=BOOKERS_OR_OWN,
    body=ReschedulingBody,
    answer=Booking,
    codes=(
        "booking-state",
        "package-expired",
        "package-cancelled",
        "package-frozen",
        "effective-at-out-of-range",
        "back-dating-not-allowed",
    ),
)
def reschedule_booking(call: Command[ReschedulingBody]) -> CommandRequest:
    """The units move with it, if their packages are valid on the new day."""
    return _changing(
        call,
        RESCHEDULE_BOOKING,
        RescheduleBooking(booking_id=call.id("booking_id"), starts_at=call.body.starts_at),
    )


class AttendanceBody(Value):
    attendance: Attendance
    """From `attendance_opens_minutes` of the policies before the start; no_show from the start."""
    reason: LongText | None = None
    """Why an earlier mark is corrected."""


@command(
    "/v1/bookings/{booking_id}/attendance",
    "bookings.mark",
    "Mark attendance, or correct a mark; a no-show follows the rule for late cancellations",
    roles=BOOKERS,
    body=AttendanceBody,
    answer=Booking,
    codes=("booking-state",),
)
def mark_attendance(call: Command[AttendanceBody]) -> CommandRequest:
    """Where units are used at attendance, `attended` and `late` use those held."""
    why = wording_or_none(call, call.body.reason)
    asked = MarkAttendance(booking_id=call.id("booking_id"), attendance=call.body.attendance, reason=why)
    return _changing(call, MARK_ATTENDANCE, asked, why)


@command(
    "/v1/bookings/{booking_id}/completion",
    "bookings.complete",
    "Complete a confirmed booking; unless it was marked it counts as attended",
    roles=BOOKERS,
    body=EmptyBody,
    answer=Booking,
    codes=("booking-state",),
)
def complete_booking(call: Command[EmptyBody]) -> CommandRequest:
    """Completing a completed booking changes nothing."""
    return _changing(call, COMPLETE_BOOKING, CompleteBooking(booking_id=call.id("booking_id")))


class BookingCancellationBody(Value):
    by: By = "customer"
    """Units of a booking that the business cancels always go back."""
    override: Literal["restore", "forfeit"] | None = None
    """Restore or forfeit the units whatever the rules say; needs a reason."""
    reason: LongText | None = None
    reason_code: ReasonCodeName | None = None


@command(
    "/v1/bookings/{booking_id}/cancellation",
    "bookings.cancel",
    "Cancel a booking: units go back or are forfeited by the rules that were in force when it was made",
    roles=BOOKERS_OR_OWN,
    body=BookingCancellationBody,
    answer=Booking,
    codes=("booking-state",),
)
def cancel_booking(call: Command[BookingCancellationBody]) -> CommandRequest:
    """In time, every unit goes back; later, by the rules. `override` decides otherwise, with a reason."""
    body = call.body
    if body.override is not None:
        call.check_may(OVERRIDERS, "deciding against the rules")
    if body.override is not None and body.reason is None:
        raise invalid([Flaw("/reason", "required", "must say why the rules are not followed")])
    why = wording_or_none(call, body.reason)
    asked = CancelBooking(
        booking_id=call.id("booking_id"),
        by=body.by,
        override=body.override,
        reason=why,
        reason_code=body.reason_code,
    )
    return _changing(call, CANCEL_BOOKING, asked, why)


HANDLERS = (
    make_booking,
    confirm_booking,
    reschedule_booking,
    mark_attendance,
    complete_booking,
    cancel_booking,
)
