"""Bodies that record and refund payments."""

from api.http.parsing import Price
from domain.business.reasons import ReasonCodeName
from domain.moments import DayOrMoment
from domain.values import GivenRef, LongText, PaymentId, PaymentMethod, Value


class PaymentBody(Value):
    id: PaymentId | None = None
    amount: Price
    method: PaymentMethod
    external_ref: GivenRef | None = None


class PackagePaymentBody(PaymentBody):
    effective_at: DayOrMoment | None = None


class BookingPaymentBody(PaymentBody):
    """What was paid in money, instead of units or beside them; for a series, for all its bookings together."""

    price: Price | None = None
    """What it costs, where that is not its service's list price × quantity."""


class LaterBookingPaymentBody(BookingPaymentBody):
    effective_at: DayOrMoment | None = None


class RefundBody(Value):
    amount: Price
    reason: LongText
    reason_code: ReasonCodeName | None = None
