"""Packages that need watching at a moment: those that expire soon, and those that are not paid."""

from collections.abc import Iterator
from datetime import date

from projections.models.card_columns import owed_for
from replay.all_packages import PackagesThen
from replay.package import PackageThen


def expiring(books: PackagesThen, first: date, last: date) -> Iterator[PackageThen]:
    """Active packages whose last valid day lies between two days, both included; by customer.

    Raises UnreadableFact, LedgerUnavailable.
    """
    for packages in books.by_customer():
        for package in packages:
            day = package.expires_on
            if package.status == "active" and day is not None and first <= day <= last:
                yield package


def outstanding(books: PackagesThen) -> Iterator[PackageThen]:
    """Packages that are not cancelled and not paid in full; by customer. Raises UnreadableFact, LedgerUnavailable."""
    for packages in books.by_customer():
        yield from (package for package in packages if owed_for(package.card))
