"""Words for bookings: a massage on Wednesday the 7th at 9, at the Silk Salon, paid from packages or not."""

from typing import Any

from domain.booking.commands import CancelBooking, MakeBooking, MarkAttendance, NewBooking, RescheduleBooking
from domain.business.facts import Deduct
from domain.package.facts import PackageFact
from domain.package.state import Package
from domain.values import CancellationTerms, Wording
from tests.domain.given import Outcome, World, given
from tests.domain.words import because, moment, sold

START = "2026-10-07 09:00"
IN_TIME = "2026-10-06 09:00"
"""The last moment of the day of notice."""
LATE = "2026-10-06 09:01"
FORFEIT = CancellationTerms(notice_hours=24, late="forfeit")
RESTORE = CancellationTerms(notice_hours=24, late="restore")
DEDUCTS: tuple[Deduct, Deduct] = ("at_booking", "at_attendance")


def book(start: str = START, *, weeks: int = 1, **fields: Any) -> MakeBooking:
    """One booking, or a series: bkg_1 with red_1, bkg_2 with red_2 …"""
    ids = tuple(NewBooking(booking_id=f"bkg_{n}", redemption_id=f"red_{n}") for n in range(1, weeks + 1))
    standard: dict[str, Any] = {"bookings": ids, "customer_id": "cus_1", "service_id": "svc_massage"}
    return MakeBooking(starts_at=moment(start), **(standard | fields))


def another(start: str = START, *, n: int = 2, **fields: Any) -> MakeBooking:
    """One more booking, bkg_2 unless it is another."""
    return book(start, bookings=(NewBooking(booking_id=f"bkg_{n}", redemption_id=f"red_{n}"),), **fields)


def reschedule(start: str) -> RescheduleBooking:
    return RescheduleBooking(booking_id="bkg_1", starts_at=moment(start))


def attend(
    attendance: str = "attended", booking: str = "bkg_1", reason: Wording | None = None
) -> MarkAttendance:
    return MarkAttendance.model_validate({"booking_id": booking, "attendance": attendance, "reason": reason})


def call_off(by: str = "customer", *, override: str | None = None, reason: bool = True) -> CancelBooking:
    why: Wording | None = because() if override and reason else None
    return CancelBooking.model_validate(
        {"booking_id": "bkg_1", "by": by, "override": override, "reason": why}
    )


def salon(deduct: Deduct = "at_booking", *facts: PackageFact, terms: CancellationTerms = FORFEIT) -> World:
    """A package of ten massages (or what is given) with these terms, in a business that deducts so."""
    return given(*(facts or (sold(cancellation=terms),))).under(deduct=deduct)


def booked(
    deduct: Deduct = "at_booking", *facts: PackageFact, terms: CancellationTerms = FORFEIT, **fields: Any
) -> Outcome:
    """The world with bkg_1 in it."""
    outcome = salon(deduct, *facts, terms=terms).when(book(**fields))
    assert outcome.refusal is None, f"refused: {outcome.refusal}"
    return outcome


def stamps(package: Package, line: int = 1) -> dict[str, int]:
    """How many units of a line are in which state; the others have none in it."""
    of = package.lines[line - 1]
    counts = {
        "available": of.available,
        "held": of.held,
        "used": of.states.count(b"u"),
        "forfeited": of.states.count(b"f"),
        "corrected": of.states.count(b"c"),
        "lapsed": of.states.count(b"l"),
    }
    return {name: count for name, count in counts.items() if count}
