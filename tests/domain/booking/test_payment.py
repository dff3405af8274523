"""Money for a booking: what it costs, what is owing, payments, refunds, and what is to be refunded."""

from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from domain.actor import Role
from domain.booking.commands import CancelBooking, MarkAttendance, RecordBookingPayment
from domain.booking.facts import BookingPaymentRecorded, BookingPaymentRefunded, SharedPayment
from domain.package.commands import NewPayment, RefundPayment
from domain.refusals import (
    BackDatingNotAllowed,
    EffectiveAtOutOfRange,
    Invalid,
    LimitReached,
    NotFound,
    Overpayment,
    RefundExceedsPaid,
    WrongBookingState,
)
from domain.values import AMOUNT_MAX, Money, PaymentMethod
from tests.domain.appointments import FORFEIT, IN_TIME, LATE, RESTORE, START, attend, book, call_off
from tests.domain.given import Outcome, fold_booking, given
from tests.domain.words import NOW, because, euros, moment, pay, sold

LATER = "2026-10-03 18:00"
AFTER = "2026-10-08 10:00"


def paying(amount: int, *, payment: str = "pay_new", price: int | None = None, **fields: Any) -> Any:
    named = None if price is None else euros(price)
    return RecordBookingPayment(
        booking_id="bkg_1", payment=pay(amount, payment=payment), price=named, **fields
    )


def giving_back(amount: int, payment: str = "pay_new") -> RefundPayment:
    return RefundPayment(payment_id=payment, amount=euros(amount), reason=because())


def at_the_desk(service: str = "svc_massage", terms: Any = FORFEIT, **fields: Any) -> Outcome:
    """A massage of 60.00 that no units pay for."""
    return given().under(cancellation=terms).when(book(service_id=service, **fields))


# Payments


@pytest.mark.covers("S54", "S55")
def test_a_payment_says_what_it_costs_and_what_is_paid_in_all() -> None:
    outcome = at_the_desk().and_when(paying(2_500), LATER)
    assert outcome.booked == {
        "bkg_1": [
            BookingPaymentRecorded(
                effective_at=moment(LATER),
                payment_id="pay_new",
                amount=2_500,
                currency="EUR",
                method=PaymentMethod.CASH,
                price=6_000,
                paid=2_500,
            )
        ]
    }
    assert (outcome.booking.price, outcome.booking.owing) == (6_000, 3_500)
    rest = outcome.and_when(paying(3_500, payment="pay_2"), LATER)
    assert (rest.booking.paid, rest.booking.owing) == (6_000, 0)


def test_no_more_is_paid_than_is_owing_unless_the_payment_names_another_price() -> None:
    made = at_the_desk(quantity=2)
    made.and_when(paying(12_001)).refused(Overpayment, requested=12_001, owing=12_000)
    long_hair = made.and_when(paying(15_000, price=15_000))
    assert (long_hair.booking.price, long_hair.booking.owing) == (15_000, 0)
    cheaper = made.and_when(paying(8_000, price=8_000))
    cheaper.and_when(paying(1, payment="pay_2")).refused(Overpayment, requested=1, owing=0)
    given().when(book(payment=pay(6_001))).refused(Overpayment, requested=6_001, owing=6_000)


def test_without_a_list_price_only_the_largest_amount_limits_a_payment() -> None:
    outcome = at_the_desk("svc_talk").and_when(paying(AMOUNT_MAX))
    assert (outcome.booking.price, outcome.booking.owing) == (None, None)
    outcome.and_when(paying(1, payment="pay_2")).refused_naming(LimitReached, limit=AMOUNT_MAX)


def test_what_units_pay_owes_nothing_and_may_be_paid_something_beside_them() -> None:
    outcome = given(sold()).when(book())
    assert outcome.booking.owing == 0
    assert outcome.and_when(paying(9_000)).booking.paid == 9_000


@pytest.mark.parametrize(
    ("payment", "pointer"),
    [
        (pay(0), "/amount/amount"),
        (
            NewPayment(payment_id="pay_1", amount=Money(amount=1, currency="HUF"), method=PaymentMethod.CASH),
            "/amount/currency",
        ),
    ],
)
def test_a_payment_is_above_0_and_in_the_money_of_the_business(payment: NewPayment, pointer: str) -> None:
    for outcome, where in (
        (at_the_desk().and_when(RecordBookingPayment(booking_id="bkg_1", payment=payment)), ""),
        (given().when(book(payment=payment)), "/payment"),
    ):
        assert isinstance(outcome.refusal, Invalid)
        assert outcome.refusal.pointer == where + pointer


def test_a_payment_may_be_entered_later_but_lies_not_before_its_booking() -> None:
    made = at_the_desk()
    staff = made.and_when(paying(1, effective_at=moment(NOW)), LATER, Role.STAFF)
    (fact,) = staff.booked["bkg_1"]
    assert isinstance(fact, BookingPaymentRecorded)
    assert fact.effective_at == moment(NOW)
    next_day = "2026-10-04 10:00"
    made.and_when(paying(1, effective_at=moment(NOW)), next_day, Role.STAFF).refused_naming(
        BackDatingNotAllowed
    )
    assert made.and_when(paying(1, effective_at=moment(NOW)), next_day, Role.MANAGER).told()
    made.and_when(paying(1, effective_at=moment("2026-10-03 11:59")), LATER).refused_naming(
        EffectiveAtOutOfRange, earliest=moment(NOW)
    )


def test_a_session_that_was_entered_afterwards_may_have_been_paid_when_it_took_place() -> None:
    made = at_the_desk(start="2026-10-02 09:00")
    assert made.and_when(paying(1, effective_at=moment("2026-10-02 09:00"))).told()


# A series


