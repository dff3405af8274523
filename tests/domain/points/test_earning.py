"""What earn rules give for payments, purchases and visits, and what is taken back with them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from domain.booking.facts import Attendance, AttendanceMarked, BookingCancelled, BookingFact, By
from domain.booking.state import evolve as evolve_booking
from domain.business.facts import EarnRule, PaymentRule, PurchaseRule, VisitRule
from domain.package.checks import FACTS_KEPT, FACTS_MAX
from domain.package.commands import RefundPayment
from domain.package.fact_parts import FreedUse
from domain.package.facts import PackageFact, PackageVoided
from domain.package.money_facts import PaymentRefunded
from domain.points.earning import Cause, Gives, TakesBack, earned, of_booking, of_package
from domain.points.facts import PointsAdded, PointsAdjusted, PointsFact, PointsSource
from domain.points.state import PointsAccount, change_of, entry_of, evolve
from domain.updated import updated
from domain.values import CancellationTerms, PaymentMethod
from tests.domain.appointments import attend, book
from tests.domain.given import Outcome, fold, fold_booking, given
from tests.domain.words import (
    NOW,
    because,
    cancelled,
    corrected,
    euros,
    moment,
    of_line,
    paid,
    pay,
    restored,
    sold,
    used,
)

ON_PAYMENT = PaymentRule(on="payment", points=1, per_amount=100)
ON_PURCHASE = PurchaseRule(on="purchase", points=20)
ON_VISIT = VisitRule(on="visit", points=5)
RULES: tuple[EarnRule, ...] = (ON_PAYMENT, ON_PURCHASE, ON_VISIT)


def account(*facts: PointsFact) -> PointsAccount | None:
    state: PointsAccount | None = None
    for fact in facts:
        state = evolve(state, fact)
    return state


def earn(caused: Sequence[Cause], *before: PointsFact, rules: Sequence[EarnRule] = RULES) -> list[PointsFact]:
    return earned(account(*before), caused, rules, 3)


def told(
    *facts: PackageFact, before: Sequence[PackageFact] = (), ours: Sequence[str] = ("bkg_1",)
) -> list[Cause]:
    """The causes in new facts of pkg_1."""
    return list(of_package(facts, "pkg_1", fold([*before, *facts]), lambda id: id in ours))


def refunded(amount: int, *, total: int, payment: str = "pay_1") -> PaymentRefunded:
    return PaymentRefunded(
        effective_at=moment(NOW),
        payment_id=payment,
        amount=amount,
        method=PaymentMethod.CASH,
        paid=total,
        reason=because().ref,
    )


def freed(*units: int) -> FreedUse:
    return FreedUse(redemption_id="red_1", allocation=1, units=units)


# What gives points


def test_an_addition_by_rule_names_its_source_and_the_rule() -> None:
    assert earn([Gives("payment", "pay_1", moment(NOW), 12_550)]) == [
        PointsAdded(
            effective_at=moment(NOW),
            entry_id=entry_of("pay_1"),
            points=125,
            balance=125,
            source=PointsSource(kind="payment", id="pay_1"),
            rule=ON_PAYMENT,
            policy_version=3,
            by="system",
        )
    ]


def test_a_sale_that_is_paid_at_once_earns_for_purchase_and_payment() -> None:
    found = earn(told(sold(units=5), paid(5_000, total=5_000)))
    assert [(change_of(fact), fact.balance) for fact in found] == [(20, 20), (50, 70)]


@pytest.mark.parametrize(("amount", "points"), [(99, 0), (100, 1), (199, 1), (200, 2), (10**12, 10**10)])
def test_points_on_a_payment_are_rounded_down_and_none_are_no_fact(amount: int, points: int) -> None:
    found = earn([Gives("payment", "pay_1", moment(NOW), amount)])
    assert sum(map(change_of, found)) == points
    assert len(found) == (points > 0)


def test_a_use_without_a_booking_is_one_visit_however_many_packages_it_takes() -> None:
    first, second = used(1, remaining=9), used(2, remaining=8, allocation=2)
    booked = used(3, remaining=7, redemption="red_b", booking_id="bkg_1")
    assert told(first, second, booked, before=[sold()]) == [Gives("visit", "red_1", moment(NOW))]


def test_a_use_for_a_booking_kept_elsewhere_is_a_visit() -> None:
    fact = used(1, remaining=9, booking_id="bkg_theirs")
    assert told(fact, before=[sold()], ours=()) == [Gives("visit", "red_1", moment(NOW))]


LATER = moment("2026-10-03 18:00")
Late = Literal["forfeit", "restore"]


def marked(attendance: Attendance) -> AttendanceMarked:
    return AttendanceMarked(attendance=attendance, marked_at=LATER)


def called_off(by: By = "customer", *, in_time: bool = False) -> BookingCancelled:
    return BookingCancelled(
        by=by,
        in_time=in_time,
        free_until=moment(NOW),
        notice_minutes=0,
        policy_version=1,
        refund_due=in_time or by == "business",
    )


def of_appointment(
    fact: BookingFact, late: Late = "forfeit", start: str = NOW, now: datetime = LATER
) -> list[Cause]:
    """What a fact of a booking that is paid at the till gives and takes."""
    world = given().under(cancellation=CancellationTerms(notice_hours=24, late=late))
    booked = evolve_booking(world.when(book(start, payment=pay(4_000))).booking, fact)
    return list(of_booking([fact], "bkg_1", booked, now))


@pytest.mark.parametrize("attendance", ["attended", "late"])
def test_a_booking_is_a_visit_when_somebody_came(attendance: Attendance) -> None:
    assert of_appointment(marked(attendance)) == [Gives("visit", "bkg_1", moment(NOW))]


def test_a_visit_that_is_marked_early_counts_from_then() -> None:
    (visit,) = of_appointment(marked("attended"), start="2026-10-04 09:00", now=moment(NOW))
    assert visit.effective_at == moment(NOW)


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (called_off(in_time=True), []),
        (called_off("business"), []),
        (called_off(), []),
        (marked("no_show"), [TakesBack("visit", "bkg_1", LATER)]),
    ],
)
@pytest.mark.parametrize("late", ["forfeit", "restore"])
def test_points_on_a_payment_stay_until_it_is_refunded(
    fact: BookingFact, expected: list[Cause], late: Late
) -> None:
    assert of_appointment(fact, late) == expected


def test_a_visit_that_came_about_after_all_is_given_anew_and_taken_back_anew() -> None:
    made = given().when(book("2026-10-03 11:30"))
    outcome, told = made, []
    for attendance in ("attended", "late", "no_show", "attended", "no_show", "no_show", "late"):
        outcome = outcome.and_when(attend(attendance))
        told += causes(outcome)
    found = earn(told)
    assert [change_of(fact) for fact in found] == [5, -5, 5, -5, 5]
    assert {fact.source for fact in found} == {PointsSource(kind="visit", id="bkg_1")}
    assert len({fact.entry_id for fact in found}) == 5


def causes(outcome: Outcome) -> list[Cause]:
    """What the facts of a command on bookings give and take."""
    return [
        cause
        for id, facts in outcome.booked.items()
        for cause in of_booking(facts, id, fold_booking(outcome.world.bookings[id]), LATER)
    ]


def test_a_payment_for_a_booking_earns_and_a_refund_takes_its_part_back() -> None:
    made = given().when(book(payment=pay(4_050)))
    assert causes(made) == [Gives("payment", "pay_new", moment(NOW), 4_050)]
    refund = RefundPayment(payment_id="pay_new", amount=euros(2_000), reason=because())
    back = made.and_when(refund, "2026-10-03 12:00")
    rest = back.and_when(refund.model_copy(update={"amount": euros(2_050)}), "2026-10-03 13:00")
    found = earn([*causes(made), *causes(back), *causes(rest)])
    assert [change_of(fact) for fact in found] == [40, -19, -21]


def test_a_payment_for_a_series_earns_once_and_its_refunds_take_back_exactly_that() -> None:
    """Apart, its shares would give 33 + 33 + 33."""
    made = given().when(book(weeks=3, payment=pay(10_000), shares=("pay_2", "pay_3")))
    given_for = causes(made)
    assert given_for == [Gives("payment", "pay_new", moment(NOW), 10_000)]
    outcome, undone = made, []
    for payment_id, amount in (("pay_2", 3_333), ("pay_new", 3_334), ("pay_3", 3_333)):
        refund = RefundPayment(payment_id=payment_id, amount=euros(amount), reason=because())
        outcome = outcome.and_when(refund, "2026-10-03 12:00")
        undone += causes(outcome)
    found = earn([*given_for, *undone])
    assert [change_of(fact) for fact in found] == [100, -33, -33, -34]
    assert {fact.source for fact in found} == {PointsSource(kind="payment", id="pay_new")}


def test_without_a_rule_on_it_a_cause_gives_nothing() -> None:
    caused = [Gives("visit", "red_1", moment(NOW)), Gives("purchase", "pkg_1", moment(NOW))]
    assert earn(caused, rules=[ON_PAYMENT]) == []


def test_a_source_gives_once_whatever_comes_later() -> None:
    visit = Gives("visit", "bkg_1", moment(NOW))
    (given,) = earn([visit, visit])
    (back,) = earn([TakesBack("visit", "bkg_1", moment(NOW))], given)
    assert earn([visit], given, back) == []


def test_a_full_account_earns_nothing_and_refuses_nothing() -> None:
    (given,) = earn([Gives("visit", "red_1", moment(NOW))])
    state = account(given)
    assert state is not None
    full = updated(state, version=FACTS_MAX - FACTS_KEPT)
    assert earned(full, [Gives("visit", "red_2", moment(NOW))], RULES, 3) == []
    assert earned(full, [TakesBack("visit", "red_1", moment(NOW))], RULES, 3)
    full = updated(state, version=FACTS_MAX)
    assert earned(full, [TakesBack("visit", "red_1", moment(NOW))], RULES, 3) == []


# What takes them back


def test_points_go_with_the_refund_even_when_the_rule_is_gone() -> None:
    before: list[PackageFact] = [sold(units=5), paid(5_000, total=5_000)]
    (given,) = earn(told(before[1], before=before[:1]), rules=[ON_PAYMENT])
    assert earn(told(refunded(5_000, total=0), before=before), given, rules=[]) == [
        PointsAdjusted(
            effective_at=moment(NOW),
            entry_id=entry_of(entry_of("pay_1"), 50),
            points=-50,
            balance=0,
            reverses=entry_of("pay_1"),
            source=PointsSource(kind="payment", id="pay_1"),
            by="system",
        )
    ]


@drawn(st.integers(1, 10_000), st.integers(1, 50), st.integers(1, 300), st.lists(st.integers(1, 3_000)))
def test_refunds_in_parts_take_the_floor_of_all_of_them_and_in_full_everything(
    amount: int, points: int, per_amount: int, parts: list[int]
) -> None:
    rule = PaymentRule(on="payment", points=points, per_amount=per_amount)
    state: PointsAccount | None = None
    for fact in earned(None, [Gives("payment", "pay_1", moment(NOW), amount)], [rule], 1):
        state = evolve(state, fact)
    given, back = (0 if state is None else state.balance), 0
    for part in [*parts, amount]:
        before, back = back, min(back + part, amount)
        for fact in earned(state, [TakesBack("payment", "pay_1", moment(NOW), back, amount, before)], [], 1):
            state = evolve(state, fact)
        assert (0 if state is None else state.balance) == given - given * back // amount


def test_what_was_taken_back_by_hand_is_not_taken_back_again() -> None:
    (given,) = earn([Gives("payment", "pay_1", moment(NOW), 5_000)])
    by_hand = PointsAdjusted(
        effective_at=moment(NOW), entry_id="pts_2", points=-50, balance=0, reverses=given.entry_id, by="staff"
    )
    assert earn([TakesBack("payment", "pay_1", moment(NOW))], given, by_hand) == []


def test_a_refund_of_a_payment_that_earned_nothing_takes_nothing() -> None:
    assert earn([TakesBack("payment", "pay_1", moment(NOW))]) == []


def test_cancelling_and_voiding_take_back_what_the_purchase_earned() -> None:
    lapsed = of_line(1, *range(1, 11))
    void = PackageVoided(effective_at=moment(NOW), lapsed=(lapsed,), reason=because().ref)
    for end in (cancelled(lapsed), void):
        caused = told(end, before=[sold()])
        assert caused == [TakesBack("purchase", "pkg_1", moment(NOW))]
        (given,) = earn(told(sold()), rules=[ON_PURCHASE])
        assert [change_of(fact) for fact in earn(caused, given)] == [-20]


def test_points_may_be_spent_when_they_are_taken_back() -> None:
    (given,) = earn([Gives("visit", "red_1", moment(NOW))])
    spent: Any = PointsAdjusted(effective_at=moment(NOW), entry_id="pts_2", points=-5, balance=0, by="staff")
    (back,) = earn([TakesBack("visit", "red_1", moment(NOW))], given, spent)
    assert back.balance == -5


def test_a_use_is_undone_when_nothing_of_it_is_left() -> None:
    before: list[PackageFact] = [sold(), used(1, 2, remaining=8)]
    assert told(restored(2, remaining=9), before=before) == []
    whole = told(restored(2, remaining=9), restored(1, remaining=10), before=before)
    assert set(whole) == {TakesBack("visit", "red_1", moment(NOW))}


def test_a_correction_that_frees_the_last_unit_undoes_the_use_as_well() -> None:
    before: list[PackageFact] = [sold(), used(1, 2, remaining=8)]
    half = corrected(1, remaining=9, freed=(freed(2),))
    assert told(half, before=before) == []
    both = corrected(2, remaining=10, freed=(freed(2, 1),))
    assert told(both, before=before) == [TakesBack("visit", "red_1", moment(NOW))]
