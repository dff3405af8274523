"""What is held for bookings is nobody else's: what everything else on a package makes of it."""

import pytest

from domain.actor import Role
from domain.business.facts import Deduct
from domain.calendar_rules import ExpiryAfterFirstUse
from domain.package.commands import (
    AddNote,
    AdjustPrice,
    CancelPackage,
    CorrectLine,
    SetExpiry,
    UnfreezePackage,
    VoidPackage,
)
from domain.package.payment import refund_quote
from domain.refusals import HoldsOutstanding, InsufficientUnits, Invalid, NotEligible, PackageHasExpired
from tests.domain.appointments import (
    DEDUCTS,
    FORFEIT,
    IN_TIME,
    LATE,
    another,
    attend,
    book,
    booked,
    call_off,
    reschedule,
    salon,
    stamps,
)
from tests.domain.books import lowest_from, remainders
from tests.domain.given import given
from tests.domain.words import (
    FACIAL,
    MASSAGE,
    NOW,
    because,
    day,
    euros,
    froze,
    line,
    moment,
    paid,
    redeem,
    redeem_any,
    sold,
    used,
)

AFTER = "2026-10-07 10:15"


def correct(change: int) -> CorrectLine:
    return CorrectLine(package_id="pkg_1", line=1, change=change)


def cancel_package(*, release: bool = False) -> CancelPackage:
    return CancelPackage(package_id="pkg_1", reason=because(), release_holds=release)


def void(*, release: bool = False) -> VoidPackage:
    return VoidPackage(package_id="pkg_1", reason=because(), release_holds=release)


# Uses and corrections


def test_what_is_held_cannot_be_used() -> None:
    outcome = booked("at_attendance", sold(units=3, cancellation=FORFEIT), quantity=2)
    outcome.and_when(redeem(2)).refused(InsufficientUnits, requested=2, available=1, remaining=3)
    outcome.and_when(redeem_any(2)).refused(InsufficientUnits, requested=2, available=1, remaining=3)
    outcome = outcome.and_when(redeem(1))
    assert stamps(outcome.package) == {"held": 2, "used": 1}
    outcome.and_when(redeem(1, redemption="red_more")).refused_naming(InsufficientUnits, available=0)
    assert outcome.package.status(moment(NOW)) == "active", "what is held remains"


def test_what_is_held_cannot_be_taken_by_a_correction() -> None:
    outcome = booked("at_attendance", sold(units=3, cancellation=FORFEIT), quantity=2)
    outcome.and_when(correct(-2)).refused(InsufficientUnits, requested=2, available=1, remaining=3)
    outcome = outcome.and_when(correct(-1))
    assert stamps(outcome.package) == {"held": 2, "corrected": 1}
    assert stamps(outcome.and_when(attend(), AFTER).package) == {"used": 2, "corrected": 1}


def test_a_full_package_is_passed_over_for_one_with_free_units() -> None:
    world = given(pkg_1=[sold(units=1, expires_on="2026-10-31")], pkg_2=[sold(units=1)]).under(
        deduct="at_attendance"
    )
    outcome = world.when(book()).and_when(another())
    assert {id: list(package.holds) for id, package in outcome.world.states.items()} == {
        "pkg_1": ["bkg_1"],
        "pkg_2": ["bkg_2"],
    }


def test_a_package_is_fully_used_once_what_it_held_is_used_or_forfeited() -> None:
    outcome = booked("at_attendance", sold(units=1, cancellation=FORFEIT))
    for command in (attend(), attend("no_show"), call_off()):
        assert outcome.and_when(command, AFTER).package.status(moment(AFTER)) == "fully_used"


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_the_cap_counts_what_is_used_held_and_forfeited(deduct: Deduct) -> None:
    shared = sold(sharing="household", cap_per_participant=2, cancellation=FORFEIT)
    outcome = booked(deduct, shared)
    outcome.and_when(redeem(2)).refused_naming(NotEligible, limit=2)
    for after in (outcome, outcome.and_when(attend("no_show"), AFTER), outcome.and_when(call_off(), LATE)):
        full = after.and_when(redeem(1, redemption="red_2"), AFTER)
        assert full.refusal is None
        full.and_when(redeem(1, redemption="red_3"), AFTER).refused_naming(NotEligible, limit=2)
        assert full.and_when(redeem(2, redemption="red_3", participant_id="par_max"), AFTER).told()
    free = outcome.and_when(call_off(), IN_TIME)
    assert free.and_when(redeem(2, redemption="red_2"), IN_TIME).told(), "what went back counts no more"


