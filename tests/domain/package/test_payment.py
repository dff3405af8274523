"""Money: payments in parts, refunds and their quote, adjusting a price."""

from typing import Any

import pytest

from domain.actor import Role
from domain.package.commands import AdjustPrice, CorrectLine, RecordPayment, RefundPayment
from domain.package.facts import PriceAdjusted
from domain.package.money_facts import PaymentRecorded, PaymentRefunded
from domain.package.payment import RefundQuote, refund_quote
from domain.package.state import payment_status
from domain.refusals import (
    BackDatingNotAllowed,
    EffectiveAtOutOfRange,
    Invalid,
    NotFound,
    Overpayment,
    PackageIsCancelled,
    RefundExceedsPaid,
)
from domain.values import ExternalRef, Money, PaymentMethod
from tests.domain.given import World, given
from tests.domain.words import (
    NOW,
    because,
    cancelled,
    corrected,
    day,
    euros,
    line,
    moment,
    of_line,
    paid,
    pay,
    redeem,
    restored,
    sold,
    used,
)


def record(amount: int, **fields: Any) -> RecordPayment:
    return RecordPayment(package_id="pkg_1", payment=pay(amount), **fields)


def refund(amount: int, payment: str = "pay_1") -> RefundPayment:
    return RefundPayment(payment_id=payment, amount=euros(amount), reason=because())


def adjust(price: int) -> AdjustPrice:
    return AdjustPrice(package_id="pkg_1", price=euros(price), reason=because())


# Payments


@pytest.mark.covers("S28", "S29", "S35")
def test_an_unpaid_package_is_paid_in_parts() -> None:
    world = given(sold(units=5))
    shown = []
    for n, amount in enumerate((1_000, 1_500, 2_500), 1):
        outcome = world.when(RecordPayment(package_id="pkg_1", payment=pay(amount, payment=f"pay_{n}")))
        world, package = outcome.world, outcome.package
        shown.append((package.paid, package.owing, payment_status(package.price, package.paid)))
    assert shown == [(1_000, 4_000, "partial"), (2_500, 2_500, "partial"), (5_000, 0, "paid")]


@pytest.mark.covers("S28")
def test_a_payment_says_how_much_how_and_what_is_paid_with_it() -> None:
    reference = ExternalRef(source="stripe", ref="ch_1")
    payment = pay(2_000, method=PaymentMethod.TRANSFER).model_copy(update={"external_ref": reference})
    given(sold(units=5), paid(1_000, total=1_000)).when(
        RecordPayment(package_id="pkg_1", payment=payment)
    ).then(
        PaymentRecorded(
            effective_at=moment(NOW),
            payment_id="pay_new",
            amount=2_000,
            method=PaymentMethod.TRANSFER,
            paid=3_000,
            external_ref=reference,
        )
    )


def test_a_payment_is_at_most_what_is_owing() -> None:
    world = given(sold(units=5), paid(1_000, total=1_000))
    assert world.when(record(4_000)).facts
    world.when(record(4_001)).refused(Overpayment, requested=4_001, owing=4_000)


def test_a_free_package_takes_no_payment() -> None:
    given(sold(line(1, values=[0]))).when(record(1)).refused(Overpayment, requested=1, owing=0)


def test_a_payment_is_at_least_1_in_the_currency_of_the_package() -> None:
    given(sold()).when(record(0)).refused_naming(Invalid, problem="zero")
    dollars = pay(1).model_copy(update={"amount": Money(amount=1, currency="USD")})
    given(sold()).when(RecordPayment(package_id="pkg_1", payment=dollars)).refused_naming(
        Invalid, problem="wrong-currency"
    )


def test_a_cancelled_package_takes_no_payment_but_an_expired_one_does() -> None:
    given(sold(units=1), cancelled(of_line(1, 1))).when(record(1)).refused(PackageIsCancelled)
    assert given(sold(expires_on="2026-10-02")).when(record(1)).facts


def test_a_payment_may_be_back_dated_like_a_use() -> None:
    world = given(sold())
    given(sold()).when(record(1_000, effective_at=day("2026-10-02")), role=Role.MANAGER).then(
        paid(1_000, total=1_000, payment="pay_new", at="2026-10-02 00:00")
    )
    world.when(record(1, effective_at=moment("2026-10-02 23:59")), role=Role.STAFF).refused(
        BackDatingNotAllowed, role="staff", earliest=moment("2026-10-03 00:00")
    )
    world.when(record(1, effective_at=moment("2026-10-01 08:59"))).refused(
        EffectiveAtOutOfRange, earliest=moment("2026-10-01 09:00"), latest=moment("2026-10-03 12:05")
    )


def test_a_payment_entered_by_a_clock_that_is_behind_is_not_before_the_purchase() -> None:
    bought = sold(at="2026-10-03 12:00")
    behind = moment("2026-10-03 11:58")
    given(bought).when(record(1_000), at=behind).then(
        paid(1_000, total=1_000, payment="pay_new", at="2026-10-03 12:00")
    )


# Refunds


@pytest.mark.covers("S81")
def test_a_refund_goes_against_its_payment_and_moves_no_unit() -> None:
    outcome = given(sold(units=5), paid(3_000, total=3_000)).when(refund(1_000))
    outcome.then(
        PaymentRefunded(
            effective_at=moment(NOW),
            payment_id="pay_1",
            amount=1_000,
            method=PaymentMethod.CASH,
            paid=2_000,
            reason=because().ref,
        )
    )
    assert outcome.package.remaining == 5
    assert outcome.package.owing == 3_000


