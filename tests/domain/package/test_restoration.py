"""Giving units back: to the very package and line they came from, never more than was used."""

from dataclasses import replace

import pytest

from domain.actor import Role
from domain.business.facts import Deduct
from domain.business.state import Location
from domain.package.commands import CancelPackage, ReinstatePackage, RestoreUnits
from domain.package.fact_parts import FreedUse
from domain.package.facts import PackageUnfrozen, UnitsRedeemed, UnitsRestored
from domain.refusals import AlreadyRestored, Forbidden, InsufficientUnits, Invalid, NotEligible, NotFound
from tests.domain.appointments import DEDUCTS, FORFEIT, attend, booked, stamps
from tests.domain.given import Outcome, given
from tests.domain.words import (
    BUSINESS,
    because,
    cancelled,
    corrected,
    day,
    froze,
    line,
    moment,
    of_line,
    redeem,
    redeem_any,
    restored,
    sold,
    used,
)


def restore(quantity: int | None = None, *, package: str | None = None) -> RestoreUnits:
    return RestoreUnits(redemption_id="red_1", quantity=quantity, package_id=package)


@pytest.mark.covers("S23", "S77", "S91")
def test_a_use_goes_back_whole_last_unit_first() -> None:
    reason = because("the therapist was ill")
    given(sold(units=5), used(1, 2, 3, remaining=2)).when(
        RestoreUnits(redemption_id="red_1", reason=reason), "2026-10-04 09:00"
    ).then(
        UnitsRestored(
            effective_at=moment("2026-10-04 09:00"),
            redemption_id="red_1",
            allocation=1,
            line=1,
            units=(3, 2, 1),
            value=3_000,
            remaining=5,
            usable=3,
            reason=reason.ref,
        )
    )


def test_staff_ask_in_vain_for_a_package_that_a_use_did_not_touch() -> None:
    """Whose use it was is asked only of the packages that are meant."""
    world = given(sold(units=5), used(1, remaining=4, at="2026-10-01 10:00"))
    world.when(restore(package="pkg_2"), role=Role.STAFF).refused_naming(NotFound)


def test_a_part_goes_back_last_unit_first_in_as_many_steps_as_wanted() -> None:
    outcome = given(sold(units=5), used(1, 2, 3, remaining=2)).when(restore(2))
    outcome.then(restored(3, 2, remaining=4))
    outcome = outcome.and_when(restore(1))
    outcome.then(restored(1, remaining=5))
    outcome.and_when(restore(1)).refused(AlreadyRestored, redemption_id="red_1")


def test_more_than_was_used_does_not_go_back() -> None:
    given(sold(units=5), used(1, 2, remaining=3), restored(2, remaining=4)).when(restore(2)).refused(
        InsufficientUnits, requested=2, restorable=1
    )


@pytest.mark.covers("S37")
def test_nothing_is_taken_back_twice() -> None:
    given(sold(units=5), used(1, remaining=4), restored(1, remaining=5)).when(restore()).refused(
        AlreadyRestored, redemption_id="red_1"
    )


def test_what_a_correction_freed_is_no_longer_restored() -> None:
    freed = FreedUse(redemption_id="red_1", allocation=1, units=(2,))
    world = given(sold(units=5), used(1, 2, remaining=3), corrected(1, remaining=4, freed=(freed,)))
    world.when(restore(2)).refused(InsufficientUnits, requested=2, restorable=1)
    world.when(restore()).then(restored(1, remaining=5))


def test_the_allocations_go_back_in_reverse_order_over_lines_and_packages() -> None:
    outcome = given(
        pkg_a=[sold(line(1), line(1, values=[50]))], pkg_b=[sold(units=2, expires_on="2027-01-01")]
    ).when(redeem_any(4, redemption="red_1"))
    allocated = [
        (id, fact.allocation)
        for id, facts in outcome.facts.items()
        for fact in facts
        if isinstance(fact, UnitsRedeemed)
    ]
    assert allocated == [("pkg_b", 1), ("pkg_a", 2), ("pkg_a", 3)]
    step = outcome.and_when(restore(1))
    step.then(pkg_a=[restored(1, line=1, remaining=1, allocation=3)])
    step = step.and_when(restore(2))
    step.then(
        pkg_a=[restored(1, line=2, remaining=1, value=50, allocation=2)],
        pkg_b=[restored(2, remaining=1, allocation=1)],
    )
    step.and_when(restore()).then(pkg_b=[restored(1, remaining=2, allocation=1)])


