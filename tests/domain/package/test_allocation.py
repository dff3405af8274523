"""One use over several packages: which are passed over, which come first, and what is too much."""

from typing import Any

import pytest

from domain.calendar_rules import ExpiryAfterFirstUse
from domain.package.facts import PackageFact
from domain.refusals import InsufficientUnits, PaymentRequired
from domain.use_cases.redemption import candidates
from tests.domain.given import given
from tests.domain.words import (
    FACIAL,
    MASSAGE,
    cancelled,
    froze,
    line,
    moment,
    of_line,
    paid,
    redeem_any,
    restored,
    sold,
    used,
)

QUARTER = ExpiryAfterFirstUse(count=90, unit="days")


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


def test_the_position_goes_before_the_number_of_the_line() -> None:
    first = sold(line(1, FACIAL), line(1, MASSAGE))
    assert first_choice(pkg_a=first, pkg_b=sold(units=1)) == "pkg_a"


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


def test_packages_of_which_nothing_is_left_are_not_looked_at() -> None:
    """A customer of ten years has hundreds."""
    used_up: list[PackageFact] = [sold(units=1), used(1, remaining=0, at="2026-10-02 09:00")]
    world = given(pkg_a=used_up, pkg_b=[sold(units=2)], pkg_c=used_up)
    books = world.books(redeem_any())
    assert [found.id for found in candidates("cus_1", None, books)] == ["pkg_b"]
    world.when(redeem_any(3)).refused(InsufficientUnits, requested=3, available=2, remaining=2)
    # Back then there was a unit; it was used since.
    given(pkg_a=used_up).when(redeem_any(effective_at=moment("2026-10-01 12:00"))).refused(
        InsufficientUnits, requested=1, available=0, remaining=0
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
