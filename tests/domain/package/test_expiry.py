"""One expiry: what the state, the card and the lists say of it is the same, and so is its form in SQL."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, select

from domain.moments import FIRST_DAY, LAST_DAY, MILLISECOND, local_day, start_of
from domain.package.expiry import Expiry
from projections.engine.definition import Moment
from tests.domain.given import fold
from tests.domain.words import froze, moment, sold

ZONES = st.sampled_from(["Europe/Budapest", "America/New_York", "Pacific/Apia", "Africa/Casablanca", "UTC"])
DAYS = st.dates(date(2000, 1, 1), date(2040, 12, 31))


@st.composite
def expiries(draw: st.DrawFn) -> Expiry:
    """Frozen or not; what is frozen had not ended when it was."""
    last, zone = draw(st.none() | DAYS), draw(ZONES)
    if draw(st.booleans()):
        return Expiry(last, zone)
    frozen_on = draw(DAYS if last is None else st.dates(date(2000, 1, 1), last))
    return Expiry(last, zone, frozen_on, frozen_on + timedelta(days=draw(st.integers(0, 366))))


def around(expiry: Expiry) -> list[datetime]:
    """Moments at every edge that an expiry knows, and on both sides of it."""
    days = [day for day in (expiry.expires_on, expiry.frozen_on, expiry.frozen_until) if day is not None]
    edges = [start_of(day + timedelta(days=n), expiry.zone) for day in days for n in (0, 1)]
    edges += [expiry.valid_until] if expiry.valid_until is not None else []
    return [edge + step for edge in edges for step in (-MILLISECOND, timedelta(0), MILLISECOND)]


@settings(max_examples=300)
@given(expiries(), st.lists(DAYS, max_size=5))
def test_it_has_passed_from_the_moment_that_its_sql_form_names(expiry: Expiry, days: list[date]) -> None:
    for now in [*around(expiry), *(start_of(day, expiry.zone) for day in days)]:
        if expiry.frozen_on is not None and local_day(now, expiry.zone) < expiry.frozen_on:
            continue  # nobody asks before a freeze whether it has passed after it
        by_sql = expiry.valid_until is not None and expiry.valid_until <= now
        assert expiry.has_passed(now) == by_sql


@settings(max_examples=60)
@given(st.lists(expiries(), min_size=1, max_size=20), DAYS)
def test_a_query_finds_what_has_passed(expiries: list[Expiry], day: date) -> None:
    now = start_of(day, "UTC")
    table = Table("x", MetaData(), Column("n", Integer, primary_key=True), Column("valid_until", Moment))
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        table.create(connection)
        rows: list[dict[str, Any]] = [{"n": n, "valid_until": e.valid_until} for n, e in enumerate(expiries)]
        connection.execute(insert(table), rows)
        found = set(connection.scalars(select(table.c.n).where(table.c.valid_until <= now)))
    asked = {
        n for n, e in enumerate(expiries) if e.frozen_on is None or local_day(now, e.zone) >= e.frozen_on
    }
    assert found & asked == {n for n in asked if expiries[n].has_passed(now)}


@given(expiries(), st.dates(FIRST_DAY, LAST_DAY))
def test_what_is_frozen_has_not_passed(expiry: Expiry, day: date) -> None:
    now = start_of(day, expiry.zone)
    assert not (expiry.is_frozen(local_day(now, expiry.zone)) and expiry.has_passed(now))


@pytest.mark.parametrize(
    ("on", "last"), [("2026-10-20", "2026-10-05"), ("2026-10-21", "2026-10-23"), ("2030-01-01", "2026-10-23")]
)
def test_a_freeze_that_the_clock_has_ended_moves_the_last_valid_day(on: str, last: str) -> None:
    package = fold([sold(expires_on=date(2026, 10, 5)), froze("2026-10-20")])
    assert package.expiry.on(date.fromisoformat(on)) == date.fromisoformat(last)
    assert not package.expiry.has_passed(moment("2026-10-20 12:00"))
