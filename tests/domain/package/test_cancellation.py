"""The end of a package: cancelling, with or without a refund, and voiding a sale made by mistake."""

import pytest

from domain.package.commands import CancelPackage, Refund, ReinstatePackage, RestoreUnits, VoidPackage
from domain.package.facts import PackageCancelled, PackageVoided
from domain.package.money_facts import PaymentRefunded
from domain.refusals import NotEligible, NotFound, PackageIsCancelled, RefundExceedsPaid
from domain.values import PaymentMethod
from tests.domain.given import given
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
    redeem,
    restored,
    sold,
    used,
)

CANCEL = CancelPackage(package_id="pkg_1", reason=because())
VOID = VoidPackage(package_id="pkg_1", reason=because())


def refunded(amount: int, left: int, payment: str = "pay_1", at: str = NOW) -> PaymentRefunded:
    return PaymentRefunded(
        effective_at=moment(at),
        payment_id=payment,
        amount=amount,
        method=PaymentMethod.CASH,
        paid=left,
        reason=because().ref,
    )


def with_refund(amount: int, payment: str = "pay_1") -> CancelPackage:
    return CancelPackage(
        package_id="pkg_1", reason=because(), refund=Refund(amount=euros(amount), payment_id=payment)
    )


@pytest.mark.covers("S14")
def test_cancelling_lapses_what_remains_and_leaves_what_was_used() -> None:
    outcome = given(sold(line(3), line(2, values=[70, 30])), used(1, remaining=2)).when(CANCEL)
    outcome.then(
        PackageCancelled(
            effective_at=moment(NOW),
            lapsed=(of_line(1, 2, 3), of_line(2, 1, 2, value=100)),
            reason=because().ref,
        )
    )
    assert outcome.package.status(moment(NOW)) == "cancelled"
    assert outcome.package.remaining == 0


def test_a_fully_used_or_expired_package_may_be_cancelled() -> None:
    given(sold(units=1), used(1, remaining=0)).when(CANCEL).then(cancelled())
    given(sold(units=1, expires_on="2026-10-02")).when(CANCEL).then(cancelled(of_line(1, 1)))


@pytest.mark.covers("S81")
def test_cancelling_may_refund_in_the_same_command() -> None:
    given(sold(units=3), paid(3_000, total=3_000), used(1, remaining=2)).when(with_refund(2_000)).then(
        refunded(2_000, 1_000), cancelled(of_line(1, 2, 3))
    )


def test_without_the_refund_there_is_no_cancellation() -> None:
    world = given(sold(units=3), paid(1_000, total=1_000))
    world.when(with_refund(1_001)).refused(RefundExceedsPaid, requested=1_001, refundable=1_000)
    world.when(with_refund(1, "pay_none")).refused(NotFound, kind="payment", id="pay_none")


def test_what_is_cancelled_is_not_cancelled_again() -> None:
    given(sold(units=1), cancelled(of_line(1, 1))).when(CANCEL).refused(PackageIsCancelled)


def test_a_cancellation_after_a_reinstatement_lapses_what_remains_then() -> None:
    back = ReinstatePackage(package_id="pkg_1", expires_on=day("2026-12-31"), reason=because())
    outcome = given(sold(units=3), cancelled(of_line(1, 1, 2, 3))).when(back).and_when(redeem())
    outcome.and_when(CANCEL).then(cancelled(of_line(1, 2, 3)))


# Voiding


def test_voiding_undoes_a_sale_of_the_same_day_and_gives_the_money_back() -> None:
    at = "2026-10-01 18:00"
    outcome = given(
        sold(units=2),
        paid(500, total=500, at="2026-10-01 09:05"),
        paid(700, total=1_200, payment="pay_2", at="2026-10-01 09:06"),
    ).when(VOID, at)
    outcome.then(
        refunded(500, 700, at=at),
        refunded(700, 0, "pay_2", at=at),
        PackageVoided(
            effective_at=moment(at),
            lapsed=(of_line(1, 1, 2),),
            reason=because().ref,
        ),
    )
    assert outcome.package.status(moment(at)) == "cancelled"
    assert outcome.package.paid == 0


def test_what_was_refunded_already_is_not_refunded_again() -> None:
    world = given(
        sold(units=1),
        paid(500, total=500, at="2026-10-01 09:05"),
        refunded(500, 0, at="2026-10-01 09:06"),
    )
    assert [type(fact) for fact in world.when(VOID, "2026-10-01 18:00").facts["pkg_1"]] == [PackageVoided]


def test_the_day_is_that_of_the_entry_in_the_zone_of_the_package() -> None:
    sale = sold(units=1, at="2026-05-01 09:00", entered_on="2026-10-01")
    assert given(sale).when(VOID, "2026-10-01 23:59").facts
    given(sale).when(VOID, "2026-10-02 00:00").refused_naming(NotEligible)


def test_a_package_in_use_is_not_voided() -> None:
    at = "2026-10-01 10:00"
    world = given(sold(units=2), used(1, remaining=1, at=at))
    world.when(VOID, "2026-10-01 18:00").refused_naming(NotEligible)
    back = RestoreUnits(redemption_id="red_1")
    assert world.when(back, at).and_when(VOID, "2026-10-01 18:00").facts


def test_a_unit_that_a_correction_took_counts_as_used() -> None:
    at = "2026-10-01 10:00"
    world = given(sold(units=2), corrected(-1, remaining=1, taken=(1,), at=at))
    world.when(VOID, "2026-10-01 18:00").refused_naming(NotEligible)


def test_what_is_cancelled_is_not_voided() -> None:
    given(sold(units=1), cancelled(of_line(1, 1), at="2026-10-01 10:00")).when(
        VOID, "2026-10-01 18:00"
    ).refused(PackageIsCancelled)


def test_a_restored_package_is_voided_whole() -> None:
    outcome = given(
        sold(units=2),
        used(1, remaining=1, at="2026-10-01 10:00"),
        restored(1, remaining=2, at="2026-10-01 10:01"),
    ).when(VOID, "2026-10-01 18:00")
    assert outcome.package.lines[0].states == b"ll"
