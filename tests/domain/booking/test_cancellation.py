"""What becomes of a booking: attended, missed, completed, cancelled; and what becomes of its units then."""

from datetime import timedelta

import pytest

from domain.actor import Role
from domain.booking.commands import CancelBooking, CompleteBooking, ConfirmBooking
from domain.booking.facts import AttendanceMarked, BookingCancelled, BookingCompleted, BookingOutcome
from domain.business.facts import Deduct
from domain.package.commands import CancelPackage, ReinstatePackage, RestoreUnits
from domain.package.fact_parts import FreedUse
from domain.package.facts import HoldReleased, UnitsForfeited, UnitsRedeemed
from domain.refusals import EffectiveAtOutOfRange, Forbidden, Invalid, PackageHasExpired, WrongBookingState
from domain.values import CancellationTerms, Value
from tests.domain.appointments import (
    DEDUCTS,
    FORFEIT,
    IN_TIME,
    LATE,
    RESTORE,
    START,
    attend,
    book,
    booked,
    call_off,
    reschedule,
    salon,
    stamps,
)
from tests.domain.given import Outcome, given
from tests.domain.words import (
    NOW,
    because,
    cancelled,
    corrected,
    day,
    froze,
    moment,
    of_line,
    restored,
    sold,
    used,
)

CONFIRM = ConfirmBooking(booking_id="bkg_1")
COMPLETE = CompleteBooking(booking_id="bkg_1")
AFTER = "2026-10-07 10:15"


def outcome_of(
    what: str,
    *,
    in_time: bool = False,
    package: str = "pkg_1",
    units: int = 1,
    terms: CancellationTerms = FORFEIT,
    overridden: bool = False,
) -> BookingOutcome:
    return BookingOutcome.model_validate(
        {
            "package_id": package,
            "line": 1,
            "quantity": units,
            "terms": terms,
            "free_until": moment(START) - timedelta(hours=terms.notice_hours),
            "in_time": in_time,
            "outcome": what,
            "overridden": overridden,
        }
    )


def outcomes(outcome: Outcome) -> dict[str, str]:
    """What became of the units, by package."""
    (fact,) = outcome.booked["bkg_1"]
    assert isinstance(fact, BookingCancelled | AttendanceMarked)
    return {each.package_id: each.outcome for each in fact.outcomes}


# Attended


