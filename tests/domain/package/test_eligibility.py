"""Using units: who may, when, which units are taken, and every way a use is refused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.actor import Role
from domain.business.state import Business, Location
from domain.calendar_rules import ExpiryAfterFirstUse
from domain.package.commands import FreezePackage, RestoreUnits, UnfreezePackage
from domain.package.facts import (
    ExpiryChanged,
    PackageReinstated,
    PackageUnfrozen,
    UnitsRedeemed,
    ValidityReset,
    ValidityStarted,
)
from domain.refusals import (
    BackDatingNotAllowed,
    EffectiveAtOutOfRange,
    InsufficientUnits,
    Invalid,
    NotEligible,
    NotFound,
    PackageHasExpired,
    PackageIsCancelled,
    PackageIsFrozen,
    PaymentRequired,
)
from tests.domain.given import given
from tests.domain.words import (
    BUSINESS,
    FACIAL,
    HOUSEHOLD,
    MASSAGE,
    NOW,
    ZONE,
    because,
    cancelled,
    corrected,
    day,
    evenly,
    froze,
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
            staff_id="stf_bob",
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
            staff_id="stf_bob",
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
    given(sold(units=2), cancelled(of_line(1, 1, 2))).when(redeem()).refused(PackageIsCancelled)


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
        PackageHasExpired, expires_on=day("2026-10-05")
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
        PackageHasExpired, expires_on=day("2026-10-05")
    )


@pytest.mark.covers("S12")
def test_an_earlier_session_does_not_bring_an_expired_package_back() -> None:
    """Validity compares `effective_at`: who enters a past use must say so, within the limits of the role."""
    given(sold(units=2, expires_on="2026-10-05")).when(
        redeem(session_at=moment("2026-10-05 18:00")), "2026-10-07 09:00", Role.STAFF
    ).refused(PackageHasExpired, expires_on=day("2026-10-05"))


def test_a_frozen_package_is_not_used_until_the_end_of_its_last_day() -> None:
    world = given(sold(units=2), froze("2026-10-10"))
    world.when(redeem(), "2026-10-03 12:00").refused(PackageIsFrozen, frozen_until=day("2026-10-10"))
    world.when(redeem(), "2026-10-10 23:59").refused(PackageIsFrozen, frozen_until=day("2026-10-10"))


def test_the_clock_ends_a_freeze_and_the_next_use_records_it() -> None:
    given(sold(units=2, expires_on="2026-10-12"), froze("2026-10-10")).when(
        redeem(), "2026-10-11 00:00"
    ).then(
        PackageUnfrozen(effective_at=moment("2026-10-11 00:00"), days=8, expires_on=day("2026-10-20")),
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
        PackageIsFrozen, frozen_until=day("2026-10-20")
    )


def test_a_use_after_the_end_of_a_freeze_is_not() -> None:
    given(sold(units=2), froze("2026-10-20")).when(
        UnfreezePackage(package_id="pkg_1"), "2026-10-08 09:00"
    ).and_when(redeem(effective_at=moment("2026-10-08 09:00")), "2026-10-09 09:00").then(
        used(1, remaining=1, redemption="red_new", at="2026-10-08 09:00")
    )


# The first use

QUARTER = ExpiryAfterFirstUse(count=90, unit="days")


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


def test_only_the_first_session_starts_it() -> None:
    first = given(sold(units=2, validity=QUARTER)).when(redeem(redemption="red_1"))
    outcome = first.and_when(redeem(), "2026-11-03 12:00")
    outcome.then(used(2, remaining=0, redemption="red_new", at="2026-11-03 12:00"))
    assert outcome.package.expires_on == day("2027-01-01")


def test_giving_back_the_only_session_resets_it() -> None:
    first = given(sold(units=2, validity=QUARTER)).when(redeem(redemption="red_1"))
    outcome = first.and_when(RestoreUnits(redemption_id="red_1"), "2026-10-03 13:00")
    outcome.then(
        restored(1, remaining=2, at="2026-10-03 13:00"),
        ValidityReset(effective_at=moment("2026-10-03 13:00")),
    )
    assert (outcome.package.started_on, outcome.package.expires_on) == (None, None)
    again = outcome.and_when(redeem(redemption="red_2"), "2027-05-03 12:00")
    assert again.package.expires_on == day("2027-08-01")


def test_giving_back_the_first_session_leaves_it_to_the_next() -> None:
    outcome = given(sold(units=3, validity=QUARTER)).when(redeem(redemption="red_1"))
    outcome = outcome.and_when(redeem(), "2026-11-03 12:00")
    outcome = outcome.and_when(RestoreUnits(redemption_id="red_1"), "2026-11-04 12:00")
    outcome.then(
        restored(1, remaining=2, at="2026-11-04 12:00"),
        ValidityStarted(
            effective_at=moment("2026-11-04 12:00"),
            started_on=day("2026-11-03"),
            expires_on=day("2027-02-01"),
        ),
    )


def test_a_session_that_is_entered_later_and_lies_earlier_is_the_first() -> None:
    outcome = given(sold(units=3, validity=QUARTER)).when(redeem(redemption="red_1"))
    outcome = outcome.and_when(redeem(effective_at=day("2026-10-02")), "2026-10-04 12:00")
    assert outcome.package.expires_on == day("2026-12-31")


def test_what_has_expired_is_not_brought_back_by_a_restoration() -> None:
    first = given(sold(units=2, validity=QUARTER)).when(redeem(redemption="red_1"))
    outcome = first.and_when(RestoreUnits(redemption_id="red_1"), "2027-03-01 13:00")
    outcome.then(restored(1, remaining=2, usable=0, at="2027-03-01 13:00"))
    assert outcome.package.status(moment("2027-03-01 13:00")) == "expired"


def test_an_expiry_that_was_set_by_hand_stays_when_the_clock_is_reset() -> None:
    outcome = given(sold(units=2, validity=QUARTER), by_hand("2026-12-24")).when(redeem(redemption="red_1"))
    outcome = outcome.and_when(RestoreUnits(redemption_id="red_1"), "2026-10-03 13:00")
    assert (outcome.package.started_on, outcome.package.expires_on) == (None, day("2026-12-24"))


def test_the_days_that_a_freeze_added_move_with_the_clock() -> None:
    outcome = given(sold(units=3, validity=QUARTER)).when(redeem(redemption="red_1"))
    outcome = outcome.and_when(redeem(session_at=moment("2026-10-20 09:00")), "2026-10-04 12:00")
    frozen = FreezePackage(package_id="pkg_1", until=day("2026-10-14"), reason=because())
    outcome = outcome.and_when(frozen, "2026-10-05 12:00")
    outcome = outcome.and_when(RestoreUnits(redemption_id="red_1"), "2026-10-16 12:00")
    assert outcome.package.expires_on == day("2027-01-28"), "90 days from the 20th, and 10 days frozen"


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


def test_by_the_rule_too_it_is_told_that_nobody_may_give_this_participant_any() -> None:
    world = given(pkg_1=[sold()], pkg_2=[sold(units=1), used(1, remaining=0)])
    world.when(redeem_any(participant_id="par_max")).refused_naming(NotEligible)
    empty = given(sold(units=1), used(1, remaining=0))
    empty.when(redeem_any(participant_id="par_max")).refused_naming(InsufficientUnits)


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


@pytest.mark.parametrize("staff_id", ["stf_nobody", "stf_gone"])
def test_no_use_names_somebody_who_does_not_work_there(staff_id: str) -> None:
    for command in (redeem(staff_id=staff_id), redeem_any(staff_id=staff_id)):
        given(sold()).when(command).refused(
            Invalid,
            pointer="/staff_id",
            problem="unknown-staff",
            message="is not an active member of staff of this business",
        )


def test_a_package_whose_places_have_all_closed_is_used_anywhere_until_one_opens_again() -> None:
    def with_open(*open_: str) -> Business:
        places = {id: Location("Here", ZONE, open=id in open_) for id in ("loc_1", "loc_2", "loc_3")}
        return replace(BUSINESS, locations=places)

    world = given(sold(locations=("loc_1", "loc_2")))
    closed = world.where(business=with_open("loc_3"))
    assert closed.when(redeem(location_id="loc_3")).facts
    assert closed.when(redeem()).facts
    assert closed.when(redeem_any(location_id="loc_3")).facts
    reopened = world.where(business=with_open("loc_2", "loc_3"))
    reopened.when(redeem(location_id="loc_3")).refused_naming(NotEligible)
    assert reopened.when(redeem(location_id="loc_2")).facts


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


def test_while_a_package_was_cancelled_nothing_was_left_of_it() -> None:
    """Not even the unit that was restored, and lapsed at once, in the meantime."""
    world = given(
        sold(units=2),
        used(1, remaining=1, at="2026-10-01 10:00"),
        cancelled(of_line(1, 2), at="2026-10-01 12:00"),
        restored(1, remaining=0, usable=0, lapsed=True, at="2026-10-01 13:00"),
        PackageReinstated(
            effective_at=moment("2026-10-01 14:00"),
            expires_on=day("2026-12-31"),
            returned=(of_line(1, 1, 2),),
            reason=because().ref,
        ),
        paid(1_000, total=1_000),
    )
    world.when(redeem(effective_at=moment("2026-10-01 11:00"))).refused(
        InsufficientUnits, requested=1, available=2, remaining=2, lowest=0
    )
    assert world.when(redeem(2, effective_at=moment("2026-10-01 14:00"))).facts


def test_what_is_not_there_now_is_refused_as_such_however_far_back() -> None:
    given(sold(units=1), used(1, remaining=0)).when(redeem(effective_at=moment("2026-10-02 12:00"))).refused(
        InsufficientUnits, requested=1, available=0, remaining=0
    )


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
