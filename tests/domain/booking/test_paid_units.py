"""Units that come to a booking, or leave it, after it was made."""

from typing import Any

import pytest

from domain.actor import Circumstances
from domain.booking.facts import BookingSource, BookingSourcesChanged, OutcomesChanged
from domain.booking.paid_units import check_payable, concerned, paid_with, without
from domain.booking.state import Booking
from domain.booking.state import evolve as evolve_booking
from domain.package.commands import CancelPackage
from domain.package.eligibility import Candidate
from domain.package.fact_parts import FreedUse
from domain.package.facts import PackageFact
from domain.package.use import TakenUnits
from domain.refusals import Invalid, WrongBookingState
from tests.domain.appointments import DEDUCTS, IN_TIME, START, attend, book, booked, call_off
from tests.domain.given import fold, given
from tests.domain.words import (
    NOW,
    because,
    circumstances,
    corrected,
    moment,
    pay,
    redeem,
    restored,
    sold,
    used,
)

AT: Circumstances = circumstances(NOW)


def unpaid(**fields: Any) -> Booking:
    """One that was made without units."""
    return given().when(book(**fields)).booking


def after(state: Booking, fact: BookingSourcesChanged | OutcomesChanged | None) -> Booking:
    assert fact is not None
    return evolve_booking(state, fact)


# Paid later


def test_what_a_redemption_leaves_out_is_as_the_booking_says() -> None:
    state = unpaid(quantity=2, participant_id="par_ada", staff_id="stf_ann", location_id="loc_1")
    command = check_payable(state, redeem(quantity=2, booking_id="bkg_1"), "cus_1")
    assert (command.participant_id, command.session_at, command.staff_id, command.location_id) == (
        "par_ada",
        moment(START),
        "stf_ann",
        "loc_1",
    )


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"quantity": 2}, "/quantity"),
        ({"service_id": "svc_facial"}, "/service_id"),
        ({"participant_id": "par_bo"}, "/participant_id"),
        ({"session_at": moment(NOW)}, "/session_at"),
    ],
)
def test_what_differs_from_the_booking_is_named(fields: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_payable(unpaid(), redeem(booking_id="bkg_1", **fields), "cus_1")
    assert refusal.value.pointer == pointer


def test_a_booking_of_another_customer_is_not_paid() -> None:
    with pytest.raises(Invalid, match="another customer"):
        check_payable(unpaid(), redeem(booking_id="bkg_1"), "cus_2")


def missed() -> Booking:
    return given().when(book()).and_when(attend("no_show"), START).booking


def at_the_till() -> Booking:
    return unpaid(payment=pay(4_000))


@pytest.mark.parametrize(
    "state",
    [
        booked().booking,
        at_the_till(),
        given().when(book()).and_when(call_off(), IN_TIME).booking,
        missed(),
    ],
)
def test_only_what_takes_place_and_is_not_paid_is_paid_with_units(state: Booking) -> None:
    with pytest.raises(WrongBookingState):
        check_payable(state, redeem(booking_id="bkg_1"), "cus_1")


def test_what_is_used_later_pays_by_the_terms_of_the_booking() -> None:
    package = fold([sold(policy_version=3)])
    taken = [TakenUnits(Candidate("pkg_1", package, 1), 1, (1, 2))]
    state = after(unpaid(), paid_with(unpaid(), "red_9", taken))
    assert state.redemption_id == "red_9"
    assert state.sources == (
        BookingSource(
            package_id="pkg_1",
            line=1,
            quantity=2,
            terms=unpaid().terms,
            policy_version=unpaid().policy_version,
            measured_from=moment(START),
        ),
    )


# Given back


def left_of(
    state: Booking, before: list[PackageFact], *facts: PackageFact
) -> BookingSourcesChanged | OutcomesChanged | None:
    packages, made = {"pkg_1": fold(before)}, {"pkg_1": facts}
    assert concerned(packages, made) in ([], ["bkg_1"])
    return without(state, "bkg_1", packages, made)


def two() -> tuple[Booking, list[PackageFact]]:
    """A booking that used two units, and its package."""
    outcome = booked(quantity=2)
    return outcome.booking, [*outcome.world.packages["pkg_1"]]


def test_what_is_restored_by_hand_no_longer_pays() -> None:
    state, package = two()
    once = left_of(state, package, restored(2, remaining=9))
    half = after(state, once)
    assert [(source.package_id, source.quantity) for source in half.sources] == [("pkg_1", 1)]
    assert (half.redemption_id, once and once.why) == ("red_1", "restored")
    none = after(half, left_of(half, [*package, restored(2, remaining=9)], restored(1, remaining=10)))
    assert (none.sources, none.redemption_id) == ((), None)


def test_what_a_correction_frees_no_longer_pays() -> None:
    state, package = two()
    freed = FreedUse(redemption_id="red_1", allocation=1, units=(2,))
    changed = left_of(state, package, corrected(1, remaining=9, freed=(freed,)))
    assert isinstance(changed, BookingSourcesChanged)
    assert (changed.why, changed.sources[0].quantity) == ("corrected", 1)


def test_a_use_without_a_booking_concerns_none() -> None:
    state, package = two()
    elsewhere = used(3, remaining=7, redemption="red_x")
    assert left_of(state, [*package, elsewhere], restored(3, remaining=8, redemption="red_x")) is None


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_what_did_not_take_place_stays_as_it_was_settled(deduct: Any) -> None:
    outcome = booked(deduct).and_when(attend("no_show"), START)
    assert outcome.booking.is_over
    assert without(outcome.booking, "bkg_1", {}, {}) is None


def test_a_package_that_is_cancelled_takes_its_holds_away() -> None:
    outcome = booked("at_attendance")
    ending = CancelPackage(package_id="pkg_1", reason=because(), release_holds=True)
    cancelled = outcome.and_when(ending)
    changed = left_of(outcome.booking, [*outcome.world.packages["pkg_1"]], *cancelled.facts["pkg_1"])
    assert isinstance(changed, BookingSourcesChanged)
    assert (changed.why, changed.sources) == ("package_cancelled", ())


# Forfeited, and given back all the same


@pytest.mark.covers("S92")
@pytest.mark.parametrize("deduct", DEDUCTS)
def test_the_outcome_follows_what_was_forfeited_and_goes_back(deduct: Any) -> None:
    outcome = booked(deduct, quantity=2).and_when(attend("no_show"), START)
    package = [*outcome.world.packages["pkg_1"]]
    back = restored(2, remaining=9, forfeiture="bkg_1")
    half = after(outcome.booking, left_of(outcome.booking, package, back))
    assert [(each.outcome, each.quantity, each.overridden) for each in half.outcomes] == [
        ("forfeited", 1, False),
        ("restored", 1, True),
    ]
    rest = restored(1, remaining=10, forfeiture="bkg_1", usable=0)
    whole = after(half, left_of(half, [*package, back], rest))
    assert [(each.outcome, each.unusable) for each in whole.outcomes] == [
        ("restored", "package-expired"),
        ("restored", None),
    ]
    assert whole.sources == outcome.booking.sources


def test_the_outcome_follows_a_correction() -> None:
    outcome = booked().and_when(attend("no_show"), START)
    freed = FreedUse(redemption_id="red_1", allocation=1, units=(1,), forfeiture="bkg_1")
    changed = left_of(
        outcome.booking,
        [*outcome.world.packages["pkg_1"]],
        corrected(1, remaining=10, freed=(freed,)),
    )
    assert isinstance(changed, OutcomesChanged)
    assert (changed.why, [each.outcome for each in changed.outcomes]) == ("corrected", ["restored"])