@pytest.mark.covers("S57", "S59")
def test_attendance_uses_what_was_held_at_the_start_even_if_marked_later() -> None:
    outcome = booked("at_attendance", quantity=2).and_when(attend("late"), "2026-10-09 18:00", who="stf_bob")
    assert outcome.facts == {
        "pkg_1": [
            HoldReleased(
                effective_at=moment(START),
                booking_id="bkg_1",
                line=1,
                quantity=2,
                held=0,
                remaining=10,
                why="attended",
            ),
            UnitsRedeemed(
                effective_at=moment(START),
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
    assert outcome.booked == {
        "bkg_1": [AttendanceMarked(attendance="late", marked_at=moment("2026-10-09 18:00"))]
    }
    assert outcome.booking.status == "confirmed"


def test_a_use_is_by_whom_it_was_booked_with_and_where() -> None:
    outcome = booked("at_attendance", staff_id="stf_bob", location_id="loc_1").and_when(attend(), AFTER)
    _, use = outcome.facts["pkg_1"]
    assert isinstance(use, UnitsRedeemed)
    assert (use.staff_id, use.location_id) == ("stf_bob", "loc_1")


def test_who_comes_early_uses_units_early() -> None:
    outcome = booked("at_attendance").and_when(attend(), "2026-10-07 08:50")
    assert {fact.effective_at for fact in outcome.facts["pkg_1"]} == {moment("2026-10-07 08:50")}


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_a_session_that_is_entered_afterwards_counts_from_its_start(deduct: Deduct) -> None:
    made = booked(deduct, start="2026-10-03 08:00")
    assert {fact.effective_at for fact in made.facts["pkg_1"]} == {moment("2026-10-03 08:00")}
    marked = made.and_when(attend(), "2026-10-03 12:30")
    assert {fact.effective_at for fact in marked.facts.get("pkg_1", ())} <= {moment("2026-10-03 08:00")}
    assert stamps(marked.package) == {"available": 9, "used": 1}


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_who_buys_after_a_session_may_pay_for_it_on_the_day_itself(deduct: Deduct) -> None:
    bought = sold(at="2026-10-03 09:00")
    made = booked(deduct, bought, start="2026-10-03 08:00")
    assert {fact.effective_at for fact in made.facts["pkg_1"]} == {moment(NOW)}
    marked = made.and_when(attend(), "2026-10-03 12:30")
    assert {fact.effective_at for fact in marked.facts.get("pkg_1", ())} <= {moment(NOW)}
    salon(deduct, bought).when(book("2026-10-02 08:00", package_id="pkg_1")).refused_naming(
        EffectiveAtOutOfRange
    )


def test_a_session_is_paid_with_what_was_valid_then() -> None:
    """The package has ended since; who enters the past means the past."""
    world = salon("at_booking", sold(at="2026-09-01 09:00", expires_on="2026-09-30"))
    assert world.when(book("2026-09-30 08:00", package_id="pkg_1")).told()["pkg_1"] == ["package.redeemed"]
    world.when(book("2026-10-01 08:00", package_id="pkg_1")).refused_naming(PackageHasExpired)


def test_what_was_used_when_booked_is_not_used_again() -> None:
    outcome = booked().and_when(attend(), AFTER)
    assert outcome.told() == {"bkg_1": ["booking.attendance_marked"]}
    outcome.and_when(attend(), AFTER).then_nothing()


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_attended_and_late_can_be_marked_again(deduct: Deduct) -> None:
    outcome = booked(deduct).and_when(attend(), AFTER).and_when(attend("late"), AFTER)
    assert outcome.told() == {"bkg_1": ["booking.attendance_marked"]}
    assert (outcome.booking.attendance, stamps(outcome.package)) == ("late", {"available": 9, "used": 1})


def test_several_packages_are_one_redemption() -> None:
    world = given(pkg_1=[sold(units=2)], pkg_2=[sold(units=2)]).under(deduct="at_attendance")
    outcome = world.when(book(quantity=3)).and_when(attend(), AFTER)
    uses = [fact for facts in outcome.facts.values() for fact in facts if isinstance(fact, UnitsRedeemed)]
    assert [(use.redemption_id, use.allocation, use.quantity, use.units) for use in uses] == [
        ("red_1", 1, 3, (1, 2)),
        ("red_1", 2, 3, (1,)),
    ]


# Missed


@pytest.mark.covers("S92")
def test_a_no_show_forfeits_what_was_held_where_the_terms_say_so() -> None:
    outcome = booked("at_attendance", quantity=2).and_when(attend("no_show"), AFTER)
    assert outcome.facts == {
        "pkg_1": [
            HoldReleased(
                effective_at=moment(AFTER),
                booking_id="bkg_1",
                line=1,
                quantity=2,
                held=0,
                remaining=10,
                why="no_show",
            ),
            UnitsForfeited(
                effective_at=moment(AFTER),
                booking_id="bkg_1",
                line=1,
                units=(1, 2),
                value=2_000,
                remaining=8,
                service_id="svc_massage",
                participant_id="par_ada",
                session_at=moment(START),
                redemption_id="red_1",
                allocation=1,
                terms=FORFEIT,
            ),
        ]
    }
    assert outcome.booked == {
        "bkg_1": [
            AttendanceMarked(
                attendance="no_show",
                marked_at=moment(AFTER),
                outcomes=(outcome_of("forfeited", units=2),),
                refund_due=True,
            )
        ]
    }


@pytest.mark.covers("S92")
def test_what_was_used_when_booked_is_given_back_and_forfeited() -> None:
    outcome = booked(quantity=2).and_when(attend("no_show"), AFTER)
    assert outcome.facts["pkg_1"] == [
        restored(2, 1, remaining=10, at=AFTER),
        UnitsForfeited(
            effective_at=moment(AFTER),
            booking_id="bkg_1",
            line=1,
            units=(1, 2),
            value=2_000,
            remaining=8,
            service_id="svc_massage",
            participant_id="par_ada",
            session_at=moment(START),
            redemption_id="red_1",
            allocation=1,
            terms=FORFEIT,
        ),
    ]
    assert stamps(outcome.package) == {"available": 8, "forfeited": 2}


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_a_no_show_goes_back_where_the_terms_say_so(deduct: Deduct) -> None:
    outcome = booked(deduct, terms=RESTORE).and_when(attend("no_show"), AFTER)
    assert (outcomes(outcome), stamps(outcome.package)) == ({"pkg_1": "restored"}, {"available": 10})


def test_nobody_is_a_no_show_before_the_start() -> None:
    refusal = booked().and_when(attend("no_show"), "2026-10-07 08:59").refusal
    assert isinstance(refusal, Invalid)
    assert refusal.pointer == "/attendance"
    assert booked().and_when(attend("no_show"), START).told()


# Completed


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_completing_what_was_not_marked_marks_it_attended(deduct: Deduct) -> None:
    outcome = booked(deduct).and_when(CONFIRM).and_when(COMPLETE, AFTER)
    assert outcome.booked["bkg_1"] == [
        AttendanceMarked(attendance="attended", marked_at=moment(AFTER)),
        BookingCompleted(),
    ]
    assert stamps(outcome.package) == {"available": 9, "used": 1}
    for command in (CONFIRM, COMPLETE, call_off(), reschedule("2026-10-09 10:00")):
        outcome.and_when(command, AFTER).refused_naming(WrongBookingState, booking_status="completed")


@pytest.mark.parametrize("attendance", ["late", "no_show"])
def test_completing_what_was_marked_leaves_it_marked(attendance: str) -> None:
    outcome = booked("at_attendance").and_when(CONFIRM).and_when(attend(attendance), AFTER)
    completed = outcome.and_when(COMPLETE, AFTER)
    assert completed.told() == ({} if attendance == "no_show" else {"bkg_1": ["booking.completed"]})
    outcome = completed
    assert (outcome.booking.status, outcome.booking.attendance) == ("completed", attendance)


def test_only_a_confirmed_booking_is_completed() -> None:
    booked().and_when(COMPLETE, AFTER).refused(
        WrongBookingState, booking_status="pending", wanted="completed"
    )


def test_attendance_confirms_and_a_no_show_completes() -> None:
    assert booked().and_when(attend(), AFTER).booking.status == "confirmed"
    missed = booked().and_when(attend("no_show"), AFTER)
    assert missed.booking.status == "completed"
    missed.and_when(CONFIRM, AFTER).refused_naming(WrongBookingState)


@pytest.mark.parametrize("command", [call_off(), reschedule("2026-10-09 10:00")])
def test_customers_change_nothing_once_it_has_begun(command: Value) -> None:
    booked().and_when(command, START, Role.CUSTOMER, "cus_1").refused(
        WrongBookingState,
        booking_status="begun",
        wanted="cancelled" if command == call_off() else "rescheduled",
    )
    assert booked().and_when(command, START).told(), "the desk may"


# Cancelled in time


@pytest.mark.covers("S91")
def test_in_time_what_was_used_goes_back_by_itself() -> None:
    outcome = booked(quantity=2).and_when(call_off(), IN_TIME, Role.CUSTOMER, "cus_1")
    assert outcome.facts == {"pkg_1": [restored(2, 1, remaining=10, at=IN_TIME)]}
    assert outcome.booked == {
        "bkg_1": [
            BookingCancelled(
                by="customer",
                in_time=True,
                free_until=moment(IN_TIME),
                notice_minutes=24 * 60,
                policy_version=0,
                outcomes=(outcome_of("restored", in_time=True, units=2),),
                refund_due=True,
            )
        ]
    }
    assert outcome.booking.status == "cancelled"


@pytest.mark.covers("S91")
def test_in_time_what_was_held_is_released() -> None:
    outcome = booked("at_attendance", quantity=2).and_when(call_off(), IN_TIME)
    assert outcome.facts == {
        "pkg_1": [
            HoldReleased(
                effective_at=moment(IN_TIME),
                booking_id="bkg_1",
                line=1,
                quantity=2,
                held=0,
                remaining=10,
                why="cancelled",
            )
        ]
    }
    assert stamps(outcome.package) == {"available": 10}


def test_a_cancelled_booking_takes_nothing_more() -> None:
    outcome = booked("at_attendance").and_when(call_off(), IN_TIME)
    for command in (CONFIRM, COMPLETE, attend(), attend("no_show"), call_off(), reschedule(START)):
        outcome.and_when(command, AFTER).refused_naming(WrongBookingState, booking_status="cancelled")


def test_who_attended_or_was_missed_cannot_cancel() -> None:
    for attendance in ("attended", "late", "no_show"):
        outcome = booked().and_when(attend(attendance), AFTER)
        outcome.and_when(call_off(), AFTER).refused(
            WrongBookingState, booking_status=attendance, wanted="cancelled"
        )


# Cancelled late


@pytest.mark.covers("S92")
@pytest.mark.parametrize("deduct", DEDUCTS)
def test_late_the_terms_decide(deduct: Deduct) -> None:
    outcome = booked(deduct).and_when(call_off(), LATE)
    assert stamps(outcome.package) == {"available": 9, "forfeited": 1}
    (fact,) = outcome.booked["bkg_1"]
    assert isinstance(fact, BookingCancelled)
    assert (fact.in_time, fact.notice_minutes, fact.outcomes) == (
        False,
        24 * 60 - 1,
        (outcome_of("forfeited"),),
    )
    outcome = booked(deduct, terms=RESTORE).and_when(call_off(), LATE)
    assert (outcomes(outcome), stamps(outcome.package)) == ({"pkg_1": "restored"}, {"available": 10})


def test_notice_is_below_zero_after_the_start() -> None:
    (fact,) = booked().and_when(call_off(), "2026-10-07 09:10").booked["bkg_1"]
    assert isinstance(fact, BookingCancelled)
    assert fact.notice_minutes == -10


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_the_terms_are_those_of_the_package_when_it_was_booked(deduct: Deduct) -> None:
    """Whatever the business agrees with others later."""
    outcome = booked(deduct)
    later = outcome.world.under(deduct="at_booking", cancellation=RESTORE)
    assert stamps(later.when(call_off(), LATE).package) == {"available": 9, "forfeited": 1}


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_each_package_follows_its_own_terms(deduct: Deduct) -> None:
    strict = CancellationTerms(notice_hours=48, late="forfeit")
    world = given(
        pkg_1=[sold(units=1, cancellation=strict)],
        pkg_2=[sold(units=1, cancellation=FORFEIT)],
        pkg_3=[sold(units=1, cancellation=RESTORE)],
    ).under(deduct=deduct)
    made = world.when(book(quantity=3))
    early = made.and_when(call_off(), "2026-10-05 09:01")
    assert outcomes(early) == {"pkg_1": "forfeited", "pkg_2": "restored", "pkg_3": "restored"}
    (fact,) = early.booked["bkg_1"]
    assert isinstance(fact, BookingCancelled)
    assert (fact.in_time, fact.free_until) == (False, moment("2026-10-05 09:00"))
    late = made.and_when(call_off(), LATE)
    assert outcomes(late) == {"pkg_1": "forfeited", "pkg_2": "forfeited", "pkg_3": "restored"}
    assert stamps(late.world.states["pkg_2"]) == {"forfeited": 1}
    override = made.and_when(call_off(override="forfeit"), "2026-10-05 09:01")
    assert outcomes(override) == outcomes(early), "what is in time goes back whatever anybody says"


@pytest.mark.covers("S92")
@pytest.mark.parametrize("deduct", DEDUCTS)
def test_staff_may_decide_otherwise_and_say_why(deduct: Deduct) -> None:
    outcome = booked(deduct).and_when(call_off(override="restore"), LATE, Role.STAFF)
    (fact,) = outcome.booked["bkg_1"]
    assert isinstance(fact, BookingCancelled)
    assert fact.outcomes == (outcome_of("restored", overridden=True),)
    assert fact.reason == because().ref
    assert stamps(outcome.package) == {"available": 10}
    outcome = booked(deduct, terms=RESTORE).and_when(call_off(override="forfeit"), LATE)
    (fact,) = outcome.booked["bkg_1"]
    assert isinstance(fact, BookingCancelled)
    assert fact.outcomes == (outcome_of("forfeited", terms=RESTORE, overridden=True),)
    assert stamps(outcome.package) == {"available": 9, "forfeited": 1}


def test_to_decide_as_the_terms_do_is_no_override() -> None:
    (fact,) = booked().and_when(call_off(override="forfeit"), LATE).booked["bkg_1"]
    assert isinstance(fact, BookingCancelled)
    assert fact.outcomes == (outcome_of("forfeited"),)


@pytest.mark.parametrize(
    ("command", "at", "pointer"),
    [
        (call_off(override="restore", reason=False), LATE, "/reason"),
        (call_off("business", override="forfeit"), LATE, "/override"),
        (call_off("business", override="restore"), LATE, "/override"),
        (call_off(override="forfeit"), IN_TIME, "/override"),
    ],
)
def test_an_override_without_reason_or_place_is_refused(
    command: CancelBooking, at: str, pointer: str
) -> None:
    refusal = booked().and_when(command, at).refusal
    assert isinstance(refusal, Invalid)
    assert refusal.pointer == pointer


def test_nothing_can_be_forfeited_of_a_booking_without_units() -> None:
    outcome = given().under(cancellation=FORFEIT).when(book())
    refusal = outcome.and_when(call_off(override="forfeit"), LATE).refusal
    assert isinstance(refusal, Invalid)
    (fact,) = outcome.and_when(call_off(), LATE).booked["bkg_1"]
    assert isinstance(fact, BookingCancelled)
    assert (fact.in_time, fact.outcomes) == (False, ())


@pytest.mark.parametrize("command", [call_off(override="restore"), call_off("business")])
def test_customers_cancel_for_themselves_by_the_terms(command: CancelBooking) -> None:
    outcome = booked().and_when(command, LATE, Role.CUSTOMER, "cus_1")
    outcome.refused_naming(Forbidden)


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_what_the_business_cancels_goes_back(deduct: Deduct) -> None:
    outcome = booked(deduct).and_when(call_off("business"), LATE)
    (fact,) = outcome.booked["bkg_1"]
    assert isinstance(fact, BookingCancelled)
    assert (fact.by, fact.in_time, fact.outcomes) == ("business", False, (outcome_of("restored"),))
    assert stamps(outcome.package) == {"available": 10}


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_a_booking_moved_inside_the_notice_period_is_cancelled_late(deduct: Deduct) -> None:
    outcome = booked(deduct).and_when(reschedule("2026-11-20 09:00"), LATE)
    assert outcomes(outcome.and_when(call_off(), LATE)) == {"pkg_1": "forfeited"}


# When the package changed meanwhile


def test_units_given_back_by_hand_are_not_given_back_again() -> None:
    outcome = booked(quantity=2)
    whole = outcome.and_when(RestoreUnits(redemption_id="red_1"))
    for at in (IN_TIME, LATE):
        off = whole.and_when(call_off(), at)
        assert (off.told(), outcomes(off)) == ({"bkg_1": ["booking.cancelled"]}, {"pkg_1": "none"})
    part = outcome.and_when(RestoreUnits(redemption_id="red_1", quantity=1)).and_when(call_off(), LATE)
    assert stamps(part.package) == {"available": 9, "forfeited": 1}


def test_a_correction_that_freed_the_use_left_nothing_to_forfeit() -> None:
    freed = corrected(1, remaining=10, freed=(FreedUse(redemption_id="red_1", allocation=1, units=(1,)),))
    world = booked().world.with_facts({"pkg_1": [freed]})
    assert outcomes(world.when(call_off(), LATE)) == {"pkg_1": "none"}


def test_what_was_used_of_a_cancelled_package_goes_back_to_it_lapsed_or_stays_used() -> None:
    ended = booked().world.with_facts({"pkg_1": [cancelled(of_line(1, *range(2, 11)))]})
    back = ended.when(call_off(), IN_TIME)
    assert back.facts["pkg_1"] == [restored(1, remaining=0, usable=0, lapsed=True, at=IN_TIME)]
    off = ended.when(call_off(), LATE)
    assert (off.facts, outcomes(off)) == ({}, {"pkg_1": "forfeited"})
    assert stamps(off.package) == {"used": 1, "lapsed": 9}


def test_what_was_held_by_a_cancelled_package_is_not_there_any_more() -> None:
    end = CancelPackage(package_id="pkg_1", reason=because(), release_holds=True)
    ended = booked("at_attendance").and_when(end)
    assert outcomes(ended.and_when(call_off(), LATE)) == {"pkg_1": "none"}
    assert outcomes(ended.and_when(attend("no_show"), AFTER)) == {"pkg_1": "none"}
    assert ended.and_when(attend(), AFTER).told() == {"bkg_1": ["booking.attendance_marked"]}
    revived = ended.and_when(
        ReinstatePackage(package_id="pkg_1", expires_on=day("2027-01-01"), reason=because())
    )
    assert stamps(revived.package) == {"available": 10}, "released holds do not come back"
    assert revived.and_when(attend(), AFTER).told() == {"bkg_1": ["booking.attendance_marked"]}


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_an_expired_package_takes_back_and_forfeits_like_any_other(deduct: Deduct) -> None:
    outcome = booked(deduct, sold(expires_on="2026-10-07", cancellation=FORFEIT))
    missed = outcome.and_when(attend("no_show"), "2026-10-09 10:00")
    assert stamps(missed.package) == {"available": 9, "forfeited": 1}
    attended = outcome.and_when(attend(), "2026-10-09 10:00")
    assert stamps(attended.package) == {"available": 9, "used": 1}, "it was valid at the start"


def test_a_freeze_does_not_keep_from_attending_what_was_held() -> None:
    frozen = booked("at_attendance").world.with_facts({"pkg_1": [froze("2026-10-08")]})
    outcome = frozen.when(attend(), "2026-10-09 10:00")
    assert outcome.told()["pkg_1"] == [
        "package.unfrozen",
        "package.hold_released",
        "package.redeemed",
    ]
    released = frozen.when(call_off("business"), "2026-10-09 10:00")
    assert released.told()["pkg_1"] == ["package.unfrozen", "package.hold_released"]


def test_forfeiting_takes_the_lowest_units_that_are_left() -> None:
    outcome = booked("at_attendance").world.with_facts(
        {"pkg_1": [used(1, 2, remaining=8, redemption="red_2")]}
    )
    off = outcome.when(call_off(), LATE)
    assert stamps(off.package) == {"available": 7, "used": 2, "forfeited": 1}
    assert off.package.lines[0].states[:3] == b"uuf"
