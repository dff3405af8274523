"""A receipt as people read it: every text in the locale of the business, before it becomes a page or a PDF."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from api.http.locales import day, locale_of, money, number, rate
from api.resources.parts import NamedThing, SignedMoney
from api.resources.receipts.answer import Receipt
from api.resources.receipts.words import LANGUAGES, Words

Cells = tuple[str, ...]
RIGHT_TO_LEFT = ("ar",)
"""The languages of the words that are read so."""


@dataclass(frozen=True, slots=True)
class Form:
    """The texts of a receipt, from top to bottom."""

    language: str
    direction: Literal["ltr", "rtl"]
    seller: Cells
    title: str
    notice: str
    """Void, cancelled, or no sale; empty otherwise."""
    facts: tuple[Cells, ...]
    """Name, value."""
    item_heads: Cells
    items: tuple[Cells, ...]
    """Label, units, rate, amount."""
    sums: tuple[Cells, ...]
    """Name, amount."""
    tax_heads: Cells
    taxes: tuple[Cells, ...]
    """Rate, net, tax, with tax."""
    movements: tuple[Cells, ...]
    """Payment or refund with its method, day, amount."""
    balance: tuple[Cells, ...]
    """Name, amount."""


def form_of(receipt: Receipt) -> Form:
    locale = locale_of(receipt.locale)
    language = locale.language if locale.language in LANGUAGES else "en"
    words = LANGUAGES[language]

    def amount(of: SignedMoney | None, sign: int = 1) -> str:
        return "–" if of is None else money(sign * of.amount, of.currency, locale)

    def percent(tax_rate: int | None) -> str:
        return words["no_rate"] if tax_rate is None else rate(tax_rate, locale)

    def on(text: str) -> str:
        return day(date.fromisoformat(text), locale)

    def person(title: str, who: NamedThing | None) -> tuple[Cells, ...]:
        return () if who is None else ((title, who.name or who.id),)

    def when(there: bool, title: str, of: SignedMoney, sign: int = 1) -> tuple[Cells, ...]:
        return ((title, amount(of, sign)),) if there else ()

    place = receipt.location
    reduced = receipt.discount.amount > 0
    return Form(
        language=language,
        direction="rtl" if language in RIGHT_TO_LEFT else "ltr",
        seller=(receipt.business_name, *((place.name, place.address or "") if place else ())),
        title=f"{words['receipt']} · {receipt.name}",
        notice=_notice(receipt, words),
        facts=(
            (words["number"], f"{receipt.purchase_number} · {receipt.package_id}"),
            (words["date"], on(receipt.purchased_on)),
            *person(words["customer"], receipt.customer),
            *person(words["bought_by"], receipt.purchased_by),
        ),
        item_heads=(words["item"], words["quantity"], words["rate"], words["amount"]),
        items=tuple(
            (line.label, number(line.quantity, locale), percent(line.tax_rate), amount(line.amount))
            for line in receipt.lines
        ),
        sums=(
            *when(reduced, words["list_price"], receipt.list_price),
            *when(reduced, words["discount"], receipt.discount, -1),
            (words["price"], amount(receipt.price)),
            *when(receipt.sold_elsewhere.amount > 0, _elsewhere(receipt, words), receipt.sold_elsewhere),
        ),
        tax_heads=(words["rate"], words["net"], words["tax"], words["with_tax"]),
        taxes=tuple(
            (percent(each.tax_rate), amount(each.net), amount(each.tax), amount(each.amount))
            for each in receipt.taxes
        ),
        movements=tuple(
            (
                f"{kind}, {words['methods'][each.method]}",
                on(each.local_date),
                amount(each.amount, sign),
            )
            for kind, sign, group in (
                (words["payment"], 1, receipt.payments),
                (words["refund"], -1, receipt.refunds),
            )
            for each in group
        ),
        balance=((words["paid"], amount(receipt.paid)), (words["owing"], amount(receipt.owing))),
    )


def _notice(receipt: Receipt, words: Words) -> str:
    if receipt.voided:
        return words["voided"]
    if receipt.cancelled:
        return words["cancelled"]
    match receipt.origin:
        case "transfer":
            return words["transferred"]
        case "import":
            return words["imported"]
        case _:
            return ""


def _elsewhere(receipt: Receipt, words: Words) -> str:
    match receipt.origin:
        case "transfer":
            return words["settled"]
        case "import":
            return words["elsewhere"]
        case _:
            return words["rolled"]
