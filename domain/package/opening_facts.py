"""The first facts of a package, one for each way in which its units are granted."""

from typing import Annotated, ClassVar

from pydantic import Field

from domain.business.reasons import ReasonedFact
from domain.moments import Day, Moment, start_of
from domain.package.fact_parts import (
    PackageOpened,
    UnitsUsedBefore,
)
from domain.package.money_facts import PaymentRecorded
from domain.values import (
    UNITS_PER_LINE_MAX,
    Amount,
    CustomerId,
    ImportId,
    MembershipId,
    PackageId,
    PaymentId,
    PaymentMethod,
    PlanId,
    TextRef,
    TopUpId,
    TransferId,
)


class PackagePurchased(PackageOpened):
    stored_name: ClassVar = "package.purchased"
    purchased_by: CustomerId | None = None
    top_up_id: TopUpId | None = None
    """The rule that sold it by itself."""
    paid_with: PaymentMethod | None = None
    """The method of the payment made at sale."""


class UnitsTransferredIn(PackageOpened, ReasonedFact):
    """A package made of units of another customer's, with their values. Its price is settled: a debt stays there."""

    stored_name: ClassVar = "package.transferred_in"
    transfer_id: TransferId
    from_package_id: PackageId
    from_customer_id: CustomerId
    reason: TextRef | None = None

    @property
    def sold_elsewhere(self) -> tuple[int, ...]:
        return tuple(line.quantity for line in self.lines)


class PackageImported(PackageOpened):
    """A balance that another system kept until now. It counts from its import on, and is not a sale."""

    stored_name: ClassVar = "package.imported"
    import_id: ImportId
    """The batch that it came with."""
    purchased_on: Day
    """The day of its purchase, in the other system."""
    used_before: tuple[UnitsUsedBefore, ...]
    """How many units of each line were used there, line by line: those with the lowest numbers."""
    paid: Amount
    """What was paid for it there. It is refunded here as any other payment."""
    payment_id: PaymentId | None = None
    """The payment it counts as; None: nothing was paid."""

    @property
    def sold_elsewhere(self) -> tuple[int, ...]:
        return tuple(line.quantity for line in self.lines)

    @property
    def begins_used(self) -> tuple[int, ...]:
        return self.used_before

    @property
    def payment(self) -> PaymentRecorded | None:
        """What was paid, as a payment that was taken elsewhere."""
        if self.payment_id is None:
            return None
        return PaymentRecorded(
            effective_at=self.effective_at,
            payment_id=self.payment_id,
            amount=self.paid,
            method=PaymentMethod.EXTERNAL,
            paid=self.paid,
        )

    @property
    def bought_at(self) -> Moment:
        return start_of(self.purchased_on, self.time_zone)


class PeriodGranted(PackageOpened):
    """The package of a period of a membership: the units of the plan, and those that rolled over from the period
    before. The rolled ones are the first of their line, keep their values, and are settled where they came from."""

    stored_name: ClassVar = "package.granted"
    membership_id: MembershipId
    plan_id: PlanId
    plan_version: int
    period: int
    from_package_id: PackageId | None = None
    """The package of the period before, where units rolled over."""
    rolled: tuple[Annotated[int, Field(ge=0, le=UNITS_PER_LINE_MAX)], ...]
    """Units that rolled over, line by line."""
    rolled_value: Amount

    @property
    def sold_elsewhere(self) -> tuple[int, ...]:
        return self.rolled

    @property
    def units_rolled(self) -> int:
        return sum(self.rolled)
