"""What the clock records of a package: that it expired, and that a reminder is due; and that it was sent."""

from dataclasses import replace
from typing import Any

import pytest

from domain.actor import Role
from domain.calendar_rules import ExpiryAfterFirstUse
from domain.package.commands import (
    CorrectLine,
    RecordExpiry,
    RecordReminderDue,
    RecordReminderSent,
    ReinstatePackage,
    RestoreUnits,
    SetExpiry,
    UnfreezePackage,
)
from domain.package.facts import PackageExpired, ReminderDue, ReminderSent
from domain.refusals import (
    Invalid,
    NotEligible,
    PackageHasExpired,
    PackageIsCancelled,
    PackageIsFrozen,
)
from tests.domain.given import World, given
from tests.domain.words import (
    HOUSEHOLD,
    because,
    cancelled,
    day,
    froze,
    moment,
    of_line,
    redeem,
    sold,
    used,
)

EXPIRE = RecordExpiry(package_id="pkg_1")
REMIND = RecordReminderDue(package_id="pkg_1")
MARCH_31, APRIL_1 = "2027-03-31", "2027-04-01 00:00"


def sent(**fields: Any) -> RecordReminderSent:
    return RecordReminderSent(package_id="pkg_1", **fields)


def expired(*lapsed: int, on: str = MARCH_31, at: str = APRIL_1) -> PackageExpired:
    part = of_line(1, *lapsed)
    return PackageExpired(effective_at=moment(at), expires_on=day(on), lapsed=(part,), value=part.value)


def due(on: str, *, at: str, lead: int = 14) -> ReminderDue:
    return ReminderDue(effective_at=moment(at), expires_on=day(on), lead_days=lead)


def package(**fields: Any) -> World:
    return given(sold(units=3, expires_on=MARCH_31, **fields))


# Expiry


def test_an_expiry_is_recorded_with_the_units_that_lapse_as_of_the_end_of_its_last_day() -> None:
    world = given(sold(units=3, expires_on=MARCH_31), used(1, remaining=2))
    outcome = world.when(EXPIRE, at="2027-05-20 09:00")
    outcome.then(expired(2, 3))
    assert outcome.package.remaining == 2, "it moves no unit"
    assert outcome.package.status(moment("2027-03-31 23:59")) == "active"
    assert outcome.package.status(moment(APRIL_1)) == "expired"


def test_an_expiry_is_recorded_once() -> None:
    outcome = package().when(EXPIRE, at=APRIL_1)
    outcome.world.when(EXPIRE, at="2027-06-01 12:00").refused_naming(NotEligible)


def test_an_expiry_is_recorded_no_minute_early() -> None:
    package().when(EXPIRE, at="2027-03-31 23:59").refused_naming(NotEligible)
    package().when(EXPIRE, at=APRIL_1).then(expired(1, 2, 3))


@pytest.mark.parametrize(
    ("world", "refusal"),
    [
        (given(sold(units=1)), NotEligible),
        (given(sold(units=1, expires_on=MARCH_31), used(1, remaining=0)), NotEligible),
        (
            given(sold(units=1, expires_on=MARCH_31), cancelled(of_line(1, 1))),
            PackageIsCancelled,
        ),
        (given(sold(units=1, validity=ExpiryAfterFirstUse(count=1, unit="days"))), NotEligible),
    ],
    ids=["never expires", "used up", "cancelled", "waits for its first use"],
)
def test_no_expiry_is_recorded_where_nothing_lapses(world: World, refusal: type) -> None:
    world.when(EXPIRE, at="2027-06-01 12:00").refused_naming(refusal)


def test_a_freeze_that_ran_out_by_the_clock_moves_what_is_recorded() -> None:
    world = given(sold(units=1, expires_on="2026-10-31"), froze("2026-11-09", at="2026-10-31 12:00"))
    world.when(EXPIRE, at="2026-11-10 23:59").refused_naming(NotEligible)
    world.when(EXPIRE, at="2026-11-11 00:00").then(expired(1, on="2026-11-10", at="2026-11-11 00:00"))


def test_reinstating_records_the_units_that_come_back_whether_or_not_the_expiry_was_recorded() -> None:
    back = ReinstatePackage(package_id="pkg_1", expires_on=day("2027-12-31"), reason=because())
    recorded = package().when(EXPIRE, at=APRIL_1).world
    for world in (package(), recorded):
        outcome = world.when(back, at="2027-05-20 09:00")
        (fact,) = outcome.facts["pkg_1"]
        assert getattr(fact, "revived", ()) == (of_line(1, 1, 2, 3),)
        outcome.world.when(EXPIRE, at="2028-01-01 00:00").then(
            expired(1, 2, 3, on="2027-12-31", at="2028-01-01 00:00")
        )


def test_a_manager_still_enters_a_use_of_before_the_expiry_after_it_was_recorded() -> None:
    late = redeem(1, effective_at=moment("2027-03-30 10:00"))
    recorded = package().when(EXPIRE, at="2027-04-02 03:00").world
    plain, told = (
        world.when(late, at="2027-04-05 09:00", role=Role.MANAGER) for world in (package(), recorded)
    )
    assert plain.facts == told.facts
    assert told.package.remaining == 2


def test_corrections_and_restorations_of_an_expired_package_go_on_as_before() -> None:
    used_up = given(sold(units=3, expires_on=MARCH_31), used(1, remaining=2))
    recorded = used_up.when(EXPIRE, at="2027-04-02 03:00").world
    for command in (
        CorrectLine(package_id="pkg_1", line=1, change=-1, reason=because()),
        RestoreUnits(redemption_id="red_1"),
    ):
        plain, told = (world.when(command, at="2027-04-05 09:00") for world in (used_up, recorded))
        assert plain.refusal is None
        assert plain.facts == told.facts


