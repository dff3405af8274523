"""Marks and their corrections: when they may be made, by whom, and what becomes of units."""

from typing import Any

import pytest

from domain.actor import Role
from domain.booking.commands import CompleteBooking, ConfirmBooking
from domain.booking.facts import AttendanceMarked
from domain.business.facts import Deduct
from domain.package.commands import CancelPackage, CorrectLine, RedeemUnits, RestoreUnits
from domain.package.facts import UnitsRedeemed, UnitsRestored
from domain.refusals import AttendanceNotOpen, Forbidden, Invalid, WrongBookingState
from tests.domain.appointments import (
    DEDUCTS,
    FORFEIT,
    RESTORE,
    START,
    attend,
    book,
    booked,
    call_off,
    salon,
    stamps,
)
from tests.domain.given import Outcome, given
from tests.domain.words import because, moment, sold

OPENS = "2026-10-07 08:00"
TOO_EARLY = "2026-10-07 07:59"
AFTER = "2026-10-07 18:00"
NEXT_DAY = "2026-10-08 09:00"
MARKS = ("attended", "late", "no_show")


def marked(*marks: str, deduct: Deduct = "at_booking", terms: Any = FORFEIT, **fields: Any) -> Outcome:
    """The booking with these marks on it, one after the other, all in the evening."""
    outcome = booked(deduct, terms=terms, **fields)
    for attendance in marks:
        outcome = outcome.and_when(attend(attendance), AFTER)
        assert outcome.refusal is None, f"refused: {outcome.refusal}"
    return outcome


# When


@pytest.mark.covers("S57")
@pytest.mark.parametrize("attendance", ["attended", "late"])
def test_attendance_is_marked_from_an_hour_before_the_start(attendance: str) -> None:
    booked().and_when(attend(attendance), TOO_EARLY).refused(
        AttendanceNotOpen,
        booking_status="pending",
        wanted=f"marked {attendance}",
        opens_at=moment(OPENS),
    )
    assert booked().and_when(attend(attendance), OPENS).booking.attendance == attendance


def test_the_business_says_from_when_on() -> None:
    world = given(sold()).under(attendance_opens_minutes=0)
    world.when(book()).and_when(attend(), "2026-10-07 08:59").refused_naming(
        AttendanceNotOpen, opens_at=moment(START)
    )
    assert world.when(book()).and_when(attend(), START).told()
    assert (
        given(sold())
        .under(attendance_opens_minutes=90)
        .when(book())
        .and_when(attend(), "2026-10-07 07:30")
        .told()
    )


def test_completing_what_was_not_marked_marks_it_and_so_waits_too() -> None:
    confirmed = booked().and_when(ConfirmBooking(booking_id="bkg_1"))
    confirmed.and_when(CompleteBooking(booking_id="bkg_1"), TOO_EARLY).refused_naming(
        AttendanceNotOpen, opens_at=moment(OPENS)
    )
    assert confirmed.and_when(CompleteBooking(booking_id="bkg_1"), OPENS).booking.status == "completed"


def test_a_no_show_waits_for_the_start() -> None:
    booked().and_when(attend("no_show"), TOO_EARLY).refused_naming(AttendanceNotOpen)
    refusal = booked().and_when(attend("no_show"), "2026-10-07 08:59").refusal
    assert isinstance(refusal, Invalid)
    assert refusal.pointer == "/attendance"


def test_what_was_cancelled_is_not_marked() -> None:
    cancelled = booked().and_when(call_off(), AFTER)
    cancelled.and_when(attend(), AFTER).refused(
        WrongBookingState, booking_status="cancelled", wanted="marked attended"
    )


# Who


