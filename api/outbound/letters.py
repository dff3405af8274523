"""What a message to a customer says: a letter about a thing as it stands, in the language of the business."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, get_currency_precision

from api.outbound.wording import WORDING, Wording
from domain.business.state import Business
from domain.currency import MINOR_DIGITS, major
from domain.messages.asked import MessageKind, PackageKind
from domain.moments import local_day
from domain.package.fact_parts import PackageOpened
from domain.package.state import Package
from domain.top_up.facts import TopUpFailed
from domain.top_up.state import TopUp


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
    note: str | None = None
    """Why the customer gets it, where a consent is what it stands on."""

    @property
    def short(self) -> str:
        """The same in one paragraph, for channels of plain text."""
        told = ", ".join(f"{label}: {value}" for label, value in self.rows)
        said = " ".join(each for each in (self.first, told, self.note) if each)
        return " ".join(f"{self.sender}: {said}".split())


def package_letter(
    kind: PackageKind,
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
    match kind:
        case "package_purchased" | "top_up_sold":
            rows = _purchase(words, language, business, opened, package)
        case "package_cancelled" | "package_voided":
            rows = _end(words, language, opened, package)
        case "expiry_reminder":
            assert last_day is not None, "a reminder names a day"
            rows = _reminder(words, language, opened, package, last_day)
    return letter(kind, language, business, name, rows, package=package.name)


def failed_charge_letter(
    language: str, business: Business, rule: TopUp, failure: TopUpFailed, name: str
) -> Letter:
    """The letter about a charge that failed, with the day of the next try; the last one ends the rule."""
    words = WORDING[language]
    rows = [(words.package, rule.terms.name), (words.price, money(rule.terms.price, rule.currency, language))]
    if failure.retry_at is None:
        rows.append((words.next_try, words.no_next_try))
    else:
        rows.append((words.next_try, day(local_day(failure.retry_at, business.time_zone), language)))
    return letter("top_up_failed", language, business, name, rows, package=rule.terms.name)


def letter(
    kind: MessageKind,
    language: str,
    business: Business,
    name: str,
    rows: Iterable[tuple[str, str]],
    *,
    package: str = "",
    note: str | None = None,
) -> Letter:
    """A letter to `name` with these rows. `package`: the name of what it is about."""
    words = WORDING[language]
    opening = words.opening[kind]
    put_in = {"business": business.name, "package": package, "name": name}
    return Letter(
        language=language,
        sender=business.name,
        subject=opening.subject.format_map(put_in),
        greeting=words.greeting.format_map(put_in),
        first=opening.first.format_map(put_in),
        rows=tuple(rows),
        closing=words.closing.format_map(put_in),
        note=note,
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
