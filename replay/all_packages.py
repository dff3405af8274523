"""Every package of a business, now or then, customer by customer: the ground of all reports.

Facts are read straight from the ledger, a page of customers at a time, so memory does not grow with the books. All
pages answer for one position, whatever is recorded meanwhile.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from domain.decision import Reads
from domain.ledger.contract import LedgerRecorder
from domain.ledger.envelope import StoredFact
from domain.ledger.mapper import all_recorded
from projections.models.packages import card_of
from replay.as_of import Past, as_it_was, position_before
from replay.package import PackageThen

CUSTOMERS_PER_READ = 100


@dataclass(frozen=True)
class PackagesThen:
    """The packages of a business at the moment that a question is about."""

    recorder: LedgerRecorder
    past: Past
    position: int
    """The position of the ledger that the question resolves to."""
    moment: datetime
    """When status and expiry are judged."""

    def by_customer(self, first: str = "") -> Iterator[list[PackageThen]]:
        """The packages of each customer who had one, by ids of customers from `first` on, then by ids of packages.

        Raises UnreadableFact, LedgerUnavailable.
        """
        customers: Sequence[str] = [first] if first else self._customers("")
        while customers:
            packages = sorted(
                self._packages(customers), key=lambda package: (package.customer_id, package.id)
            )
            for _, of_customer in groupby(packages, key=lambda package: package.customer_id):
                yield list(of_customer)
            customers = self._customers(customers[-1])

    def _customers(self, after: str) -> Sequence[str]:
        return self.recorder.streams("customer", after, CUSTOMERS_PER_READ)

    def of(self, customer_id: str) -> list[PackageThen]:
        """The packages of one customer, in order of purchase. Raises UnreadableFact, LedgerUnavailable."""
        return sorted(
            self._packages([customer_id]),
            key=lambda package: (package.card["purchased_at"], package.card["purchase_number"]),
        )

    def _packages(self, customers: Sequence[str]) -> Iterator[PackageThen]:
        facts = self.recorder.load(Reads(packages_of=tuple(customers))).facts
        for _, stream in groupby(facts, key=lambda fact: fact.stream_id):
            package = self._package(stream)
            if package is not None:
                yield package

    def _package(self, stream: Iterator[StoredFact]) -> PackageThen | None:
        known = list(all_recorded(fact for fact in stream if fact.position <= self.position))
        counted = as_it_was(known, self.past)
        card = card_of(counted)
        return None if card is None else PackageThen(counted, card, self.position, self.moment)


def packages_then(recorder: LedgerRecorder, past: Past, now: datetime) -> PackagesThen:
    """The packages that a question without `at_version` is about. Raises UnknownBusiness."""
    head = recorder.head().position
    before = past.recorded_before
    position = head if before is None else position_before(recorder, before, head)
    return PackagesThen(recorder, past, position, past.judged_at or now)
