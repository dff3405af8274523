"""Packages that need watching at a moment: those that expire soon, and those that are not paid. On both clocks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from domain.moments import local_day
from domain.package.state import Status
from projections.models.packages import card_status, expiry_of
from replay.all_packages import PackagesThen
from replay.package import PackageThen


@dataclass(frozen=True)
class Watched:
    """A package at the moment asked about. Amounts in minor units."""

    package: PackageThen
    status: Status
    expires_on: date | None
    """The last valid day as it stood that day, in the package's zone."""

    @property
    def owing(self) -> int:
        card = self.package.card
        owing: int = max(0, card["price"] - card["paid"])
        return owing


def expiring(books: PackagesThen, first: date, last: date) -> Iterator[Watched]:
    """Active packages whose last valid day lies between two days, both included; by customer and package.

    Raises UnreadableFact, LedgerUnavailable.
    """
    for watched in _watched(books):
        day = watched.expires_on
        if watched.status == "active" and day is not None and first <= day <= last:
            yield watched


def outstanding(books: PackagesThen) -> Iterator[Watched]:
    """Packages that are not cancelled and not paid in full; by customer and package.

    Raises UnreadableFact, LedgerUnavailable.
    """
    for watched in _watched(books):
        if watched.package.card["owing"]:
            yield watched


def _watched(books: PackagesThen) -> Iterator[Watched]:
    for packages in books.by_customer():
        for package in sorted(packages, key=lambda package: package.id):
            card, moment = package.card, package.moment
            last = expiry_of(card).on(local_day(moment, card["time_zone"]))
            yield Watched(package, card_status(card, moment), last)
