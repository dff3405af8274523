"""Balances that another system kept, in plain integers and dates: how they are imported."""

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from tests.model.almanac import day_at, first_moment
from tests.model.plain import UNITS_A_PACKAGE, Asking, Offer, Package, Reasons, in_person

if TYPE_CHECKING:
    from tests.model.reference import Reference


@dataclass(frozen=True)
class Balance:
    """A balance that is to be imported."""

    id: str
    batch: str
    ref: str
    customer: str
    name: str
    lines: tuple[tuple[int, int, tuple[str, ...]], ...]
    """(granted, used there, services)."""
    price: int
    paid: int
    payment: str
    bought_on: date
    expires_on: date | None
    location: str | None


def receive(books: "Reference", asking: Asking, balance: Balance) -> bool:
    """A package that counts from now on, and is no sale."""
    balance = replace(balance, customer=books.called(balance.customer))
    why, zone = Reasons(), books.zone_at(balance.location)
    today, place = day_at(asking.now, zone), balance.location
    live = [package.ref for package in books.packages.values() if not package.voided]
    why.when(balance.id in books.packages, "id-taken")
    why.when(balance.ref in live, "duplicate-external-ref")
    why.when(balance.customer not in books.customers, "not-found")
    why.when(place is not None and not books.locations.get(place), "validation-failed")
    why.when(sum(granted for granted, _, _ in balance.lines) > UNITS_A_PACKAGE, "limit-reached")
    for granted, used, services in balance.lines:
        why.when(len(set(services) & set(books.services)) < len(services), "validation-failed")
        why.when(used > granted, "validation-failed")
    why.when(balance.paid > balance.price, "validation-failed")
    why.when(balance.bought_on > today, "validation-failed")
    last = balance.expires_on
    why.when(last is not None and last < balance.bought_on, "validation-failed")
    why.when(balance.paid > 0 and books.knows_payment(balance.payment), "id-taken")
    why.refuse()
    books.packages[balance.id] = _package(books, asking, balance, zone)
    return True


def _package(books: "Reference", asking: Asking, balance: Balance, zone: str) -> Package:
    number = balance.customer, "named " + balance.name
    books.numbers[number] += 1
    books.recordings += 1
    terms = Offer(
        balance.name, balance.price, tuple((granted, services) for granted, _, services in balance.lines)
    )
    lines = books.priced(terms, balance.price, asking.now)
    for line, (granted, used, _) in zip(lines, balance.lines, strict=True):
        for unit in line.units[:used]:
            unit.state = "used before"
        line.changes = [(asking.now, books.recordings, granted - used)]
    left = [unit.value for line in lines for unit in line.units if unit.state == "available"]
    return Package(
        id=balance.id,
        customer=balance.customer,
        offer=None,
        name=balance.name,
        number=books.numbers[number],
        order=len(books.packages),
        zone=zone,
        price=balance.price,
        lines=lines,
        validity=("by hand", 0, ""),
        bought_at=asking.now,
        entered_on=day_at(asking.now, zone),
        expires_on=balance.expires_on,
        sharing="purchaser",
        beneficiaries=(in_person(balance.customer),),
        cap=None,
        locations=(),
        terms=books.terms,
        payments={balance.payment: [balance.paid, 0]} if balance.paid else {},
        latest=asking.now,
        batch=balance.batch,
        ref=balance.ref,
        ended_on=balance.expires_on,
        bought_elsewhere=first_moment(balance.bought_on, zone),
        came_with=(len(left), sum(left)),
        not_sold=balance.price,
    )


def void(books: "Reference", asking: Asking, package: Package) -> bool:
    """On any day, while nothing was recorded for it since; no money goes back."""
    why = Reasons()
    why.when(package.cancelled, "package-cancelled")
    why.when(package.touched, "not-eligible")
    why.refuse()
    books.lapse(package, asking)
    package.voided = True
    return True