@pytest.mark.parametrize("role", [Role.STAFF, Role.INTEGRATION])
def test_staff_correct_a_mark_on_the_day_it_was_made(role: Role) -> None:
    outcome = booked().and_when(attend(), AFTER, Role.STAFF)
    assert outcome.and_when(attend("no_show"), "2026-10-07 23:59", role, "stf_bob").told()
    outcome.and_when(attend("no_show"), "2026-10-08 00:00", role).refused_naming(Forbidden)
    assert outcome.and_when(attend(), NEXT_DAY, role).then_nothing()


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER])
def test_a_manager_corrects_it_at_any_time(role: Role) -> None:
    outcome = booked().and_when(attend("no_show"), AFTER, Role.STAFF)
    assert outcome.and_when(attend("late"), "2027-01-08 09:00", role).told()


def test_a_first_mark_may_come_late_and_starts_the_day_on_which_staff_may_correct_it() -> None:
    outcome = booked().and_when(attend(), NEXT_DAY, Role.STAFF)
    assert outcome.and_when(attend("late"), "2026-10-08 20:00", Role.STAFF).told()


def test_the_fact_says_what_it_corrects_and_why() -> None:
    outcome = booked().and_when(attend(), AFTER).and_when(attend("late", reason=because()), NEXT_DAY)
    assert outcome.booked["bkg_1"] == [
        AttendanceMarked(
            attendance="late", previous="attended", marked_at=moment(NEXT_DAY), reason=because().ref
        )
    ]


# What becomes of the units


@pytest.mark.covers("S57", "S92")
@pytest.mark.parametrize("deduct", DEDUCTS)
@pytest.mark.parametrize("terms", [FORFEIT, RESTORE])
@pytest.mark.parametrize("first", MARKS)
@pytest.mark.parametrize("second", MARKS)
@pytest.mark.parametrize("third", MARKS)
def test_units_are_where_the_last_mark_puts_them(
    deduct: Deduct, terms: Any, first: str, second: str, third: str
) -> None:
    """Whatever was marked before: as if only the last mark had been made."""
    outcome = marked(first, second, third, deduct=deduct, terms=terms, quantity=2)
    only = marked(third, deduct=deduct, terms=terms, quantity=2)
    assert stamps(outcome.package) == stamps(only.package)
    assert outcome.booking.sources == only.booking.sources
    assert outcome.booking.refund_due == only.booking.refund_due
    assert [each.outcome for each in outcome.booking.outcomes] == [
        each.outcome for each in only.booking.outcomes
    ]


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_forfeited_units_are_used_after_all_from_now_on(deduct: Deduct) -> None:
    outcome = marked("no_show", deduct=deduct, quantity=2, staff_id="stf_bob").and_when(
        attend(reason=because()), NEXT_DAY
    )
    assert outcome.facts == {
        "pkg_1": [
            UnitsRestored(
                effective_at=moment(NEXT_DAY),
                redemption_id="red_1",
                allocation=1,
                line=1,
                units=(2, 1),
                value=2_000,
                remaining=10,
                usable=2,
                forfeiture="bkg_1",
                reason=because().ref,
            ),
            UnitsRedeemed(
                effective_at=moment(NEXT_DAY),
                redemption_id="red_1",
                allocation=1,
                quantity=2,
                line=1,
                units=(1, 2),
                value=2_000,
                remaining=8,
                service_id="svc_massage",
                participant_id="par_ada",
                staff_id="stf_bob",
                booking_id="bkg_1",
                session_at=moment(START),
            ),
        ]
    }


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_a_use_after_all_is_restored_by_hand_like_any_other(deduct: Deduct) -> None:
    outcome = marked("no_show", "attended", deduct=deduct, quantity=2)
    back = outcome.and_when(RestoreUnits(redemption_id="red_1"), AFTER)
    assert stamps(back.package) == {"available": 10}


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_what_was_given_back_is_taken_again_where_it_is_still_there(deduct: Deduct) -> None:
    missed = marked("no_show", deduct=deduct, terms=RESTORE, quantity=2)
    one_left = missed.and_when(CorrectLine(package_id="pkg_1", line=1, change=-9), AFTER)
    outcome = one_left.and_when(attend(), AFTER)
    assert stamps(outcome.package) == {"available": 1, "corrected": 9}
    assert (outcome.booking.sources, outcome.booking.redemption_id) == ((), None)
    assert outcome.told()["bkg_1"] == ["booking.sources_changed", "booking.attendance_marked"]
    two_left = missed.and_when(CorrectLine(package_id="pkg_1", line=1, change=-8), AFTER)
    assert stamps(two_left.and_when(attend(), AFTER).package) == {"used": 2, "corrected": 8}