def test_a_use_entered_afterwards_leaves_what_was_held_then() -> None:
    """A unit freed since then is no help to a use at a time when all that was left was held."""
    outcome = (
        booked("at_attendance", sold(units=2, at="2026-10-01 09:00"))
        .and_when(redeem(1), "2026-10-04 09:00")
        .and_when(correct(1), "2026-10-05 09:00")
    )
    backdated = redeem(1, redemption="red_late", effective_at=moment("2026-10-04 12:00"))
    outcome.and_when(backdated, "2026-10-06 09:00").refused(
        InsufficientUnits, requested=1, available=1, remaining=2, lowest=0
    )
    since = redeem(1, redemption="red_late", effective_at=moment("2026-10-05 12:00"))
    after = outcome.and_when(since, "2026-10-06 09:00").and_when(attend(), "2026-10-09 09:00")
    facts = after.world.packages["pkg_1"]
    assert min(left for _, left in remainders(facts, 1)) >= 0
    assert lowest_from(facts, 1, moment("2026-10-03 09:00")) == 0


# How long it lasts


def test_the_expiry_cannot_move_before_a_booking_that_holds() -> None:
    outcome = booked("at_attendance").and_when(another("2026-10-20 09:00"))
    refusal = outcome.and_when(SetExpiry(package_id="pkg_1", expires_on=day("2026-10-19"))).refusal
    assert isinstance(refusal, Invalid)
    assert (refusal.pointer, refusal.problem) == ("/expires_on", "before-held-booking")
    assert "2026-10-20" in str(refusal)
    assert outcome.and_when(SetExpiry(package_id="pkg_1", expires_on=day("2026-10-20"))).told()
    released = outcome.and_when(call_off("business"))
    assert released.and_when(SetExpiry(package_id="pkg_1", expires_on=None)).then_nothing()
    still = released.and_when(SetExpiry(package_id="pkg_1", expires_on=day("2026-10-19"))).refusal
    assert isinstance(still, Invalid), "the other booking still holds"


def test_the_day_of_a_held_booking_is_that_of_the_package_not_of_utc() -> None:
    outcome = booked("at_attendance", start="2026-10-08 00:30")
    assert outcome.and_when(SetExpiry(package_id="pkg_1", expires_on=day("2026-10-08"))).told()
    refusal = outcome.and_when(SetExpiry(package_id="pkg_1", expires_on=day("2026-10-07"))).refusal
    assert isinstance(refusal, Invalid)


def test_what_was_used_when_booked_does_not_keep_the_expiry() -> None:
    assert booked().and_when(SetExpiry(package_id="pkg_1", expires_on=day("2026-10-04"))).told()


def test_a_freeze_and_a_note_leave_holds_alone() -> None:
    outcome = booked("at_attendance").world.with_facts({"pkg_1": [froze("2026-10-20")]})
    assert stamps(outcome.when(UnfreezePackage(package_id="pkg_1")).package) == {"available": 9, "held": 1}
    noted = booked("at_attendance").and_when(AddNote(package_id="pkg_1", note=because()))
    assert stamps(noted.package) == {"available": 9, "held": 1}


def test_a_first_use_may_end_the_package_before_a_booking_that_holds() -> None:
    """It was valid when it was booked, and what was promised is kept."""
    waits = sold(validity=ExpiryAfterFirstUse(count=10, unit="days"), cancellation=FORFEIT)
    outcome = booked("at_attendance", waits, start="2026-12-01 09:00").and_when(redeem())
    assert outcome.package.expires_on == day("2026-10-13")
    attended = outcome.and_when(attend(), "2026-12-01 10:00")
    assert stamps(attended.package) == {"available": 8, "used": 2}
    outcome.and_when(reschedule("2026-12-02 09:00")).refused(PackageHasExpired, expires_on=day("2026-10-13"))


# The end


@pytest.mark.parametrize("command", [cancel_package(), void()])
def test_a_package_that_holds_units_does_not_end_by_oversight(command: CancelPackage | VoidPackage) -> None:
    outcome = booked("at_attendance", sold(at=NOW)).and_when(another())
    outcome.and_when(command).refused(HoldsOutstanding, bookings=("bkg_1", "bkg_2"))