def test_a_refund_is_at_most_what_is_left_of_its_payment() -> None:
    outcome = given(sold(units=5), paid(1_000, total=1_000), paid(2_000, total=3_000, payment="pay_2")).when(
        refund(600)
    )
    outcome.and_when(refund(401)).refused(RefundExceedsPaid, requested=401, refundable=400)
    assert outcome.and_when(refund(400)).package.paid == 2_000


def test_a_refund_is_at_least_1_in_the_currency_of_the_package() -> None:
    world = given(sold(), paid(1_000, total=1_000))
    world.when(refund(0)).refused_naming(Invalid, problem="zero")
    dollars = RefundPayment(payment_id="pay_1", amount=Money(amount=1, currency="USD"), reason=because())
    world.when(dollars).refused_naming(Invalid, problem="wrong-currency")


def test_an_unknown_payment_is_not_refunded() -> None:
    given(sold()).when(refund(1, payment="pay_none")).refused(NotFound, kind="payment", id="pay_none")


def test_what_was_refunded_may_be_paid_again() -> None:
    outcome = given(sold(units=1), paid(1_000, total=1_000)).when(refund(1_000)).and_when(record(1_000))
    assert outcome.package.owing == 0


def test_a_cancelled_package_may_still_be_refunded() -> None:
    world = given(sold(units=1), paid(1_000, total=1_000), cancelled(of_line(1, 1)))
    assert world.when(refund(1_000)).package.paid == 0


def quote(world: World) -> RefundQuote:
    return refund_quote(world.states["pkg_1"])


@pytest.mark.covers("S81")
def test_the_refund_quote_keeps_what_was_used_or_taken() -> None:
    world = given(
        sold(units=5),
        paid(4_000, total=4_000),
        used(1, 2, remaining=3),
        restored(2, remaining=4),
        corrected(-1, remaining=3, taken=(2,)),
    )
    assert quote(world) == RefundQuote(payments=4_000, refunded=0, used_value=2_000, quote=2_000)
    refunded = world.when(refund(500)).world
    assert quote(refunded) == RefundQuote(payments=4_000, refunded=500, used_value=2_000, quote=1_500)


def test_the_refund_quote_is_never_below_zero() -> None:
    world = given(sold(units=5), paid(1_000, total=1_000), used(1, 2, 3, remaining=2))
    assert quote(world).quote == 0


def test_what_lapsed_or_expired_is_not_kept() -> None:
    lapsed = given(sold(units=2), paid(2_000, total=2_000), cancelled(of_line(1, 1, 2)))
    assert quote(lapsed).quote == 2_000


# The price


def test_a_new_price_is_spread_over_the_units_still_available() -> None:
    outcome = given(sold(units=4), used(1, remaining=3), corrected(-1, remaining=2, taken=(2,))).when(
        adjust(3_001)
    )
    outcome.then(
        PriceAdjusted(
            effective_at=moment(NOW),
            price=3_001,
            previous=4_000,
            values=(((1_000, 2), (501, 1), (500, 1)),),
            unused_value=1_001,
            reason=because().ref,
        )
    )
    assert outcome.package.owing == 3_001


def test_a_new_price_weighs_the_units_as_the_sale_did() -> None:
    outcome = given(sold(line(1, weight=2), line(1, weight=1))).when(adjust(3_000))
    assert [one.values for one in outcome.package.lines] == [(2_000,), (1_000,)]


def test_a_unit_that_a_correction_added_takes_its_share_of_a_new_price() -> None:
    outcome = given(sold(units=1)).when(CorrectLine(package_id="pkg_1", line=1, change=1))
    assert outcome.and_when(adjust(3_000)).package.lines[0].values == (1_500, 1_500)


def test_a_price_is_not_below_the_value_of_units_no_longer_available() -> None:
    world = given(sold(units=4), used(1, remaining=3))
    assert world.when(adjust(1_000)).package.lines[0].values == (1_000, 0, 0, 0)
    world.when(adjust(999)).refused_naming(Invalid, pointer="/price/amount", problem="too-low")


def test_a_price_without_a_unit_to_carry_the_difference_stays() -> None:
    given(sold(units=1), used(1, remaining=0)).when(adjust(1_001)).refused_naming(
        Invalid, pointer="/price/amount", problem="no-units"
    )


def test_the_same_price_again_is_no_fact() -> None:
    given(sold(units=4)).when(adjust(4_000)).then_nothing()


def test_the_price_of_a_cancelled_package_stays() -> None:
    given(sold(units=1), cancelled(of_line(1, 1))).when(adjust(1)).refused(PackageIsCancelled)


def test_a_price_is_in_the_currency_of_the_package() -> None:
    command = AdjustPrice(package_id="pkg_1", price=Money(amount=1, currency="USD"), reason=because())
    given(sold()).when(command).refused_naming(Invalid, pointer="/price/currency", problem="wrong-currency")


def test_a_price_below_what_was_paid_leaves_nothing_owing() -> None:
    outcome = given(sold(units=2), paid(2_000, total=2_000)).when(adjust(1_000))
    assert (outcome.package.owing, payment_status(1_000, outcome.package.paid)) == (0, "paid")


def test_units_used_after_a_new_price_carry_it() -> None:
    given(sold(units=2)).when(adjust(1_001)).and_when(redeem()).then(
        used(1, remaining=1, redemption="red_new", value=501)
    )
