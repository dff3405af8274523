"""Corrections: a signed change of a line, what it takes and frees, and where it ends."""

import pytest

from domain.package.commands import CorrectLine
from domain.package.fact_parts import FreedUse
from domain.package.facts import LineCorrected
from domain.refusals import InsufficientUnits, Invalid, LimitReached, PackageIsCancelled
from tests.domain.appointments import attend, booked, stamps
from tests.domain.given import given
from tests.domain.words import (
    NOW,
    because,
    cancelled,
    corrected,
    day,
    line,
    moment,
    of_line,
    redeem,
    restored,
    sold,
    used,
)


def correct(change: int, *, line: int = 1) -> CorrectLine:
    return CorrectLine(package_id="pkg_1", line=line, change=change)


@pytest.mark.covers("S21", "S22", "S24", "S25")
def test_a_minus_takes_the_lowest_available_units() -> None:
    reason = because("came twice last week")
    given(sold(units=5), used(1, remaining=4)).when(
        CorrectLine(package_id="pkg_1", line=1, change=-2, reason=reason)
    ).then(
        LineCorrected(
            effective_at=moment(NOW),
            line=1,
            change=-2,
            remaining=2,
            value=2_000,
            taken=(2, 3),
            reason=reason.ref,
        )
    )


@pytest.mark.covers("S24")
def test_the_reason_is_optional() -> None:
    given(sold(units=5)).when(correct(-1)).then(corrected(-1, remaining=4, taken=(1,)))


def test_a_minus_never_goes_below_zero() -> None:
    given(sold(units=2), used(1, remaining=1)).when(correct(-2)).refused(
        InsufficientUnits, requested=2, available=1, remaining=1
    )


@pytest.mark.covers("S23")
def test_a_plus_frees_first_what_corrections_took_newest_first() -> None:
    given(
        sold(units=5),
        corrected(-2, remaining=3, taken=(1, 2)),
        corrected(-1, remaining=2, taken=(3,)),
        used(4, remaining=1),
    ).when(correct(2)).then(corrected(2, remaining=3, returned=(3, 2)))


def test_what_came_back_is_not_freed_again() -> None:
    outcome = given(sold(units=3), corrected(-2, remaining=1, taken=(1, 2))).when(correct(1))
    outcome.then(corrected(1, remaining=2, returned=(2,)))
    outcome = outcome.and_when(correct(1))
    outcome.then(corrected(1, remaining=3, returned=(1,)))
    outcome.and_when(correct(1)).then(corrected(1, remaining=4, added=(4,)))


@pytest.mark.covers("S23")
def test_a_plus_then_frees_units_in_use_newest_redemption_first() -> None:
    given(
        sold(units=5),
        used(1, 2, remaining=3, redemption="red_1"),
        used(3, 4, remaining=1, redemption="red_2"),
        corrected(-1, remaining=0, taken=(5,)),
    ).when(correct(4)).then(
        corrected(
            4,
            remaining=4,
            returned=(5,),
            freed=(
                FreedUse(redemption_id="red_2", allocation=1, units=(4, 3)),
                FreedUse(redemption_id="red_1", allocation=1, units=(2,)),
            ),
        )
    )


def test_a_plus_then_adds_units_of_value_0() -> None:
    outcome = given(sold(units=2), used(1, remaining=1), corrected(-1, remaining=0, taken=(2,))).when(
        correct(4)
    )
    outcome.then(
        corrected(
            4,
            remaining=4,
            returned=(2,),
            freed=(FreedUse(redemption_id="red_1", allocation=1, units=(1,)),),
            added=(3, 4),
        )
    )
    assert outcome.package.lines[0].values == (1_000, 1_000, 0, 0)
    assert outcome.package.price == 2_000


def test_only_units_of_the_corrected_line_are_freed() -> None:
    given(
        sold(line(2), line(2)),
        used(1, line=1, remaining=1, redemption="red_1", quantity=2),
        used(1, line=2, remaining=1, redemption="red_1", quantity=2, allocation=2),
    ).when(correct(1)).then(
        corrected(1, remaining=2, freed=(FreedUse(redemption_id="red_1", allocation=1, units=(1,)),))
    )


def test_a_use_that_went_back_is_not_freed_again() -> None:
    given(sold(units=2), used(1, 2, remaining=0), restored(2, 1, remaining=2)).when(correct(1)).then(
        corrected(1, remaining=3, added=(3,))
    )


@pytest.mark.covers("S11", "S13", "S26")
def test_the_status_follows() -> None:
    outcome = given(sold(units=1)).when(correct(-1))
    assert outcome.package.status(moment(NOW)) == "fully_used"
    assert outcome.and_when(correct(1)).package.status(moment(NOW)) == "active"


def test_an_expired_package_may_be_corrected() -> None:
    outcome = given(sold(units=2, expires_on="2026-10-02")).when(correct(-1))
    outcome.then(corrected(-1, remaining=1, taken=(1,)))
    assert outcome.package.expires_on == day("2026-10-02")


@pytest.mark.covers("S14")
def test_a_cancelled_package_is_not_corrected() -> None:
    given(sold(units=1), cancelled(of_line(1, 1))).when(correct(1)).refused(PackageIsCancelled)


def test_a_correction_names_a_line_of_the_package_and_a_change() -> None:
    given(sold()).when(correct(1, line=2)).refused_naming(Invalid, pointer="/line", problem="unknown-line")
    given(sold()).when(correct(0)).refused_naming(Invalid, pointer="/change", problem="zero")


def test_the_policy_limits_one_correction_either_way() -> None:
    world = given(sold()).under(correction_max=2)
    assert world.when(correct(-2)).facts
    assert world.when(correct(2)).facts
    for change in (-3, 3):
        world.when(correct(change)).refused(LimitReached, rule="correction-units", limit=2)


def test_a_line_holds_at_most_1000_units() -> None:
    world = given(sold(units=999))
    assert world.when(correct(1)).package.remaining == 1_000
    world.when(correct(2)).refused(LimitReached, rule="line-units", limit=1_000)


def test_freeing_needs_no_new_units() -> None:
    given(sold(units=1_000), corrected(-3, remaining=997, taken=(1, 2, 3))).when(correct(3)).then(
        corrected(3, remaining=1_000, returned=(3, 2, 1))
    )


def test_a_package_holds_at_most_5000_units() -> None:
    world = given(sold(*[line(900)] * 5, line(499)))
    assert world.when(correct(1)).package.remaining == 5_000
    world.when(correct(2)).refused(LimitReached, rule="package-units", limit=5_000)


def test_a_plus_frees_forfeited_units_before_units_in_use() -> None:
    """Newest first: what corrections took, then what was forfeited, then what is in use."""
    missed = booked().and_when(attend("no_show"), "2026-10-07 09:30")
    outcome = missed.and_when(redeem(1, redemption="red_2"), "2026-10-07 10:00")
    outcome = outcome.and_when(correct(2), "2026-10-07 11:00")
    (fact,) = outcome.facts["pkg_1"]
    assert isinstance(fact, LineCorrected)
    assert fact.freed == (
        FreedUse(redemption_id="red_1", allocation=1, units=(1,), forfeiture="bkg_1"),
        FreedUse(redemption_id="red_2", allocation=1, units=(2,)),
    )
    assert (fact.value, fact.added, stamps(outcome.package)) == (2_000, (), {"available": 10})
