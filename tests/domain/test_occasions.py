"""When a day of life returns, and when a session is to be reminded of."""

from datetime import UTC, date, datetime, timedelta
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from domain.business.message_terms import MessageChannels
from domain.messages.asked import KINDS, OccasionKind
from domain.messages.occasions import greeted_at, is_today, reminded_at
from domain.people.birthdays import Birthdays, day_number, returns_on

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


@given(born=days, first=st.dates(date(1980, 1, 1), date(2190, 1, 1)), length=st.integers(0, 365))
def test_a_list_of_birthdays_holds_who_has_one_on_its_days(born: date, first: date, length: int) -> None:
    asked = Birthdays(first, first + timedelta(days=length))
    on_its_days = [
        day
        for day in (first + timedelta(days=n) for n in range(length + 1))
        if returns_on(born, day.year) == day
    ]
    assert asked.hold(born) == bool(on_its_days)
    if on_its_days:
        assert day_number(born.month, born.day) in asked.numbers(), "the index names all who are among them"


def test_a_list_of_birthdays_over_the_turn_of_the_year_and_the_end_of_february() -> None:
    turn = Birthdays(date(2026, 12, 30), date(2027, 1, 2))
    assert turn.numbers() == [101, 102, 1230, 1231]
    assert turn.hold(date(1990, 1, 2))
    assert turn.hold(date(1990, 12, 30))
    assert not turn.hold(date(2026, 12, 31)), "a day of birth is no birthday"
    assert not turn.hold(None)
    assert Birthdays(date(2027, 2, 28), date(2027, 3, 1)).numbers() == [228, 229, 301]
    assert Birthdays(date(2028, 2, 28), date(2028, 2, 28)).numbers() == [228]


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