def test_the_package_to_restore_may_be_named() -> None:
    outcome = given(pkg_a=[sold(units=1)], pkg_b=[sold(units=1)]).when(redeem_any(2, redemption="red_1"))
    step = outcome.and_when(restore(package="pkg_a"))
    step.then(pkg_a=[restored(1, remaining=1, allocation=1)])
    step.and_when(restore(2, package="pkg_b")).refused(InsufficientUnits, requested=2, restorable=1)
    step.and_when(restore(package="pkg_a")).refused(AlreadyRestored, redemption_id="red_1")


def test_a_package_the_use_took_nothing_of_is_not_found() -> None:
    given(pkg_a=[sold(), used(1, remaining=9)], pkg_b=[sold()]).when(restore(package="pkg_b")).refused(
        NotFound, kind="redemption", id="red_1"
    )


def test_an_unknown_use_is_not_found() -> None:
    given(sold()).when(restore()).refused(NotFound, kind="redemption", id="red_1")


@pytest.mark.covers("S12")
def test_what_goes_back_to_an_expired_package_is_not_usable() -> None:
    outcome = given(sold(units=2, expires_on="2026-10-03"), used(1, remaining=1)).when(
        restore(), "2026-10-04 00:00"
    )
    outcome.then(restored(1, remaining=2, usable=0, at="2026-10-04 00:00"))
    assert outcome.package.expires_on == day("2026-10-03")
    assert outcome.package.status(moment("2026-10-04 00:00")) == "expired"


@pytest.mark.covers("S14")
def test_what_goes_back_to_a_cancelled_package_lapses_at_once_and_returns_with_it() -> None:
    outcome = given(sold(units=3), used(1, remaining=2)).when(
        CancelPackage(package_id="pkg_1", reason=because())
    )
    outcome = outcome.and_when(restore())
    outcome.then(restored(1, remaining=0, usable=0, lapsed=True))
    assert outcome.package.remaining == 0
    back = ReinstatePackage(package_id="pkg_1", expires_on=day("2027-01-01"), reason=because())
    assert outcome.and_when(back).package.remaining == 3


def test_a_restoration_records_the_end_of_a_freeze_first() -> None:
    given(sold(units=2), used(1, remaining=1), froze("2026-10-05")).when(restore(), "2026-10-07 09:00").then(
        PackageUnfrozen(effective_at=moment("2026-10-06 00:00"), days=3),
        restored(1, remaining=2, at="2026-10-07 09:00"),
    )


def test_a_restoration_never_counts_from_before_the_use() -> None:
    """The use was entered four minutes ahead; a moment earlier there would be a unit too many."""
    given(sold(units=2), used(1, remaining=1, at="2026-10-03 12:04")).when(restore()).then(
        restored(1, remaining=2, at="2026-10-03 12:04")
    )


def test_a_back_dated_use_in_between_does_not_change_that() -> None:
    given(
        sold(units=2),
        used(1, remaining=1, at="2026-10-03 12:04"),
        used(2, remaining=0, at="2026-10-02 12:00", redemption="red_2"),
    ).when(restore()).then(restored(1, remaining=1, at="2026-10-03 12:04"))


# Who


def test_staff_take_back_their_own_use_of_today() -> None:
    assert given(sold(), used(1, remaining=9)).when(restore(), role=Role.STAFF).facts


def test_staff_do_not_take_back_what_others_did() -> None:
    given(sold(), used(1, remaining=9)).when(restore(), role=Role.STAFF, who="stf_bob").refused_naming(
        Forbidden
    )


@pytest.mark.parametrize(("at", "same_day"), [("2026-10-04 05:59", True), ("2026-10-04 06:00", False)])
def test_the_day_of_a_use_is_that_of_the_location_where_it_was_made(at: str, *, same_day: bool) -> None:
    """In New York the 3rd lasts until 06:00 in Budapest, where the package was sold."""
    abroad = {**BUSINESS.locations, "loc_ny": Location("5th Avenue", "America/New_York")}
    world = given(sold(), used(1, remaining=9, location_id="loc_ny"))
    outcome = world.where(business=replace(BUSINESS, locations=abroad)).when(restore(), at, Role.STAFF)
    if same_day:
        assert outcome.facts
    else:
        outcome.refused_naming(Forbidden)


