"""Using units: who may, when, which units are taken, and every way a use is refused."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.changing import changed
from domain.deciding import decide
from domain.expiry import AfterFirstUse
from domain.package import (
    AddNote,
    ExpiryChanged,
    PackageUnfroze,
    UnfreezePackage,
    UnitsRedeemed,
    ValidityStarted,
)
from domain.redeeming import Candidate
from domain.redeeming import redeem as decide_redemption
from domain.refusals import (
    BackDatingNotAllowed,
    EffectiveAtOutOfRange,
    InsufficientUnits,
    LimitReached,
    NotEligible,
    NotFound,
    PackageCancelled,
    PackageExpired,
    PackageFrozen,
    PaymentRequired,
)
from domain.values import Role
from tests.domain.given import (
    BUSINESS,
    FACIAL,
    HOUSEHOLD,
    MASSAGE,
    NOW,
    because,
    cancelled,
    circumstances,
    corrected,
    day,
    evenly,
    fold,
    froze,
    given,
    line,
    moment,
    of_line,
    paid,
    redeem,
    redeem_any,
    restored,
    sold,
    used,
)

# One package


@pytest.mark.covers("S22", "S33", "S44", "S46", "S60", "S71", "S72")
def test_a_use_takes_the_lowest_available_unit_and_tells_all_about_it() -> None:
    given(sold(units=3), used(1, remaining=2)).when(
        redeem(
            booking_id="bkg_1",
            session_at=moment("2026-10-07 09:00"),
            staff_id="stf_zoe",
            location_id="loc_1",
        )
    ).then(
        UnitsRedeemed(
            effective_at=moment(NOW),
            redemption_id="red_new",
            allocation=1,
            quantity=1,
            line=1,
            units=(2,),
            value=1_000,
            remaining=1,
            service_id="svc_massage",
            participant_id="par_ada",
            staff_id="stf_zoe",
            location_id="loc_1",
            booking_id="bkg_1",
            session_at=moment("2026-10-07 09:00"),
        )
    )


@pytest.mark.covers("S46")
def test_a_use_may_take_several_units() -> None:
    given(sold(units=5)).when(redeem(3)).then(used(1, 2, 3, remaining=2, redemption="red_new"))


def test_a_unit_that_came_back_is_the_lowest_again() -> None:
    given(sold(units=5), used(1, 2, remaining=3), restored(2, 1, remaining=5)).when(redeem(2)).then(
        used(1, 2, remaining=3, redemption="red_new")
    )


def test_the_value_is_that_of_the_units_taken() -> None:
    given(sold(line(3, values=[334, 333, 333]))).when(redeem(2)).then(
        used(1, 2, remaining=1, value=667, redemption="red_new")
    )


@pytest.mark.covers("S13", "S26")
def test_the_last_unit_leaves_a_fully_used_package() -> None:
    outcome = given(sold(units=1)).when(redeem())
    assert outcome.package.status(moment(NOW)) == "fully_used"
    outcome.and_when(redeem(redemption="red_more")).refused(
        InsufficientUnits, requested=1, available=0, remaining=0
    )


def test_more_than_is_left_is_refused_with_what_is_left() -> None:
    given(sold(units=3)).when(redeem(4)).refused(InsufficientUnits, requested=4, available=3, remaining=3)


@pytest.mark.covers("S35")
def test_an_unpaid_package_may_be_used() -> None:
    outcome = given(sold(units=3)).when(redeem())
    assert outcome.package.owing == 3_000


def test_a_business_may_require_payment_first() -> None:
    world = given(sold(units=3), paid(1_000, total=1_000)).under(payment_required=True)
    world.when(redeem()).refused(PaymentRequired, owing=2_000)
    given(sold(units=3), paid(3_000, total=3_000)).under(payment_required=True).when(redeem()).then(
        used(1, remaining=2, redemption="red_new")
    )


@pytest.mark.covers("S14")
def test_a_cancelled_package_is_not_used() -> None:
    given(sold(units=2), cancelled(of_line(1, 1, 2))).when(redeem()).refused(PackageCancelled)


# Until when


@pytest.mark.covers("S8", "S12")
@pytest.mark.parametrize("at", ["2026-10-03 12:00", "2026-10-05 23:59:59.999"])
def test_a_package_is_used_until_the_end_of_its_last_day(at: str) -> None:
    given(sold(units=2, expires_on="2026-10-05")).when(redeem(), at).then(
        used(1, remaining=1, redemption="red_new", at=at)
    )


@pytest.mark.covers("S12")
def test_an_expired_package_is_not_used() -> None:
    given(sold(units=2, expires_on="2026-10-05")).when(redeem(), "2026-10-06 00:00").refused(
        PackageExpired, expires_on=day("2026-10-05")
    )


@pytest.mark.covers("S12")
def test_a_use_of_before_the_expiry_may_be_entered_after_it() -> None:
    outcome = given(sold(units=2, expires_on="2026-10-05")).when(
        redeem(effective_at=moment("2026-10-05 18:00")), "2026-10-07 09:00"
    )
    outcome.then(used(1, remaining=1, redemption="red_new", at="2026-10-05 18:00"))
    assert outcome.package.status(moment("2026-10-07 09:00")) == "expired"


@pytest.mark.covers("S12")
def test_units_must_be_valid_at_the_start_of_the_session() -> None:
    world = given(sold(units=2, expires_on="2026-10-05"))
    assert world.when(redeem(session_at=moment("2026-10-05 23:00"))).facts
    world.when(redeem(session_at=moment("2026-10-06 09:00"))).refused(
        PackageExpired, expires_on=day("2026-10-05")
    )


@pytest.mark.covers("S12")
def test_an_earlier_session_does_not_bring_an_expired_package_back() -> None:
    """Validity compares `effective_at`: who enters a past use must say so, within the limits of the role."""
    given(sold(units=2, expires_on="2026-10-05")).when(
        redeem(session_at=moment("2026-10-05 18:00")), "2026-10-07 09:00", Role.STAFF
    ).refused(PackageExpired, expires_on=day("2026-10-05"))


def test_a_frozen_package_is_not_used_until_the_end_of_its_last_day() -> None:
    world = given(sold(units=2), froze("2026-10-10"))
    world.when(redeem(), "2026-10-03 12:00").refused(PackageFrozen, frozen_until=day("2026-10-10"))
    world.when(redeem(), "2026-10-10 23:59").refused(PackageFrozen, frozen_until=day("2026-10-10"))


def test_the_clock_ends_a_freeze_and_the_next_use_records_it() -> None:
    given(sold(units=2, expires_on="2026-10-12"), froze("2026-10-10")).when(
        redeem(), "2026-10-11 00:00"
    ).then(
        PackageUnfroze(effective_at=moment("2026-10-11 00:00"), days=8, expires_on=day("2026-10-20")),
        used(1, remaining=1, redemption="red_new", at="2026-10-11 00:00"),
    )


def test_a_use_of_before_the_freeze_may_be_entered_during_it() -> None:
    given(sold(units=2, expires_on="2026-10-05"), froze("2026-10-10")).when(
        redeem(effective_at=moment("2026-10-03 11:59")), "2026-10-08 09:00"
    ).then(used(1, remaining=1, redemption="red_new", at="2026-10-03 11:59"))


def test_a_use_within_a_freeze_that_has_ended_is_refused() -> None:
    given(sold(units=2), froze("2026-10-20")).when(
        UnfreezePackage(package_id="pkg_1"), "2026-10-08 09:00"
    ).and_when(redeem(effective_at=moment("2026-10-08 08:59")), "2026-10-09 09:00").refused(
        PackageFrozen, frozen_until=day("2026-10-20")
    )


def test_a_use_after_the_end_of_a_freeze_is_not() -> None:
    given(sold(units=2), froze("2026-10-20")).when(
        UnfreezePackage(package_id="pkg_1"), "2026-10-08 09:00"
    ).and_when(redeem(effective_at=moment("2026-10-08 09:00")), "2026-10-09 09:00").then(
        used(1, remaining=1, redemption="red_new", at="2026-10-08 09:00")
    )


# The first use

QUARTER = AfterFirstUse(count=90, unit="days")


def test_the_first_use_starts_a_validity_that_waits_for_it() -> None:
    given(sold(units=2, validity=QUARTER)).when(redeem()).then(
        ValidityStarted(effective_at=moment(NOW), started_on=day("2026-10-03"), expires_on=day("2027-01-01")),
        used(1, remaining=1, redemption="red_new"),
    )


def test_the_validity_starts_on_the_day_of_the_session() -> None:
    facts = given(sold(units=2, validity=QUARTER)).when(redeem(session_at=moment("2026-10-31 09:00"))).facts
    assert facts["pkg_1"][0] == ValidityStarted(
        effective_at=moment(NOW), started_on=day("2026-10-31"), expires_on=day("2027-01-29")
    )


def test_the_validity_of_a_back_dated_use_starts_on_its_day() -> None:
    facts = given(sold(units=2, validity=QUARTER)).when(redeem(effective_at=day("2026-10-02"))).facts
    assert facts["pkg_1"][0] == ValidityStarted(
        effective_at=moment("2026-10-02 00:00"), started_on=day("2026-10-02"), expires_on=day("2026-12-31")
    )


def test_only_the_first_use_starts_it_and_restoring_does_not_stop_it() -> None:
    from domain.package import RestoreUnits

    outcome = (
        given(sold(units=2, validity=QUARTER))
        .when(redeem(redemption="red_1"))
        .and_when(RestoreUnits(redemption_id="red_1"), "2026-10-03 13:00")
        .and_when(redeem(), "2026-11-03 12:00")
    )
    outcome.then(used(1, remaining=1, redemption="red_new", at="2026-11-03 12:00"))
    assert outcome.package.expires_on == day("2027-01-01")


def by_hand(expires_on: str, at: str = "2026-10-01 10:00") -> ExpiryChanged:
    return ExpiryChanged(effective_at=moment(at), expires_on=day(expires_on))


def test_the_first_use_leaves_an_expiry_that_was_set_by_hand() -> None:
    outcome = given(sold(units=2, validity=QUARTER), by_hand("2026-12-24")).when(redeem())
    assert outcome.facts["pkg_1"][0] == ValidityStarted(
        effective_at=moment(NOW), started_on=day("2026-10-03"), expires_on=day("2026-12-24")
    )


def test_the_first_use_leaves_the_days_that_a_freeze_added() -> None:
    """A freeze that the clock ended moves the expiry in the same append; starting must not undo that."""
    outcome = given(
        sold(units=2, validity=QUARTER), by_hand("2026-12-24"), froze("2026-10-10", at="2026-10-01 11:00")
    ).when(redeem(), "2026-10-11 09:00")
    assert outcome.package.expires_on == day("2027-01-03")


# Who may use it


def test_the_only_beneficiary_of_a_chosen_package_uses_it() -> None:
    given(sold(beneficiaries=("par_max",))).when(redeem()).then(
        used(1, remaining=9, redemption="red_new", participant_id="par_max")
    )


def test_the_customer_in_person_uses_what_several_may_use() -> None:
    given(sold(beneficiaries=("par_ada", "par_max"))).when(redeem()).then(
        used(1, remaining=9, redemption="red_new", participant_id="par_ada")
    )


def test_who_was_not_named_at_the_sale_does_not_use_it() -> None:
    given(sold()).when(redeem(participant_id="par_max")).refused_naming(NotEligible)


@pytest.mark.covers("S85", "S86", "S87")
def test_a_household_draws_from_one_pool_and_each_use_says_whose_it_was() -> None:
    outcome = given(sold(units=20, sharing="household"))
    for n, dog in enumerate(("par_max", "par_bo", "par_ada"), 1):
        outcome = outcome.when(redeem(redemption=f"red_{n}", participant_id=dog)).world
    fact = outcome.packages["pkg_1"][2]
    assert isinstance(fact, UnitsRedeemed)
    assert (fact.units, fact.participant_id) == ((2,), "par_bo")
    assert outcome.states["pkg_1"].remaining == 17


@pytest.mark.covers("S85")
def test_a_participant_barred_from_the_service_does_not_use_it() -> None:
    world = given(sold(line(5, MASSAGE, FACIAL), sharing="household"))
    assert world.when(redeem(participant_id="par_bo")).facts
    world.when(redeem(participant_id="par_bo", service_id="svc_facial")).refused_naming(NotEligible)


def test_an_unknown_participant_does_not_use_it() -> None:
    given(sold(sharing="household")).when(redeem(participant_id="par_none")).refused(
        NotFound, kind="participant", id="par_none"
    )


def test_who_left_the_household_does_not_use_it_afterwards() -> None:
    given(sold(sharing="household")).when(redeem(participant_id="par_old")).refused_naming(NotEligible)


def test_eligibility_is_judged_at_the_moment_of_the_use() -> None:
    given(sold(sharing="household")).when(
        redeem(participant_id="par_old", effective_at=moment("2026-10-02 08:59"))
    ).then(used(1, remaining=9, redemption="red_new", participant_id="par_old", at="2026-10-02 08:59"))


def test_one_participant_uses_at_most_the_cap() -> None:
    world = given(
        sold(sharing="household", cap_per_participant=2), used(1, remaining=9, participant_id="par_max")
    )
    assert world.when(redeem(2, participant_id="par_bo")).facts
    assert world.when(redeem(1, participant_id="par_max")).facts
    world.when(redeem(2, participant_id="par_max")).refused_naming(NotEligible, limit=2)


def test_what_came_back_does_not_count_against_the_cap() -> None:
    given(
        sold(sharing="household", cap_per_participant=1),
        used(1, remaining=9, participant_id="par_max"),
        restored(1, remaining=10),
    ).when(redeem(participant_id="par_max")).then(
        used(1, remaining=9, redemption="red_new", participant_id="par_max")
    )


def test_a_package_is_used_where_its_offer_says() -> None:
    world = given(sold(locations=("loc_1",)))
    assert world.when(redeem(location_id="loc_1")).facts
    world.when(redeem(location_id="loc_2")).refused_naming(NotEligible)
    world.when(redeem()).refused_naming(NotEligible)


@pytest.mark.covers("S105")
def test_a_package_is_used_for_the_services_of_its_lines() -> None:
    given(sold()).when(redeem(service_id="svc_facial")).refused_naming(NotEligible)


def test_a_blocked_or_inactive_customer_may_still_use_what_they_have() -> None:
    world = given(sold()).where(customer=replace(HOUSEHOLD, blocked=True, active=False))
    world.when(redeem()).then(used(1, remaining=9, redemption="red_new"))


# Which line

TWO_LINES = sold(line(2, MASSAGE, FACIAL), line(2, MASSAGE))


@pytest.mark.covers("S10")
def test_a_line_for_exactly_this_service_comes_before_a_shared_one() -> None:
    given(TWO_LINES).when(redeem(3)).then(
        used(1, 2, line=2, remaining=0, redemption="red_new", quantity=3),
        used(1, line=1, remaining=1, redemption="red_new", quantity=3, allocation=2),
    )


def test_the_line_may_be_chosen() -> None:
    given(TWO_LINES).when(redeem(line=1)).then(used(1, line=1, remaining=1, redemption="red_new"))
    given(TWO_LINES).when(redeem(3, line=1)).refused(InsufficientUnits, requested=3, available=2, remaining=2)


def test_a_chosen_line_must_exist_and_serve() -> None:
    given(TWO_LINES).when(redeem(line=3)).refused_naming(NotEligible, limit=2)
    given(TWO_LINES).when(redeem(line=2, service_id="svc_facial")).refused_naming(NotEligible)


# When it happened


@pytest.mark.parametrize(
    ("role", "earliest"),
    [
        (Role.STAFF, "2026-10-03 00:00"),
        (Role.MANAGER, "2026-09-03 00:00"),
        (Role.OWNER, "2020-01-01 09:00"),
    ],
)
def test_each_role_may_back_date_a_use_so_far(role: Role, earliest: str) -> None:
    given(sold(at="2020-01-01 09:00")).when(redeem(effective_at=moment(earliest)), role=role).then(
        used(1, remaining=9, redemption="red_new", at=earliest)
    )


@pytest.mark.parametrize(
    ("role", "too_early", "allowed"),
    [
        (Role.STAFF, "2026-10-02 23:59:59.999", "2026-10-03 00:00"),
        (Role.MANAGER, "2026-09-02 23:59:59.999", "2026-09-03 00:00"),
    ],
)
def test_no_role_may_back_date_a_use_further(role: Role, too_early: str, allowed: str) -> None:
    given(sold(at="2020-01-01 09:00")).when(redeem(effective_at=moment(too_early)), role=role).refused(
        BackDatingNotAllowed, role=role.value, earliest=moment(allowed)
    )


def test_a_use_does_not_lie_before_the_purchase() -> None:
    given(sold()).when(redeem(effective_at=moment("2026-10-01 08:59"))).refused(
        EffectiveAtOutOfRange, earliest=moment("2026-10-01 09:00"), latest=moment("2026-10-03 12:05")
    )


def test_a_use_lies_at_most_five_minutes_ahead() -> None:
    ahead = moment(NOW) + timedelta(minutes=5)
    assert given(sold()).when(redeem(effective_at=ahead), role=Role.STAFF).facts
    given(sold()).when(redeem(effective_at=ahead + timedelta(milliseconds=1))).refused(
        EffectiveAtOutOfRange, earliest=moment("2026-10-01 09:00"), latest=ahead
    )


def test_a_use_may_have_the_very_moment_of_the_purchase() -> None:
    given(sold(at="2026-10-02 00:00")).when(redeem(effective_at=day("2026-10-02"))).then(
        used(1, remaining=9, redemption="red_new", at="2026-10-02 00:00")
    )


def test_a_back_dated_use_never_leaves_a_past_remainder_below_zero() -> None:
    """One unit left on 2 October, though three are left today: two cannot have been used on the 1st."""
    world = given(
        sold(units=3),
        used(1, 2, remaining=1, at="2026-10-02 09:00"),
        restored(2, 1, remaining=3, at="2026-10-02 18:00"),
    )
    world.when(redeem(2, effective_at=moment("2026-10-01 12:00"))).refused(
        InsufficientUnits, requested=2, available=3, remaining=3, lowest=1
    )
    assert world.when(redeem(1, effective_at=moment("2026-10-01 12:00"))).facts
    assert world.when(redeem(3, effective_at=moment("2026-10-02 18:00"))).facts


def test_at_equal_moments_what_was_recorded_first_comes_first() -> None:
    """A unit came back on the stroke of six; a use at six, entered later, may take it."""
    given(
        sold(units=1),
        used(1, remaining=0, at="2026-10-02 09:00"),
        restored(1, remaining=1, at="2026-10-02 18:00"),
        paid(1_000, total=1_000, at="2026-10-02 19:00"),
    ).when(redeem(effective_at=moment("2026-10-02 18:00"))).then(
        used(1, remaining=0, redemption="red_new", at="2026-10-02 18:00")
    )


def test_a_back_dated_use_cannot_take_units_that_were_added_later() -> None:
    world = given(
        sold(line(1)),
        used(1, remaining=0, at="2026-10-02 09:00"),
        corrected(2, remaining=2, at="2026-10-02 10:00", freed=(), added=(2, 3)),
    )
    world.when(redeem(effective_at=moment("2026-10-02 09:30"))).refused(
        InsufficientUnits, requested=1, available=2, remaining=2, lowest=0
    )


def test_what_is_not_there_now_is_refused_as_such_however_far_back() -> None:
    given(sold(units=1), used(1, remaining=0)).when(redeem(effective_at=moment("2026-10-02 12:00"))).refused(
        InsufficientUnits, requested=1, available=0, remaining=0
    )


# Over several packages


@pytest.mark.covers("S46", "S102")
def test_one_use_may_take_from_several_packages_under_one_id() -> None:
    given(
        pkg_a=[sold(units=2, expires_on="2026-12-31")], pkg_b=[sold(units=2, expires_on="2026-11-30")]
    ).when(redeem_any(3)).then(
        pkg_b=[used(1, 2, remaining=0, redemption="red_new", quantity=3)],
        pkg_a=[used(1, remaining=1, redemption="red_new", quantity=3, allocation=2)],
    )


def test_all_or_none_is_taken() -> None:
    given(pkg_a=[sold(units=2)], pkg_b=[sold(units=2)]).when(redeem_any(5)).refused(
        InsufficientUnits, requested=5, available=4, remaining=4
    )


def test_a_customer_without_packages_has_nothing_to_use() -> None:
    given().when(redeem_any()).refused(InsufficientUnits, requested=1, available=0, remaining=0)


def first_choice(**packages: Any) -> str:
    (chosen,) = given(**{id: [fact] for id, fact in packages.items()}).when(redeem_any()).facts
    return chosen


@pytest.mark.covers("S102")
def test_the_soonest_expiry_comes_first_and_never_comes_last() -> None:
    never, soon, later = (
        sold(),
        sold(expires_on="2026-10-31", at="2026-10-02 09:00"),
        sold(expires_on="2026-11-30"),
    )
    assert first_choice(pkg_a=never, pkg_b=later, pkg_c=soon) == "pkg_c"
    assert first_choice(pkg_a=never, pkg_b=later) == "pkg_b"


def test_a_validity_that_waits_for_its_first_use_ranks_as_never_ending() -> None:
    assert first_choice(pkg_a=sold(validity=QUARTER), pkg_b=sold(expires_on="2030-01-01")) == "pkg_b"


def test_an_own_line_comes_before_a_sooner_expiry() -> None:
    shared = sold(line(5, MASSAGE, FACIAL), expires_on="2026-10-31")
    assert first_choice(pkg_a=shared, pkg_b=sold()) == "pkg_b"


def test_then_the_lower_value_of_the_next_unit_comes_first() -> None:
    dear, cheap = sold(line(2, values=[900, 100])), sold(line(2, values=[500, 500]))
    assert first_choice(pkg_a=dear, pkg_b=cheap) == "pkg_b"


def test_then_the_earlier_purchase_then_the_lower_position() -> None:
    later, earlier = sold(at="2026-10-02 09:00"), sold(at="2026-10-01 09:00")
    assert first_choice(pkg_a=later, pkg_b=earlier) == "pkg_b"
    assert first_choice(pkg_a=earlier, pkg_b=earlier) == "pkg_a"


@pytest.mark.covers("S12", "S14")
def test_packages_that_cannot_be_used_are_passed_over() -> None:
    given(
        pkg_expired=[sold(expires_on="2026-10-02")],
        pkg_cancelled=[sold(units=1, expires_on="2026-10-20"), cancelled(of_line(1, 1))],
        pkg_frozen=[sold(expires_on="2026-10-20"), froze("2026-10-10")],
        pkg_of_another=[sold(expires_on="2026-10-20", beneficiaries=("par_max",))],
        pkg_elsewhere=[sold(expires_on="2026-10-20", locations=("loc_2",))],
        pkg_other_service=[sold(line(5, FACIAL), expires_on="2026-10-20")],
        pkg_empty=[sold(units=1, expires_on="2026-10-20"), used(1, remaining=0)],
        pkg_later=[sold(at="2026-10-03 12:01", expires_on="2026-10-20")],
        pkg_good=[sold()],
    ).when(redeem_any(location_id="loc_1")).then(
        pkg_good=[used(1, remaining=9, redemption="red_new", location_id="loc_1")]
    )


def test_what_is_short_over_several_packages_in_the_past_is_refused_with_the_lowest() -> None:
    world = given(
        pkg_a=[
            sold(units=2),
            used(1, remaining=1, at="2026-10-02 09:00"),
            restored(1, remaining=2, at="2026-10-02 18:00"),
        ],
        pkg_b=[sold(units=1)],
    )
    world.when(redeem_any(3, effective_at=moment("2026-10-02 12:00"))).refused(
        InsufficientUnits, requested=3, available=3, remaining=3, lowest=2
    )


def test_the_cap_of_each_package_bounds_what_is_taken_of_it() -> None:
    shared = sold(sharing="household", cap_per_participant=2)
    given(pkg_a=[shared], pkg_b=[shared]).when(redeem_any(3)).then(
        pkg_a=[used(1, 2, remaining=8, redemption="red_new", quantity=3)],
        pkg_b=[used(1, remaining=9, redemption="red_new", quantity=3, allocation=2)],
    )


def test_the_cap_of_a_package_holds_over_all_its_lines() -> None:
    shared = sold(line(5, MASSAGE), line(5, MASSAGE, FACIAL), sharing="household", cap_per_participant=6)
    world = given(pkg_a=[shared], pkg_b=[sold(units=6)])
    world.when(redeem_any(12)).then(
        pkg_a=[
            used(1, 2, 3, 4, 5, remaining=0, redemption="red_new", quantity=12),
            used(1, line=2, remaining=4, redemption="red_new", quantity=12, allocation=3),
        ],
        pkg_b=[used(1, 2, 3, 4, 5, 6, remaining=0, redemption="red_new", quantity=12, allocation=2)],
    )
    world.when(redeem_any(13)).refused(InsufficientUnits, requested=13, available=12, remaining=16)


def test_what_the_caps_leave_is_available_and_the_rest_only_remains() -> None:
    shared = sold(sharing="household", cap_per_participant=2)
    given(pkg_a=[shared], pkg_b=[shared]).when(redeem_any(5)).refused(
        InsufficientUnits, requested=5, available=4, remaining=20
    )


def test_only_payment_stands_between_the_customer_and_the_units() -> None:
    given(pkg_a=[sold(units=1)], pkg_b=[sold(units=1), paid(400, total=400)]).under(
        payment_required=True
    ).when(redeem_any()).refused(PaymentRequired, owing=1_600)


def test_paid_packages_are_used_where_others_are_not_paid() -> None:
    given(pkg_a=[sold(units=1)], pkg_b=[sold(units=1), paid(1_000, total=1_000)]).under(
        payment_required=True
    ).when(redeem_any()).then(pkg_b=[used(1, remaining=0, redemption="red_new")])


def test_debts_that_have_nothing_to_do_with_it_are_not_the_reason() -> None:
    given(
        pkg_expired=[sold(expires_on="2026-10-02")],
        pkg_other_service=[sold(line(5, FACIAL))],
    ).under(payment_required=True).when(redeem_any()).refused(
        InsufficientUnits, requested=1, available=0, remaining=0
    )


# The room in a stream: 20,000 facts, the last 1,000 kept


def nearly_full(version: int) -> Candidate:
    return Candidate("pkg_1", changed(fold([sold()]), version=version), 1)


def use(candidate: Candidate) -> object:
    return decide_redemption([candidate], redeem(), circumstances(), BUSINESS, HOUSEHOLD, chosen=True)


def test_a_use_is_refused_when_only_the_kept_facts_are_left() -> None:
    assert use(nearly_full(18_999))
    with pytest.raises(LimitReached) as refusal:
        use(nearly_full(19_000))
    assert refusal.value.explanation() == {"what": "facts of a package", "limit": 19_000}


def test_a_note_is_refused_when_only_the_kept_facts_are_left() -> None:
    note = AddNote(package_id="pkg_1", note=because())
    for version, fits in ((18_999, True), (19_000, False)):
        package = nearly_full(version).package
        if fits:
            assert decide(package, note, circumstances(), BUSINESS.policies, HOUSEHOLD)
        else:
            with pytest.raises(LimitReached):
                decide(package, note, circumstances(), BUSINESS.policies, HOUSEHOLD)


def test_what_changes_nothing_needs_no_room() -> None:
    package = nearly_full(20_000).package
    nothing = decide(
        package, UnfreezePackage(package_id="pkg_1"), circumstances(), BUSINESS.policies, HOUSEHOLD
    )
    assert nothing == []


def test_a_line_spread_unevenly_is_used_in_order() -> None:
    world = given(sold(line(3, values=evenly(100, 3))))
    values = []
    for n in range(3):
        outcome = world.when(redeem(redemption=f"red_{n}"))
        fact = outcome.facts["pkg_1"][0]
        assert isinstance(fact, UnitsRedeemed)
        values.append(fact.value)
        world = outcome.world
    assert values == [34, 33, 33]