@pytest.mark.parametrize(
    ("command", "end"), [(cancel_package(release=True), "cancelled"), (void(release=True), "voided")]
)
def test_its_holds_may_be_released_in_the_same_command(
    command: CancelPackage | VoidPackage, end: str
) -> None:
    facts = (sold(at=NOW), paid(500, total=500))
    outcome = booked("at_attendance", *facts, quantity=2).and_when(another())
    outcome = outcome.and_when(command)
    told = outcome.told()["pkg_1"]
    assert [name for name in told if name != "package.payment_refunded"] == [
        "package.hold_released",
        "package.hold_released",
        f"package.{end}",
    ]
    assert stamps(outcome.package) == {"lapsed": 10}
    assert outcome.package.holds == {}
    assert outcome.booking.status == "pending", "the appointment itself stays"


def test_a_forfeited_unit_keeps_a_sale_from_being_undone() -> None:
    outcome = booked("at_attendance", sold(at=NOW, cancellation=FORFEIT), start="2026-10-03 13:00")
    missed = outcome.and_when(attend("no_show"), "2026-10-03 13:10")
    missed.and_when(void(), "2026-10-03 13:20").refused_naming(NotEligible)


def test_without_holds_the_end_needs_no_leave() -> None:
    assert booked().and_when(cancel_package()).told()["pkg_1"] == ["package.cancelled"]


# Money


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_a_forfeited_unit_is_not_refunded_and_a_held_one_is(deduct: Deduct) -> None:
    outcome = booked(deduct, sold(cancellation=FORFEIT), paid(10_000, total=10_000), quantity=2)
    held = refund_quote(outcome.package)
    assert held.quote == (10_000 if deduct == "at_attendance" else 8_000)
    forfeited = refund_quote(outcome.and_when(call_off(), LATE).package)
    assert (forfeited.used_value, forfeited.quote) == (2_000, 8_000)


def test_a_new_price_counts_held_units_among_the_unused_and_forfeited_ones_not() -> None:
    outcome = booked("at_attendance", quantity=2)
    lower = outcome.and_when(AdjustPrice(package_id="pkg_1", price=euros(0), reason=because()))
    assert sum(lower.package.lines[0].values) == 0
    forfeited = outcome.and_when(call_off(), LATE)
    refusal = forfeited.and_when(
        AdjustPrice(package_id="pkg_1", price=euros(1_999), reason=because()), LATE
    ).refusal
    assert isinstance(refusal, Invalid)
    exact = forfeited.and_when(AdjustPrice(package_id="pkg_1", price=euros(2_000), reason=because()), LATE)
    assert exact.package.price == 2_000


# Bookings against bookings


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_one_package_pays_for_no_more_bookings_than_it_has_units(deduct: Deduct) -> None:
    outcome = salon(deduct, sold(units=2)).when(book(weeks=2))
    outcome = outcome.and_when(another("2026-10-30 09:00", n=3, package_id="pkg_1"))
    outcome.refused_naming(InsufficientUnits, available=0)


def test_releasing_one_booking_leaves_the_others_held() -> None:
    outcome = booked("at_attendance", quantity=2).and_when(another(quantity=3))
    assert stamps(outcome.package) == {"available": 5, "held": 5}
    assert stamps(outcome.and_when(call_off("business")).package) == {"available": 7, "held": 3}
    assert stamps(outcome.and_when(attend("attended", "bkg_2"), AFTER).package) == {
        "available": 5,
        "held": 2,
        "used": 3,
    }


def test_a_booking_may_hold_units_of_several_lines() -> None:
    lines = (line(1), line(2, MASSAGE, FACIAL))
    outcome = booked("at_attendance", sold(*lines, cancellation=FORFEIT), quantity=3)
    assert [(source.line, source.quantity) for source in outcome.booking.sources] == [(1, 1), (2, 2)]
    moved = outcome.and_when(reschedule("2026-10-09 09:00"))
    assert moved.told()["pkg_1"] == ["package.hold_released"] * 2 + ["package.held"] * 2
    attended = moved.and_when(attend(), "2026-10-09 10:00", Role.STAFF)
    assert (stamps(attended.package), stamps(attended.package, 2)) == ({"used": 1}, {"used": 2})
    missed = moved.and_when(attend("no_show"), "2026-10-09 10:00")
    assert (stamps(missed.package), stamps(missed.package, 2)) == ({"forfeited": 1}, {"forfeited": 2})


def test_what_is_held_is_counted_from_the_moment_of_the_hold() -> None:
    outcome = given(sold(units=2), used(1, remaining=1, at="2026-10-02 09:00")).under(deduct="at_attendance")
    held = outcome.when(book())
    timeline = remainders(held.world.packages["pkg_1"], 1)
    assert timeline[-1] == (moment(NOW), 0)
