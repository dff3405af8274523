"""Every package of a business, now or then, customer by customer: the ground of all reports.

Facts are read straight from the ledger, a page of customers at a time, so memory does not grow with the books. All
pages answer for one position, whatever is recorded meanwhile.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import groupby

from domain.decision import Reads
from domain.ledger.contract import LedgerRecorder
from domain.ledger.envelope import StoredFact
from domain.ledger.numbers import number_of
from domain.ledger.owners import owned_by
from domain.ledger.reading import reading
from domain.package.purchase_numbers import numbered, purchase_on
from projections.models.packages import card_of
from replay.as_of import Past, as_it_was, position_before
from replay.merged import MergedStreams, Merges, merges_at
from replay.package import PackageThen

CUSTOMERS_PER_READ = 100
PACKAGES_PER_READ = 200
CustomerPlace = tuple[int, str]
"""Number, id: the order in which the ledger tells customers."""
PackagePlace = tuple[int, str, str]
"""Those of the customer, then the id of the package."""


@dataclass(frozen=True)
class PackagesThen:
    """The packages of a business at the moment that a question is about."""

    recorder: LedgerRecorder
    past: Past
    position: int
    """The position of the ledger that the question resolves to."""
    moment: datetime
    """When status and expiry are judged."""
    merges: Merges = field(default_factory=Merges)
    """Packages of a merged customer are those of its survivor then."""
    only: frozenset[str] | None = None
    """Customers, with the other names of each, whose packages alone are asked about; None: all."""

    def by_customer(self, first: str = "") -> Iterator[list[PackageThen]]:
        """The packages of each customer who had one, by numbers of customers from `first` on, then by ids of packages.

        Raises UnreadableFact, LedgerUnavailable.
        """
        customers: Sequence[str] = [first] if first else self._customers("")
        while customers:
            owners = [id for id in customers if id not in self.merges.survivors]
            packages = sorted(self._packages(owners), key=place_of)
            for customer_id, of_customer in groupby(packages, key=lambda package: package.customer_id):
                yield self._numbered(customer_id, list(of_customer))
            customers = self._customers(customers[-1])

    def _customers(self, after: str) -> Sequence[str]:
        if self.only is None:
            return self.recorder.streams("customer", after, CUSTOMERS_PER_READ)
        first = bisect_right(self._places, place_of_customer(after)) if after else 0
        return [id for _, id in self._places[first : first + CUSTOMERS_PER_READ]]

    @cached_property
    def _places(self) -> Sequence[CustomerPlace]:
        """Of `only`, in order."""
        return sorted(map(place_of_customer, self.only or ()))

    def of(self, customer_id: str) -> list[PackageThen]:
        """The packages of one customer, in order of purchase. Raises UnreadableFact, LedgerUnavailable."""
        owner = self.merges.survivors.get(customer_id, customer_id)
        return sorted(
            self._numbered(owner, list(self._packages([owner]))),
            key=lambda package: (package.card["purchased_at"], package.card["purchase_number"]),
        )

    def by_ids(self, packages: Sequence[str]) -> Iterator[PackageThen]:
        """The packages with these ids that there were, in no order, without the purchase numbers that those of a merged
        customer have together. Raises UnreadableFact, LedgerUnavailable."""
        for first in range(0, len(packages), PACKAGES_PER_READ):
            wanted = packages[first : first + PACKAGES_PER_READ]
            yield from self._folded(self.recorder.load(Reads(dict.fromkeys(wanted, 0))).facts)

    def _packages(self, customers: Sequence[str]) -> Iterator[PackageThen]:
        names = (*customers, *(id for owner in customers for id in self._others.get(owner, ())))
        yield from self._folded(self.recorder.load(Reads(packages_of=names)).facts)

    def _folded(self, facts: Sequence[StoredFact]) -> Iterator[PackageThen]:
        for _, stream in groupby(facts, key=lambda fact: fact.stream_id):
            package = self._package(stream)
            if package is not None:
                yield package

    def _package(self, stream: Iterator[StoredFact]) -> PackageThen | None:
        known = [reading(fact) for fact in stream if fact.position <= self.position]
        counted = as_it_was(known, self.past)
        card = card_of(counted)
        if card is None:
            return None
        if (owner := self.merges.survivors.get(card["customer_id"])) is not None:
            card = owned_by(card, owner)
        return PackageThen(counted, card, self.position, self.moment)

    @cached_property
    def _others(self) -> Mapping[str, list[str]]:
        """Customer → its other names."""
        found: dict[str, list[str]] = {}
        for id, survivor_id in self.merges.survivors.items():
            found.setdefault(survivor_id, []).append(id)
        return found

    def _numbered(self, customer_id: str, packages: list[PackageThen]) -> list[PackageThen]:
        """With the purchase numbers that the packages of a merged customer have together."""
        if customer_id not in self._others:
            return packages
        numbers = numbered(purchase_on(package.card) for package in packages)
        return [
            replace(package, card={**package.card, "purchase_number": numbers[package.id]})
            for package in packages
        ]


def place_of(package: PackageThen) -> PackagePlace:
    return (*place_of_customer(package.customer_id), package.id)


def place_of_customer(customer_id: str) -> CustomerPlace:
    return number_of(customer_id), customer_id


def packages_then(
    recorder: LedgerRecorder, past: Past, now: datetime, merged: MergedStreams | None = None
) -> PackagesThen:
    """The packages that a question without `at_version` is about. `merged`: as `merges_at` takes it.

    Raises UnknownBusiness.
    """
    head = recorder.head().position
    before = past.recorded_before
    position = head if before is None else position_before(recorder, before, head)
    merges = merges_at(recorder, past, position, merged)
    return PackagesThen(recorder, past, position, past.judged_at or now, merges)