@pytest.mark.covers("S102")
def test_a_payment_for_a_series_is_spread_over_its_bookings() -> None:
    made = given().when(book(weeks=3, payment=pay(10_000), shares=("pay_2", "pay_3")))
    shares = [facts[1] for facts in made.booked.values()]
    assert [
        (share.payment_id, share.amount, share.shared, share.price)
        for share in shares
        if isinstance(share, BookingPaymentRecorded)
    ] == [
        ("pay_new", 3_334, SharedPayment(payment_id="pay_new", amount=10_000, before=0), 6_000),
        ("pay_2", 3_333, SharedPayment(payment_id="pay_new", amount=10_000, before=3_334), 6_000),
        ("pay_3", 3_333, SharedPayment(payment_id="pay_new", amount=10_000, before=6_667), 6_000),
    ]


@drawn(st.integers(1, 40), st.integers(2, 12))
def test_the_shares_add_up_to_the_payment_and_differ_by_one_at_most(amount: int, weeks: int) -> None:
    ids = tuple(f"pay_{n}" for n in range(2, weeks + 1))
    made = given().when(book(service_id="svc_talk", weeks=weeks, payment=pay(amount), shares=ids))
    paid = [fold_booking(facts).paid for facts in made.world.bookings.values()]
    assert (sum(paid), len(paid)) == (amount, weeks)
    assert max(paid) - min(paid) <= 1
    assert {len(facts) - 1 for facts in made.booked.values()} <= {0, 1}, "no share, no payment"


def test_a_series_owes_what_all_its_bookings_cost() -> None:
    whole = given().when(book(weeks=3, payment=pay(18_000), shares=("pay_2", "pay_3")))
    assert {fold_booking(facts).owing for facts in whole.world.bookings.values()} == {0}
    more = given().when(book(weeks=3, payment=pay(18_001), shares=("pay_2", "pay_3")))
    more.refused(Overpayment, requested=18_001, owing=18_000)
    named = given().when(book(weeks=3, payment=pay(20_000), price=euros(20_000), shares=("pay_2", "pay_3")))
    prices = [fold_booking(facts).price for facts in named.world.bookings.values()]
    assert prices == [6_667, 6_667, 6_666]


def test_a_payment_for_a_series_is_for_the_bookings_that_were_made() -> None:
    world = given(sold(units=2))
    made = world.when(book(weeks=3, package_id="pkg_1", payment=pay(901), shares=("pay_2", "pay_3")))
    assert [fold_booking(facts).paid for facts in made.world.bookings.values()] == [451, 450]


# Refunds


@pytest.mark.covers("S81")
def test_a_refund_gives_back_at_most_what_is_left_of_its_payment() -> None:
    paid = at_the_desk(payment=pay(4_000))
    back = paid.and_when(giving_back(1_500), LATER)
    assert back.booked == {
        "bkg_1": [
            BookingPaymentRefunded(
                effective_at=moment(LATER),
                payment_id="pay_new",
                amount=1_500,
                currency="EUR",
                method=PaymentMethod.CASH,
                paid=2_500,
                reason=because().ref,
            )
        ]
    }
    assert (back.booking.paid, back.booking.owing) == (2_500, 3_500)
    back.and_when(giving_back(2_501)).refused(RefundExceedsPaid, requested=2_501, refundable=2_500)
    paid.and_when(giving_back(1, "pay_unknown")).refused_naming(NotFound)


def test_a_refund_never_lies_before_its_payment() -> None:
    ahead = at_the_desk().and_when(paying(100, effective_at=moment("2026-10-03 12:04")), NOW)
    (fact,) = ahead.and_when(giving_back(100), "2026-10-03 12:01").booked["bkg_1"]
    assert isinstance(fact, BookingPaymentRefunded)
    assert fact.effective_at == moment("2026-10-03 12:04")


# Called off


@pytest.mark.parametrize(
    ("command", "at", "terms", "due"),
    [
        (call_off(), IN_TIME, FORFEIT, True),
        (call_off("business"), LATE, FORFEIT, True),
        (call_off(), LATE, FORFEIT, False),
        (call_off(), LATE, RESTORE, True),
        (call_off(override="restore"), LATE, FORFEIT, True),
        (call_off(override="forfeit"), LATE, RESTORE, False),
        (attend("no_show"), AFTER, FORFEIT, False),
        (attend("no_show"), AFTER, RESTORE, True),
    ],
)
def test_money_is_to_be_refunded_where_units_would_go_back(
    command: CancelBooking | MarkAttendance, at: str, terms: Any, due: bool
) -> None:
    over = at_the_desk(terms=terms, payment=pay(4_000)).and_when(command, at)
    assert (over.booking.refund_due, over.booking.owing) == (due, 0 if due else 2_000)
    late_fee = over.and_when(paying(2_000, payment="pay_2"), AFTER)
    if due:
        late_fee.refused_naming(WrongBookingState, wanted="paid")
    else:
        assert late_fee.booking.paid == 6_000
    assert over.and_when(giving_back(4_000), AFTER).booking.paid == 0


def test_an_override_without_units_or_money_has_no_place() -> None:
    refusal = at_the_desk(terms=RESTORE).and_when(call_off(override="forfeit"), LATE).refusal
    assert isinstance(refusal, Invalid)
    assert refusal.pointer == "/override"


def test_money_follows_the_terms_of_the_business_though_units_follow_those_of_their_package() -> None:
    world = given(sold(cancellation=RESTORE)).under(cancellation=FORFEIT)
    made = world.when(book(package_id="pkg_1", payment=pay(500)))
    over = made.and_when(call_off(), LATE)
    assert over.booking.refund_due is False
    assert over.told()["pkg_1"] == ["package.restored"]
    assert START > LATE
