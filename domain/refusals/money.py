"""Refusals by what was paid, and by the balance of points."""

from dataclasses import dataclass

from domain.refusals.refused import Refused


@dataclass(eq=False)
class PaymentRequired(Refused):
    code = "payment-required"
    owing: int

    def sentence(self) -> str:
        return "this business asks for full payment before use"


@dataclass(eq=False)
class Overpayment(Refused):
    code = "overpayment"
    requested: int
    owing: int

    def sentence(self) -> str:
        return f"{self.requested} offered, {self.owing} owing"


@dataclass(eq=False)
class RefundExceedsPaid(Refused):
    code = "refund-exceeds-paid"
    requested: int
    refundable: int

    def sentence(self) -> str:
        return f"{self.requested} asked back, {self.refundable} of it can be refunded"


@dataclass(eq=False)
class PointsInsufficient(Refused):
    code = "points-insufficient"
    balance: int
    requested: int

    def sentence(self) -> str:
        return f"{self.requested} points requested, the balance is {self.balance}"


@dataclass(eq=False)
class AlreadyReversed(Refused):
    code = "already-restored"
    entry_id: str

    def sentence(self) -> str:
        return "every point of this addition was taken back"
