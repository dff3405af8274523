"""Periods and what they grant: days by the calendar, one package for each, and units that roll over."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.actor import Role
from domain.catalogue.facts import Period
from domain.membership.commands import StartMembership
from domain.membership.facts import MembershipRenewed
from domain.membership.state import period_package
from domain.moments import start_of
from domain.package.commands import CancelPackage, CorrectLine, FreezePackage, RedeemUnits, SetExpiry
from domain.refusals import (
    BackDatingNotAllowed,
    CustomerIsBlocked,
    Invalid,
    NotEligible,
    NotFound,
    OfferIsRetired,
)
from tests.domain.membership.club import FIRST, NAMED, Club, plan
from tests.domain.words import HOUSEHOLD, ZONE, because

ONE, TWO = period_package("mem_1", 1), period_package("mem_1", 2)
FEBRUARY, MARCH = "2026-02-28 00:00", "2026-03-31 00:00"


def use(quantity: int, package: str = ONE) -> RedeemUnits:
    return RedeemUnits(package_id=package, redemption_id="red_1", service_id="svc_massage", quantity=quantity)


# Periods


def test_a_start_today_grants_the_first_period_in_the_same_append() -> None:
    club = Club().start()
    begun = ["membership.started", "membership.renewed"]
    assert club.told() == {ONE: ["package.granted"], "mem_1": begun, **NAMED}
    assert (club.state.period, club.state.ends_on) == (1, date(2026, 2, 27))
    assert club.package(1).expires_on == date(2026, 2, 27)
    assert (club.package(1).price, club.package(1).owing) == (40_000, 40_000)


def test_periods_are_counted_from_the_first_day_so_that_short_months_cost_nothing() -> None:
    club = Club().start().renew(FEBRUARY).renew(MARCH)
    days = [(fact.starts_on, fact.ends_on) for fact in club.facts if isinstance(fact, MembershipRenewed)]
    assert days == [
        (date(2026, 1, 31), date(2026, 2, 27)),
        (date(2026, 2, 28), date(2026, 3, 30)),
        (date(2026, 3, 31), date(2026, 4, 29)),
    ]


def test_a_period_is_not_granted_before_it_begins() -> None:
    assert "period 2 begins on 2026-02-28" in Club().start().renew("2026-02-27 23:59").refused(NotEligible)


def test_a_later_start_waits_and_an_earlier_one_begins_then() -> None:
    waiting = Club().start(starts_on=date(2026, 3, 1))
    assert waiting.told() == {"mem_1": ["membership.started"], **NAMED}
    assert waiting.renew("2026-03-01 00:00").package(1).purchased_at == start_of(date(2026, 3, 1), ZONE)
    assert Club().start(starts_on=date(2026, 1, 2)).package(1).purchased_at == start_of(
        date(2026, 1, 2), ZONE
    )
    Club().start(starts_on=date(2027, 2, 2)).refused(Invalid)


def test_a_renewal_is_effective_when_its_period_began_however_late_it_is_recorded() -> None:
    late = Club().start().renew("2026-03-20 12:00")
    assert late.granted(2).effective_at == start_of(date(2026, 2, 28), ZONE)
    assert late.granted(2).entered_on == date(2026, 3, 20)


def test_a_period_that_is_granted_is_not_granted_again() -> None:
    club = Club().start().renew("2026-06-01 12:00", 2)
    assert club.renew("2026-06-01 12:00", 2).told() == {}
    assert club.renew("2026-06-01 12:00", 1).told() == {}
    club.renew("2026-06-01 12:00", 4).refused(Invalid)
    assert club.renew("2026-06-01 12:00", 3).state.period == 3


def test_what_cannot_start_or_go_on_is_refused() -> None:
    Club(retired=True).start().refused(OfferIsRetired)
    blocked = replace(HOUSEHOLD, blocked=True)
    Club(customer=blocked).start().refused(CustomerIsBlocked)
    replace(Club().start(), customer=blocked).renew(FEBRUARY).refused(CustomerIsBlocked)
    Club().start(beneficiaries=("par_none",)).refused(Invalid)
    early = StartMembership(
        membership_id="mem_1", plan_id="pln_gold", customer_id="cus_1", starts_on=date(2026, 1, 30)
    )
    Club().when(early, role=Role.STAFF).refused(BackDatingNotAllowed)
    Club().renew(FEBRUARY).refused(NotFound)


def test_a_participant_who_left_is_not_in_the_new_period() -> None:
    club = Club().start(beneficiaries=("par_max",))
    assert club.package(1).beneficiaries == ("par_max",)
    gone = {id: each for id, each in HOUSEHOLD.participants.items() if id != "par_max"}
    later = replace(club, customer=replace(HOUSEHOLD, participants=gone)).renew(FEBRUARY)
    assert later.package(2).beneficiaries == ("par_ada",)


# Rolling over


@pytest.mark.parametrize(("used", "limit", "rolled"), [(0, 3, 3), (1, 3, 3), (2, 3, 2), (4, 3, 0), (0, 0, 0)])
def test_unused_units_roll_over_up_to_the_limit(used: int, limit: int, rolled: int) -> None:
    club = Club(terms=plan(4, limit=limit)).start()
    club = club.when(use(used)) if used else club
    club = club.renew(FEBRUARY)
    old, new = club.package(1), club.package(2)
    assert (old.remaining, new.remaining) == (4 - used - rolled, 4 + rolled)
    assert (new.price, new.covered, new.owing) == (40_000 + rolled * 10_000, rolled * 10_000, 40_000)
    assert club.granted(2).from_package_id == (ONE if rolled else None)


def test_what_rolled_over_counts_first_against_the_next_limit_and_is_used_first() -> None:
    club = Club(terms=plan(4, price=40_001)).start().renew(FEBRUARY).renew(MARCH)
    assert (club.package(2).remaining, club.package(3).remaining) == (4, 7)
    kept, again = club.granted(2).lines[0].values, club.granted(3).lines[0].values
    assert kept == ((10_001, 1), (10_000, 2), (10_001, 1), (10_000, 3))
    assert again == kept, "the very units that had rolled over"


def test_lines_give_in_their_order_until_the_limit_is_reached() -> None:
    club = Club(terms=plan(2, 3, limit=3)).start().renew(FEBRUARY)
    assert club.granted(2).rolled == (2, 1)
    assert [line.remaining for line in club.package(1).lines] == [0, 2]


def test_no_more_rolls_over_than_a_line_holds() -> None:
    club = Club(terms=plan(999, limit=5_000)).start().renew(FEBRUARY)
    assert club.granted(2).rolled == (1,)


def test_a_package_that_was_cancelled_frozen_or_had_expired_before_gives_nothing() -> None:
    began = Club().start()
    for command in (
        CancelPackage(package_id=ONE, reason=because()),
        FreezePackage(package_id=ONE, until=date(2026, 3, 9), reason=because()),
        SetExpiry(package_id=ONE, expires_on=date(2026, 2, 26)),
    ):
        assert began.when(command).renew(FEBRUARY).granted(2).units_rolled == 0


def test_what_came_back_after_the_period_stays_where_it_is() -> None:
    club = Club(terms=plan(4, limit=9)).start().when(use(3))
    club = club.when(CorrectLine(package_id=ONE, line=1, change=2), "2026-03-02 12:00")
    assert club.renew("2026-03-03 12:00").granted(2).units_rolled == 1


def test_a_debt_stays_with_the_package_it_began_with() -> None:
    club = Club().start().renew(FEBRUARY)
    assert (club.package(1).owing, club.package(2).owing) == (40_000, 40_000)


# Laws


@given(
    quantities=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    price=st.integers(0, 10_000),
    limit=st.integers(0, 20),
    taken=st.lists(st.integers(0, 6), min_size=6, max_size=6),
    count=st.integers(1, 40),
)
def test_every_unit_is_in_one_place_and_all_values_are_kept(
    quantities: list[int], price: int, limit: int, taken: list[int], count: int
) -> None:
    period = Period(count=count, unit="days")
    club = Club(terms=plan(*quantities, price=price, limit=limit, period=period)).start()
    for number, wanted in enumerate(taken, 2):
        present = club.package(number - 1)
        if n := min(wanted, present.remaining):
            command = RedeemUnits(
                package_id=period_package("mem_1", number - 1),
                redemption_id=f"red_{number}",
                service_id="svc_massage",
                quantity=n,
            )
            noon = start_of(FIRST + timedelta(days=(number - 2) * count), ZONE) + timedelta(hours=12)
            club = club.when(command, noon)
            assert club.refusal is None
        club = club.renew(start_of(FIRST + timedelta(days=(number - 1) * count), ZONE))
        assert club.refusal is None
        before, after = club.package(number - 1), club.package(number)
        rolled = club.granted(number).units_rolled
        assert rolled <= limit
        assert rolled == limit or before.remaining == 0
        assert after.remaining == sum(quantities) + rolled
        assert after.price == price + club.granted(number).rolled_value
    packages = [club.package(n) for n in range(1, club.state.period + 1)]
    here = sum(sum(line.values) for each in packages for line in each.lines)
    moved = sum(each.covered for each in packages)
    assert here - moved == price * len(packages), "what was sold, once"


@given(days=st.integers(1, 400), count=st.integers(1, 13), unit=st.sampled_from(["days", "weeks", "months"]))
def test_periods_follow_each_other_without_a_gap(days: int, count: int, unit: str) -> None:
    period = Period.model_validate({"count": count, "unit": unit})
    club, now = Club(terms=plan(period=period)).start(), start_of(FIRST + timedelta(days=days), ZONE)
    for _ in range(12):
        if not club.state.is_due(now):
            break
        club = club.renew(now)
    found = [fact for fact in club.facts if isinstance(fact, MembershipRenewed)]
    for before, after in pairwise(found):
        assert after.starts_on == before.ends_on + timedelta(days=1)
        assert after.period == before.period + 1
        assert after.starts_on <= after.ends_on
