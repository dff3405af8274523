"""The receipt of a package as JSON: what was sold, the tax in it, what was paid and refunded."""

from collections.abc import Mapping
from typing import Literal

from api.resources.packages.card import OriginKind
from api.resources.parts import NamedThing, SignedMoney, local
from domain.booking.facts import BookingPaymentRecorded, BookingPaymentRefunded
from domain.business.state import Business
from domain.package.money_facts import PaymentRecorded, PaymentRefunded
from domain.package.state import payment_status
from domain.tax import Taxed
from domain.values import PaymentMethod, Value
from projections.models.card_columns import owed_for
from replay.package import PackageThen
from replay.payments import payments_of
from replay.receipt import ReceiptLine, receipt_lines, taxes_of

Moved = PaymentRecorded | PaymentRefunded | BookingPaymentRecorded | BookingPaymentRefunded


class ReceiptLocation(Value):
    id: str
    name: str
    address: str | None


class LineOnReceipt(Value):
    line: int
    label: str
    quantity: int
    """Units that were sold."""
    tax_rate: int | None
    """Basis points; null: its services had none when they were sold, or several."""
    amount: SignedMoney
    """The value of its units, tax included; all lines together are the price."""


class TaxAtRate(Value):
    """What is asked at one rate: amount = net + tax."""

    tax_rate: int | None
    """Basis points; null: no rate is known, so neither are net and tax."""
    amount: SignedMoney
    net: SignedMoney | None
    tax: SignedMoney | None


class PaymentOnReceipt(Value):
    """A payment, or a refund of it."""

    payment_id: str
    local_date: str
    method: PaymentMethod
    amount: SignedMoney


class Receipt(Value):
    """price = all lines = sold_elsewhere + the amounts of all taxes; owing is what of it is not settled or paid."""

    package_id: str
    purchase_number: int
    name: str
    business_name: str
    location: ReceiptLocation | None
    """Where it was sold."""
    locale: str
    """BCP 47; that of the business."""
    customer: NamedThing
    purchased_by: NamedThing | None
    """Who bought it for the customer, where somebody else did."""
    origin: OriginKind
    """A transfer and an imported balance are no sales: what they began with was sold elsewhere. What a rule topped up
    is one."""
    purchased_on: str
    """The local day of the sale, or of the transfer; of an imported balance that of its sale elsewhere."""
    time_zone: str
    cancelled: bool
    voided: bool
    """Whether the sale was undone as a mistake: the figures are those it had, and count in no report."""
    lines: tuple[LineOnReceipt, ...]
    list_price: SignedMoney
    discount: SignedMoney
    """What the price is below the list price; 0 where it is not."""
    price: SignedMoney
    settled: SignedMoney
    """What of the price was settled where transferred or rolled-over units came from."""
    sold_elsewhere: SignedMoney
    """What of the price was sold where transferred or rolled-over units came from, or in the system of an imported
    balance; its tax is on that receipt alone."""
    taxes: tuple[TaxAtRate, ...]
    payments: tuple[PaymentOnReceipt, ...]
    refunds: tuple[PaymentOnReceipt, ...]
    paid: SignedMoney
    """Payments less refunds."""
    refunded: SignedMoney
    owing: SignedMoney
    payment_status: Literal["unpaid", "partial", "paid"]
    version: int


def receipt_of(then: PackageThen, business: Business, locale: str, names: Mapping[str, str]) -> Receipt:
    """The receipt of a package at a moment. `names` are those of customers that the reader may see, by id."""
    card, lines = then.card, receipt_lines(then.facts)
    paid = payments_of(then.facts)
    place = business.locations.get(card["location_id"])

    def money(amount: int) -> SignedMoney:
        return SignedMoney(amount=amount, currency=card["currency"])

    def customer(id: str) -> NamedThing:
        return NamedThing(id=id, name=names.get(id))

    def moved(fact: Moved) -> PaymentOnReceipt:
        day = local(fact.effective_at, card["time_zone"])["local_date"]
        amount = money(fact.amount)
        return PaymentOnReceipt(payment_id=fact.payment_id, local_date=day, method=fact.method, amount=amount)

    return Receipt(
        package_id=then.id,
        purchase_number=card["purchase_number"],
        name=card["name"],
        business_name=business.name,
        location=None
        if place is None
        else ReceiptLocation(id=card["location_id"], name=place.name, address=place.address),
        locale=locale,
        customer=customer(then.customer_id),
        purchased_by=None if (payer := card["purchased_by"]) is None else customer(payer),
        origin=card["origin"],
        purchased_on=card["purchased_on"],
        time_zone=card["time_zone"],
        cancelled=card["cancelled"],
        voided=card["voided"],
        lines=tuple(_line(n, line, card["currency"]) for n, line in enumerate(lines, 1)),
        list_price=money(card["list_price"]),
        discount=money(max(0, card["list_price"] - card["price"])),
        price=money(card["price"]),
        settled=money(card["covered"]),
        sold_elsewhere=money(sum(line.elsewhere for line in lines)),
        taxes=tuple(tax_at_rate(each, card["currency"]) for each in taxes_of(lines)),
        payments=tuple(moved(payment.fact) for payment in paid),
        refunds=tuple(moved(fact) for payment in paid for _, fact in payment.refunds),
        paid=money(card["paid"]),
        refunded=money(card["refunded"]),
        owing=money(owed_for(card)),
        payment_status=payment_status(card["price"], card["covered"] + card["paid"]),
        version=card["version"],
    )


def _line(number: int, line: ReceiptLine, currency: str) -> LineOnReceipt:
    return LineOnReceipt(
        line=number,
        label=line.sold.label,
        quantity=line.sold.quantity,
        tax_rate=line.rate,
        amount=SignedMoney(amount=line.amount, currency=currency),
    )


def tax_at_rate(each: Taxed, currency: str) -> TaxAtRate:
    def money(amount: int | None) -> SignedMoney | None:
        return None if amount is None else SignedMoney(amount=amount, currency=currency)

    return TaxAtRate(
        tax_rate=each.rate,
        amount=SignedMoney(amount=each.gross, currency=currency),
        net=money(each.net),
        tax=money(each.tax),
    )