def test_a_forfeiture_that_was_given_back_by_hand_is_taken_again() -> None:
    missed = marked("no_show", quantity=2)
    by_hand = RestoreUnits(redemption_id="red_1", quantity=1, reason=because())
    outcome = missed.and_when(by_hand, AFTER).and_when(attend(), AFTER)
    assert stamps(outcome.package) == {"available": 8, "used": 2}
    uses = [fact.allocation for fact in outcome.facts["pkg_1"] if isinstance(fact, UnitsRedeemed)]
    assert uses == [1, 2]


def test_each_package_gives_what_it_forfeited_or_gave_back() -> None:
    world = given(
        pkg_1=[sold(units=2, expires_on="2026-10-31", cancellation=FORFEIT)],
        pkg_2=[sold(units=2, cancellation=RESTORE)],
    ).under(deduct="at_attendance")
    missed = world.when(book(quantity=3)).and_when(attend("no_show"), AFTER)
    assert [stamps(missed.world.states[id]) for id in ("pkg_1", "pkg_2")] == [
        {"forfeited": 2},
        {"available": 2},
    ]
    outcome = missed.and_when(attend(), AFTER)
    uses = [fact for facts in outcome.facts.values() for fact in facts if isinstance(fact, UnitsRedeemed)]
    assert [(use.allocation, use.units, use.quantity) for use in uses] == [(1, (1, 2), 3), (2, (1,), 3)]


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_what_a_cancelled_package_forfeited_stays_forfeited_and_pays_all_the_same(deduct: Deduct) -> None:
    cancel = CancelPackage(package_id="pkg_1", reason=because())
    outcome = marked("no_show", deduct=deduct).and_when(cancel, AFTER).and_when(attend(), AFTER)
    assert outcome.told() == {"bkg_1": ["booking.attendance_marked"]}
    assert stamps(outcome.package) == {"forfeited": 1, "lapsed": 9}
    assert len(outcome.booking.sources) == 1
    assert outcome.and_when(attend("no_show"), AFTER).told() == {"bkg_1": ["booking.attendance_marked"]}


def test_a_session_within_validity_is_used_after_all_though_the_package_has_expired_since() -> None:
    missed = booked("at_booking", sold(expires_on="2026-10-07", cancellation=FORFEIT)).and_when(
        attend("no_show"), AFTER
    )
    assert stamps(missed.and_when(attend(), "2026-10-20 09:00").package) == {"available": 9, "used": 1}


def test_a_completed_booking_stays_completed_whatever_corrects_its_mark() -> None:
    done = marked("attended").and_when(CompleteBooking(booking_id="bkg_1"), AFTER)
    for attendance in ("late", "no_show", "attended"):
        done = done.and_when(attend(attendance), AFTER)
        assert (done.booking.status, done.booking.attendance) == ("completed", attendance)


def test_units_that_are_taken_again_are_not_taken_from_others() -> None:
    world = salon("at_booking", sold(units=1, cancellation=RESTORE))
    missed = world.when(book()).and_when(attend("no_show"), AFTER)
    use = RedeemUnits(package_id="pkg_1", redemption_id="red_9", service_id="svc_massage")
    outcome = missed.and_when(use, AFTER).and_when(attend(), AFTER)
    assert stamps(outcome.package) == {"used": 1}
    assert outcome.booking.sources == ()
