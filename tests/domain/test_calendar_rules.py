"""Calendar arithmetic: when a package ends, in any time zone, on both sides of any midnight."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from domain.calendar_rules import (
    CalendarUnit,
    ExpiryAfterFirstUse,
    ExpiryAfterPurchase,
    ExpiryOnDate,
    NoExpiry,
    add,
    expires_at,
    expiry_at_sale,
    extended,
)
from domain.moments import LAST_DAY, as_moment, local_day, start_of
from tests.domain.given import fold
from tests.domain.words import sold
from tests.strategies import days, zones

COUNTS = st.integers(1, 3_650)


@pytest.mark.covers("S8")
@pytest.mark.parametrize(
    ("bought", "count", "unit", "last"),
    [
        ("2026-10-03", 1, "days", "2026-10-04"),
        ("2026-12-31", 1, "days", "2027-01-01"),
        ("2024-02-28", 1, "days", "2024-02-29"),
        ("2026-10-03", 2, "weeks", "2026-10-17"),
        ("2026-10-03", 6, "months", "2027-04-03"),
        ("2026-01-31", 1, "months", "2026-02-28"),
        ("2024-01-31", 1, "months", "2024-02-29"),
        ("2026-01-31", 2, "months", "2026-03-31"),
        ("2026-08-31", 6, "months", "2027-02-28"),
        ("2026-12-15", 1, "months", "2027-01-15"),
        ("2026-11-30", 13, "months", "2027-12-30"),
        ("2024-02-29", 1, "years", "2025-02-28"),
        ("2024-02-29", 4, "years", "2028-02-29"),
        ("2096-02-29", 4, "years", "2100-02-28"),
        ("2200-12-31", 1, "days", "2200-12-31"),
        ("2200-12-01", 1, "months", "2200-12-31"),
        ("1970-01-01", 3_650, "years", "2200-12-31"),
        ("1970-01-01", 3_650, "months", "2200-12-31"),
        ("1970-01-01", 2_771, "months", "2200-12-01"),
    ],
)
def test_the_purchase_day_is_day_0_and_month_ends_are_clamped(
    bought: str, count: int, unit: CalendarUnit, last: str
) -> None:
    assert add(date.fromisoformat(bought), count, unit) == date.fromisoformat(last)


@given(days(), COUNTS)
def test_days_and_weeks_are_counted(bought: date, count: int) -> None:
    room = (LAST_DAY - bought).days
    assert (add(bought, count, "days") - bought).days == min(count, room)
    assert (add(bought, count, "weeks") - bought).days == min(7 * count, room)


@given(days(), st.integers(1, 2_400))
@example(date(2024, 2, 29), 12)
@example(date(2023, 12, 31), 2)
def test_months_keep_the_day_or_end_with_the_month(bought: date, count: int) -> None:
    last = add(bought, count, "months")
    assume(last != LAST_DAY)
    assert (last.year - bought.year) * 12 + last.month - bought.month == count
    assert last.day == min(bought.day, monthrange(last.year, last.month)[1])


@given(days(), st.integers(1, 200))
def test_a_year_is_twelve_months(bought: date, count: int) -> None:
    assert add(bought, count, "years") == add(bought, 12 * count, "months")


@given(days(), COUNTS, COUNTS, st.sampled_from(("days", "weeks", "months", "years")))
def test_more_is_never_sooner(bought: date, one: int, other: int, unit: CalendarUnit) -> None:
    fewer, more = sorted((one, other))
    assert bought <= add(bought, fewer, unit) <= add(bought, more, unit) <= LAST_DAY


def test_each_rule_says_what_is_known_at_sale() -> None:
    bought = date(2026, 10, 3)
    assert expiry_at_sale(NoExpiry(), bought) is None
    assert expiry_at_sale(ExpiryOnDate(date=date(2026, 12, 24)), bought) == date(2026, 12, 24)
    assert expiry_at_sale(ExpiryAfterPurchase(count=1, unit="weeks"), bought) == date(2026, 10, 10)
    assert expiry_at_sale(ExpiryAfterFirstUse(count=1, unit="weeks"), bought) is None


@given(days(), st.integers(0, 400), st.integers(0, 400))
def test_a_freeze_adds_its_days_both_ends_counted(start: date, lasted: int, later: int) -> None:
    assume(start + timedelta(days=2 * 400 + 1) < LAST_DAY)
    until, expires_on = start + timedelta(days=lasted), start + timedelta(days=later)
    assert (extended(expires_on, start, until) - expires_on).days == lasted + 1


# Moments


@pytest.mark.covers("S8", "S12")
@pytest.mark.parametrize(
    ("zone", "last", "ends"),
    [
        ("Europe/Budapest", "2026-07-01", "2026-07-01T22:00"),
        ("Europe/Budapest", "2026-03-28", "2026-03-28T23:00"),
        ("Europe/Budapest", "2026-03-29", "2026-03-29T22:00"),
        ("Europe/Budapest", "2026-10-24", "2026-10-24T22:00"),
        ("Europe/Budapest", "2026-10-25", "2026-10-25T23:00"),
        ("America/New_York", "2026-11-01", "2026-11-02T05:00"),
        # Midnight is skipped: the next day begins when the clock jumps to one.
        ("Africa/Cairo", "2024-04-25", "2024-04-25T22:00"),
        ("America/Havana", "2024-03-09", "2024-03-10T05:00"),
        ("Asia/Beirut", "2024-03-30", "2024-03-30T22:00"),
        ("America/Santiago", "2023-09-02", "2023-09-03T04:00"),
        # Midnight comes twice: the day ends with the first of them.
        ("America/Havana", "2024-11-02", "2024-11-03T04:00"),
        ("Africa/Cairo", "2024-10-30", "2024-10-30T21:00"),
        # 30 December 2011 did not take place on Samoa.
        ("Pacific/Apia", "2011-12-29", "2011-12-30T10:00"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00"),
        ("Asia/Kathmandu", "2026-10-03", "2026-10-03T18:15"),
    ],
)
def test_the_last_day_ends_with_the_start_of_the_next(zone: str, last: str, ends: str) -> None:
    assert expires_at(date.fromisoformat(last), zone) == datetime.fromisoformat(ends).replace(tzinfo=UTC)


@given(days(date(1970, 1, 2), date(2037, 12, 31)), zones())
@example(date(2024, 4, 26), "Africa/Cairo")
@example(date(2024, 3, 10), "America/Havana")
@example(date(2024, 11, 3), "America/Havana")
@example(date(2024, 3, 31), "Asia/Beirut")
@example(date(2011, 12, 30), "Pacific/Apia")
def test_the_start_of_a_day_is_the_first_moment_the_calendar_there_shows_it(day: date, zone: str) -> None:
    """Held against the zone's own clock: a second earlier it shows another day, from then on this one."""
    start = start_of(day, zone)
    wall = ZoneInfo(zone)
    assert start.tzinfo is UTC
    assert (start - timedelta(seconds=1)).astimezone(wall).date() < day
    assert start.astimezone(wall).date() >= day


