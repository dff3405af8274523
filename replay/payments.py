"""The payments of one package or one booking, each with its refunds."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import assert_never

from domain.booking.facts import BookingPaymentRecorded, BookingPaymentRefunded
from domain.booking.facts import MoneyFact as BookingMoneyFact
from domain.ledger.mapper import Recorded
from domain.package.facts import MoneyFact
from domain.package.money_facts import PaymentRecorded, PaymentRefunded
from domain.package.opening_facts import PackageImported


@dataclass
class Paid:
    """One payment, with what was refunded of it. Amounts in minor units."""

    recorded: Recorded
    fact: PaymentRecorded | BookingPaymentRecorded
    refunds: list[tuple[Recorded, PaymentRefunded | BookingPaymentRefunded]] = field(default_factory=list)

    @property
    def refunded(self) -> int:
        return sum(fact.amount for _, fact in self.refunds)


def payments_of(facts: Iterable[Recorded]) -> list[Paid]:
    """The payments in the order of the facts given, each with its refunds."""
    payments: dict[str, Paid] = {}
    for recorded in facts:
        fact = recorded.fact
        if isinstance(fact, PackageImported):
            if (payment := fact.payment) is not None:
                payments[payment.payment_id] = Paid(recorded, payment)
            continue
        if not isinstance(fact, MoneyFact | BookingMoneyFact):
            continue
        match fact:
            case PaymentRecorded() | BookingPaymentRecorded():
                payments[fact.payment_id] = Paid(recorded, fact)
            case PaymentRefunded() | BookingPaymentRefunded():
                payments[fact.payment_id].refunds.append((recorded, fact))
            case _:
                assert_never(fact)
    return list(payments.values())