@pytest.mark.covers("S37")
def test_who_entered_a_use_takes_it_back_whoever_performed_it() -> None:
    """A desk's key names nobody on the staff; it may still undo its own slip of the pen."""
    entered = given(sold(units=5)).when(redeem(redemption="red_1"), role=Role.STAFF, who="key_desk")
    assert entered.and_when(restore(), "2026-10-03 18:00", Role.STAFF, "key_desk").facts
    entered.and_when(restore(), role=Role.STAFF, who="key_other").refused_naming(Forbidden)
    entered.and_when(restore(), "2026-10-04 09:00", Role.STAFF, "key_desk").refused_naming(Forbidden)
    for_bob = given(sold(units=5)).when(
        redeem(redemption="red_1", staff_id="stf_bob"), role=Role.STAFF, who="key_desk"
    )
    for who in ("key_desk", "stf_bob"):
        assert for_bob.and_when(restore(), role=Role.STAFF, who=who).facts


def test_staff_do_not_take_back_a_use_of_another_day() -> None:
    given(sold(), used(1, remaining=9)).when(restore(), "2026-10-04 00:00", Role.STAFF).refused_naming(
        Forbidden
    )


def test_managers_take_back_any_use() -> None:
    world = given(sold(), used(1, remaining=9))
    assert world.when(restore(), "2026-11-04 00:00", Role.MANAGER, "stf_bob").facts


def test_cancelled_units_are_not_restored_by_a_use_they_never_had() -> None:
    given(sold(units=2), cancelled(of_line(1, 1, 2))).when(restore()).refused(
        NotFound, kind="redemption", id="red_1"
    )


# Forfeited units


def forfeited(*, role: Role = Role.OWNER, reason: bool = True, deduct: Deduct = "at_booking") -> Outcome:
    """Two massages of ten, forfeited by a no-show, and asked back the day after."""
    missed = booked(deduct, quantity=2).and_when(attend("no_show"), "2026-10-07 09:30")
    asked = RestoreUnits(redemption_id="red_1", reason=because("she was at the doctor's") if reason else None)
    return missed.and_when(asked, "2026-10-08 10:00", role, "stf_bob")


@pytest.mark.covers("S92")
@pytest.mark.parametrize("deduct", DEDUCTS)
@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER, Role.STAFF])
def test_forfeited_units_go_back_at_the_discretion_of_the_desk(deduct: Deduct, role: Role) -> None:
    outcome = forfeited(role=role, deduct=deduct)
    (back,) = outcome.facts["pkg_1"]
    assert isinstance(back, UnitsRestored)
    assert (back.units, back.value, back.remaining, back.forfeiture) == ((2, 1), 2_000, 10, "bkg_1")
    assert stamps(outcome.package) == {"available": 10}


def test_forfeited_units_go_back_with_a_reason_only() -> None:
    forfeited(reason=False).refused_naming(Invalid)


def test_an_integration_does_not_decide_against_the_terms() -> None:
    forfeited(role=Role.INTEGRATION).refused_naming(Forbidden)


def test_forfeited_units_go_back_once() -> None:
    again = RestoreUnits(redemption_id="red_1", reason=because())
    forfeited().and_when(again, "2026-10-08 11:00").refused(AlreadyRestored, redemption_id="red_1")


def test_forfeited_units_count_under_a_cap_until_they_go_back() -> None:
    household = sold(units=10, sharing="household", cap_per_participant=2, cancellation=FORFEIT)
    missed = booked("at_booking", household, quantity=2).and_when(attend("no_show"), "2026-10-07 09:30")
    more = redeem(1, redemption="red_9")
    missed.and_when(more, "2026-10-08 10:00").refused_naming(NotEligible)
    back = missed.and_when(
        RestoreUnits(redemption_id="red_1", quantity=1, reason=because()), "2026-10-08 10:00"
    )
    assert back.and_when(more, "2026-10-08 10:01").facts
