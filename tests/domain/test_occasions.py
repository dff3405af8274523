"""When a day of life returns, and when a session is to be reminded of."""

from datetime import UTC, date, datetime
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from domain.business.message_terms import MessageChannels
from domain.messages.asked import KINDS, OccasionKind
from domain.messages.occasions import greeted_at, is_today, reminded_at, returns_on

days = st.dates(date(1880, 1, 1), date(2200, 12, 31))


@given(day=days, year=st.integers(1881, 2200))
def test_a_day_of_life_returns_once_in_each_later_year_and_on_the_28th_of_february_where_there_is_no_29th(
    day: date, year: int
) -> None:
    returned = returns_on(day, year)
    if year <= day.year:
        assert returned is None
        return
    assert returned is not None
    assert (returned.year, returned.month) == (year, day.month)
    assert day.day - returned.day in ((0, 1) if (day.month, day.day) == (2, 29) else (0,))


def test_the_29th_of_february() -> None:
    assert [returns_on(date(2004, 2, 29), year) for year in (2027, 2028, 2100)] == [
        date(2027, 2, 28),
        date(2028, 2, 29),
        date(2100, 2, 28),
    ]


def test_a_day_begins_and_ends_in_the_zone_of_the_business() -> None:
    zone, born = "Pacific/Auckland", date(1990, 6, 2)
    assert is_today(born, 2026, datetime(2026, 6, 1, 13, tzinfo=UTC), zone)
    assert not is_today(born, 2026, datetime(2026, 6, 2, 13, tzinfo=UTC), zone), "a day late is no greeting"
    assert not is_today(None, 2026, datetime(2026, 6, 1, 13, tzinfo=UTC), zone)
    assert greeted_at(date(2026, 6, 2), zone) == datetime(2026, 6, 1, 21, tzinfo=UTC)


def test_a_reminder_is_so_many_hours_ahead_also_over_a_change_of_clocks() -> None:
    starts_at = datetime(2026, 10, 25, 12, tzinfo=UTC)
    assert reminded_at(starts_at, 24) == datetime(2026, 10, 24, 12, tzinfo=UTC)


def test_every_kind_of_message_has_its_channels() -> None:
    kinds = {*KINDS.values(), *get_args(OccasionKind)}
    assert set(MessageChannels.model_fields) == kinds
    assert {MessageChannels().of(kind) for kind in kinds} == {("email",)}