# Reminders


@pytest.mark.covers("S20")
def test_a_reminder_is_due_on_its_day_and_once() -> None:
    package().when(REMIND, at="2027-03-16 23:59").refused_naming(NotEligible)
    outcome = package().when(REMIND, at="2027-03-17 00:00")
    outcome.then(due(MARCH_31, at="2027-03-17 00:00"))
    outcome.world.when(REMIND, at="2027-03-18 09:00").refused_naming(NotEligible)


def test_a_reminder_comes_late_but_not_after_the_expiry() -> None:
    package().when(REMIND, at="2027-03-31 23:00").then(due(MARCH_31, at="2027-03-31 23:00"))
    package().when(REMIND, at=APRIL_1).refused(PackageHasExpired, expires_on=day(MARCH_31))


@pytest.mark.covers("S19")
def test_another_expiry_has_a_reminder_of_its_own() -> None:
    told = package().when(REMIND, at="2027-03-20 09:00").world.when(sent(), at="2027-03-20 09:05").world
    later = SetExpiry(package_id="pkg_1", expires_on=day("2027-04-30"))
    moved = told.when(later, at="2027-03-21 09:00").world
    moved.when(REMIND, at="2027-04-15 09:00").refused_naming(NotEligible)
    moved.when(REMIND, at="2027-04-16 09:00").then(due("2027-04-30", at="2027-04-16 09:00"))


def test_a_shorter_lead_time_reminds_again_and_a_longer_one_does_not() -> None:
    told = package().when(REMIND, at="2027-03-17 09:00").world
    told.under(reminder_lead_days=7).when(REMIND, at="2027-03-23 09:00").refused_naming(NotEligible)
    nearer = told.under(reminder_lead_days=7).when(REMIND, at="2027-03-24 09:00")
    nearer.then(due(MARCH_31, at="2027-03-24 09:00", lead=7))
    nearer.world.under(reminder_lead_days=30).when(REMIND, at="2027-03-25 09:00").refused_naming(NotEligible)


@pytest.mark.parametrize("lead", [None, 0])
def test_the_policy_says_whether_and_when(lead: int | None) -> None:
    world = package().under(reminder_lead_days=lead)
    world.when(REMIND, at="2027-03-30 09:00").refused_naming(NotEligible)
    outcome = world.when(REMIND, at="2027-03-31 09:00")
    if lead is None:
        outcome.refused_naming(NotEligible)
    else:
        outcome.then(due(MARCH_31, at="2027-03-31 09:00", lead=0))


@pytest.mark.parametrize(
    ("world", "refusal"),
    [
        (package().where(customer=replace(HOUSEHOLD, blocked=True)), NotEligible),
        (package().where(customer=replace(HOUSEHOLD, active=False)), NotEligible),
        (given(sold(units=1, expires_on=MARCH_31), used(1, remaining=0)), NotEligible),
        (given(sold(units=1, expires_on=MARCH_31), cancelled(of_line(1, 1))), PackageIsCancelled),
        (given(sold(units=1)), NotEligible),
        (
            given(sold(units=1, expires_on=MARCH_31), froze("2027-04-30", at="2027-03-01 12:00")),
            PackageIsFrozen,
        ),
    ],
    ids=["blocked", "inactive", "used up", "cancelled", "never expires", "frozen past it"],
)
def test_nobody_is_reminded_in_vain(world: World, refusal: type) -> None:
    outcome = world.when(REMIND, at="2027-03-20 09:00")
    assert type(outcome.refusal) is refusal


def test_unfreezing_moves_the_day_and_so_the_reminder() -> None:
    frozen = given(sold(units=1, expires_on=MARCH_31), froze("2027-04-30", at="2027-03-21 12:00"))
    thawed = frozen.when(UnfreezePackage(package_id="pkg_1"), at="2027-03-31 12:00").world
    thawed.when(REMIND, at="2027-03-31 13:00").then(due("2027-04-10", at="2027-03-31 13:00"))


def test_a_reminder_is_sent_once_and_keeps_its_lead_time() -> None:
    told = package().when(REMIND, at="2027-03-17 09:00").world.under(reminder_lead_days=7)
    outcome = told.when(sent(), at="2027-03-17 09:05")
    outcome.then(
        ReminderSent(effective_at=moment("2027-03-17 09:05"), expires_on=day(MARCH_31), lead_days=14)
    )
    again = outcome.world.when(sent(), at="2027-03-18 09:05")
    assert (again.refusal, again.facts["pkg_1"]) == (None, [])


def test_a_reminder_sent_by_hand_before_its_day_counts() -> None:
    outcome = package().when(sent(effective_at=moment("2027-02-01 08:00")), at="2027-02-01 09:00")
    outcome.then(
        ReminderSent(effective_at=moment("2027-02-01 08:00"), expires_on=day(MARCH_31), lead_days=14)
    )
    outcome.world.when(REMIND, at="2027-03-20 09:00").refused_naming(NotEligible)


def test_a_reminder_of_another_day_than_the_present_one_is_not_recorded() -> None:
    outcome = package().when(sent(expires_on=day("2027-02-28")), at="2027-02-15 09:00")
    assert isinstance(outcome.refusal, Invalid)
    assert (outcome.refusal.pointer, outcome.refusal.problem) == ("/expires_on", "not-the-expiry")
    package().when(sent(expires_on=day(MARCH_31)), at="2027-03-20 09:00").then(
        ReminderSent(effective_at=moment("2027-03-20 09:00"), expires_on=day(MARCH_31), lead_days=14)
    )


def test_a_package_that_never_expires_has_no_reminder() -> None:
    given(sold(units=1)).when(sent(), at="2027-03-20 09:00").refused_naming(NotEligible)
