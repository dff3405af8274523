"""What an e-mail to a customer says: a letter made from a package as it stands, in the language of the business."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, get_currency_precision

from api.outbound.wording import WORDING, Wording
from domain.business.state import Business
from domain.currency import MINOR_DIGITS, major
from domain.messages.asked import MessageKind
from domain.moments import local_day
from domain.package.fact_parts import PackageOpened
from domain.package.state import Package


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter of plain text; `rows` are labels with their values."""

    language: str
    sender: str
    """The name of the business."""
    subject: str
    greeting: str
    first: str
    rows: tuple[tuple[str, str], ...]
    closing: str


def letter(
    kind: MessageKind,
    language: str,
    business: Business,
    opened: PackageOpened,
    package: Package,
    name: str,
    *,
    last_day: date | None = None,
) -> Letter:
    """The letter to `name` about a package, given its first fact and its state. `last_day`: that of a reminder."""
    words = WORDING[language]
    opening = words.opening[kind]
    put_in = {"business": business.name, "package": package.name, "name": name}
    match kind:
        case "package_purchased":
            rows = _purchase(words, language, business, opened, package)
        case "package_cancelled" | "package_voided":
            rows = _end(words, language, opened, package)
        case "expiry_reminder":
            assert last_day is not None, "a reminder names a day"
            rows = _reminder(words, language, opened, package, last_day)
    return Letter(
        language=language,
        sender=business.name,
        subject=opening.subject.format_map(put_in),
        greeting=words.greeting.format_map(put_in),
        first=opening.first.format_map(put_in),
        rows=tuple(rows),
        closing=words.closing.format_map(put_in),
    )


def _purchase(
    words: Wording, language: str, business: Business, opened: PackageOpened, package: Package
) -> Iterator[tuple[str, str]]:
    yield _named(words, opened, package)
    for line in opened.lines:
        yield words.units.format(quantity=line.quantity), line.label
    yield words.price, money(package.price, package.currency, language)
    yield words.paid, money(package.paid, package.currency, language)
    if package.owing:
        yield words.owing, money(package.owing, package.currency, language)
    yield words.purchased_on, day(local_day(package.purchased_at, package.time_zone), language)
    yield words.valid_until, _validity(words, language, package)
    location = business.locations.get(opened.location_id or "")
    if location is not None:
        place = location.name if location.address is None else f"{location.name}, {location.address}"
        yield words.location, place
    if package.cancellation.text:
        yield words.terms, package.cancellation.text


def _end(words: Wording, language: str, opened: PackageOpened, package: Package) -> Iterator[tuple[str, str]]:
    yield _named(words, opened, package)
    yield words.price, money(package.price, package.currency, language)
    if refunded := sum(payment.refunded for payment in package.payments.values()):
        yield words.refunded, money(refunded, package.currency, language)


def _reminder(
    words: Wording, language: str, opened: PackageOpened, package: Package, last_day: date
) -> Iterator[tuple[str, str]]:
    yield _named(words, opened, package)
    for line in package.lines:
        if line.remaining:
            left = f"{words.units.format(quantity=line.remaining)} {line.label}"
            booked = f" ({words.booked.format(quantity=line.held)})" if line.held else ""
            yield words.left, left + booked
    yield words.last_day, day(last_day, language)


def _named(words: Wording, opened: PackageOpened, package: Package) -> tuple[str, str]:
    return words.package, f"{package.name} ({words.number.format(number=opened.purchase_number)})"


def _validity(words: Wording, language: str, package: Package) -> str:
    if package.expires_on is not None:
        return day(package.expires_on, language)
    waits = package.validity.rule == "after_first_use" and not package.expiry_set
    return words.from_first_use if waits else words.never_ends


def day(given: date, language: str) -> str:
    return format_date(given, "long", locale=language)


def money(amount: int, currency: str, language: str) -> str:
    """An amount in minor units as people write it; with all digits where the usual ones would round it."""
    value, usual = major(amount, currency), get_currency_precision(currency)
    if value == round(value, usual):
        return format_currency(value, currency, locale=language)
    digits = "0" * MINOR_DIGITS[currency]
    return f"{format_decimal(value, f'#,##0.{digits}', locale=language)} {currency}"