@given(days(date(1970, 1, 2), date(2037, 12, 30)), zones())
def test_days_follow_each_other(day: date, zone: str) -> None:
    """A day is never negative, and only one that did not take place is empty."""
    length = start_of(day + timedelta(days=1), zone) - start_of(day, zone)
    assert timedelta(0) <= length <= timedelta(hours=49)
    if length == timedelta(0):
        assert (day, zone) in {
            (date(2011, 12, 30), "Pacific/Apia"),
            (date(1995, 1, 1), "Pacific/Kiritimati"),
            (date(1994, 12, 31), "Pacific/Kiritimati"),
        }


@pytest.mark.covers("S12")
@given(days(date(2000, 1, 1), date(2037, 12, 30)), zones())
@example(date(2024, 4, 25), "Africa/Cairo")
@example(date(2024, 11, 2), "America/Havana")
def test_a_package_is_valid_to_the_last_millisecond_of_its_day(last: date, zone: str) -> None:
    package = fold([sold(at=datetime(1999, 1, 1, tzinfo=UTC), expires_on=last, time_zone=zone)])
    end, moment = expires_at(last, zone), timedelta(milliseconds=1)
    assert package.status(end - moment) == "active"
    assert package.status(end) == "expired"
    assert local_day(end, zone) > last


def test_a_date_means_its_first_moment_and_a_moment_means_itself() -> None:
    noon = datetime(2026, 10, 3, 10, tzinfo=UTC)
    assert as_moment(noon, "Europe/Budapest") is noon
    assert as_moment(date(2026, 10, 3), "Europe/Budapest") == datetime(2026, 10, 2, 22, tzinfo=UTC)
