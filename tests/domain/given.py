"""Given facts, when a command, then facts or a refusal: how the tests of packages read.

`given(sold(units=10)).when(redeem(), at="2026-10-03 12:00").then(...)` reads as the sentence it tests. Every
`when` also reads what came of it with `books.py`, so that each example is a test of invariant 1 too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Self

from domain.actor import Role
from domain.booking.facts import BookingFact
from domain.booking.new_bookings import OccurrenceRefused
from domain.booking.state import Booking
from domain.booking.state import evolve as evolve_booking
from domain.business.facts import Policies
from domain.business.state import Business
from domain.catalogue.facts import OfferTerms
from domain.catalogue.state import Offer, Service
from domain.claims import external_claim, purchase_claims
from domain.package.commands import ImportPackage, SellPackage
from domain.package.evolution import evolve
from domain.package.facts import PackageFact, UnitsRedeemed
from domain.package.state import Package
from domain.people.state import Customer
from domain.refusals import Refused
from domain.staff.state import Staff
from domain.values import Value
from tests.domain.books import check_line_facts
from tests.domain.paper import PaperBooks
from tests.domain.words import BUSINESS, HOUSEHOLD, NOW, SERVICES, STAFF, circumstances, sold
from tests.use_cases import use_case_of

Facts = tuple[PackageFact, ...]
Decided = dict[str, list[PackageFact]]


def fold(facts: Iterable[PackageFact]) -> Package:
    state: Package | None = None
    for fact in facts:
        state = evolve(state, fact)
    assert state is not None
    return state


def fold_booking(facts: Iterable[BookingFact]) -> Booking:
    state: Booking | None = None
    for fact in facts:
        state = evolve_booking(state, fact)
    assert state is not None
    return state


@dataclass(frozen=True)
class World:
    """What a decision may look at: the packages of one customer in the order of their sale, their bookings,
    and the rest."""

    packages: Mapping[str, Facts] = field(default_factory=dict)
    bookings: Mapping[str, tuple[BookingFact, ...]] = field(default_factory=dict)
    customer: Customer = HOUSEHOLD
    business: Business = BUSINESS
    purchaser: Customer | None = None
    offer: Offer | None = None
    services: Mapping[str, Service | None] = field(default_factory=lambda: SERVICES)
    staff: Mapping[str, Staff] = field(default_factory=lambda: STAFF)
    authors: Mapping[str, str] = field(default_factory=dict)
    """Redemption → who entered it."""
    purchase_number: int = 1
    bought_before: int = 0

    @cached_property
    def states(self) -> dict[str, Package]:
        return {id: fold(facts) for id, facts in self.packages.items()}

    def where(self, **given: Any) -> Self:
        return replace(self, **given)

    def under(self, **policies: Any) -> Self:
        """The same, in a business with other policies."""
        return replace(self, business=replace(self.business, policies=Policies(**policies)))

    def when(
        self, command: Value, at: str | datetime = NOW, role: Role = Role.OWNER, who: str = "stf_ann"
    ) -> "Outcome":
        try:
            decision = use_case_of(command).decide(command, self.books(command), circumstances(at, role, who))
        except Refused as refusal:
            return Outcome(self, {}, refusal)
        facts = {id: list(made) for id, made in decision.facts_of("package").items()}
        bookings = {id: list(made) for id, made in decision.facts_of("booking").items()}
        used = [
            fact.redemption_id for made in facts.values() for fact in made if isinstance(fact, UnitsRedeemed)
        ]
        known = replace(self, authors={**self.authors, **dict.fromkeys(used, who)})
        after = known.with_facts(facts).with_bookings(bookings)
        for package in facts:
            check_line_facts(after.packages[package])
        return Outcome(after, facts, None, bookings, list(decision.refused))

    def with_facts(self, added: Mapping[str, Sequence[PackageFact]]) -> Self:
        packages = {id: tuple(facts) for id, facts in self.packages.items()}
        for id, facts in added.items():
            packages[id] = (*packages.get(id, ()), *facts)
        return replace(self, packages={id: facts for id, facts in packages.items() if facts})

    def with_bookings(self, added: Mapping[str, Sequence[BookingFact]]) -> Self:
        bookings = {id: (*self.bookings.get(id, ()), *facts) for id, facts in added.items()}
        return replace(self, bookings={**self.bookings, **bookings})

    def books(self, command: Value) -> PaperBooks:
        """These things as books; of the purchase numbers before, only those of this command."""
        states: dict[str, Any] = {"cus_1": self.customer, **self.staff, **self.states}
        states |= {id: fold_booking(facts) for id, facts in self.bookings.items()}
        states |= {id: service for id, service in self.services.items() if service is not None}
        states |= {id: self.offer for id in [getattr(command, "offer_id", None)] if id and self.offer}
        buyers = [getattr(command, "purchased_by", None)]
        states |= {id: self.purchaser or self.customer for id in buyers if id}
        counts: dict[str, int] = {}
        if isinstance(command, SellPackage):
            numbers = purchase_claims(command.customer_id, command.offer_id, command.name)
            counts[numbers] = self.purchase_number - 1
            bought = fold([sold(offer_id=command.offer_id, customer_id=command.customer_id)])
            states |= {f"pkg_before_{n}": bought for n in range(self.bought_before)}
        if isinstance(command, ImportPackage):
            ref = command.external_ref
            held = sum(package.external_ref == ref for package in self.states.values())
            counts[external_claim("package", ref)] = held
        return PaperBooks(states, counts, authors=self.authors, opened=self.business)


@dataclass(frozen=True)
class Outcome:
    """What came of a command: facts by package, or a refusal; and the world after it."""

    world: World
    facts: dict[str, list[PackageFact]]
    refusal: Refused | None
    booked: dict[str, list[BookingFact]] = field(default_factory=dict)
    """Facts by booking."""
    left_out: list[OccurrenceRefused] = field(default_factory=list)
    """The weeks of a series that could not be booked."""

    def then(self, *facts: PackageFact, **by_package: Sequence[PackageFact]) -> Self:
        """Exactly these facts, in this order; the bare ones are those of the only package concerned."""
        assert self.refusal is None, f"refused: {self.refusal.code} {self.refusal.explanation()}"
        if facts:
            (only,) = self.facts.values()
            assert only == list(facts)
        else:
            assert {id: list(found) for id, found in self.facts.items()} == {
                id: list(wanted) for id, wanted in by_package.items()
            }
        return self

    def then_nothing(self) -> Self:
        """Done, and it was so already: no fact."""
        assert self.refusal is None, f"refused: {self.refusal.code} {self.refusal.explanation()}"
        assert not any(self.facts.values()), self.facts
        assert not any(self.booked.values()), self.booked
        return self

    def refused(self, kind: type[Refused], /, **explanation: Any) -> None:
        """Exactly this refusal, with these numbers and no others; it made no fact."""
        assert not self.facts, f"not refused: {self.facts}"
        assert type(self.refusal) is kind
        assert self.refusal.explanation() == kind(**explanation).explanation()
        assert str(self.refusal)

    def refused_naming(self, kind: type[Refused], /, **some: Any) -> None:
        """This refusal, explained by at least these members (texts for people are not spelt out)."""
        assert not self.facts, f"not refused: {self.facts}"
        assert type(self.refusal) is kind
        assert some.items() <= self.refusal.explanation().items()
        assert str(self.refusal)

    def and_when(
        self,
        command: Value,
        at: str | datetime = NOW,
        role: Role = Role.OWNER,
        who: str = "stf_ann",
    ) -> "Outcome":
        """The next command, on what the last one left."""
        assert self.refusal is None, f"refused: {self.refusal.code} {self.refusal.explanation()}"
        return self.world.when(command, at, role, who)

    def told(self) -> dict[str, list[str]]:
        """The names of the facts, by stream: package.held, booking.made …"""
        assert self.refusal is None, f"refused: {self.refusal.code} {self.refusal.explanation()}"
        made: dict[str, list[Any]] = {**self.facts, **self.booked}
        return {id: [fact.stored_name for fact in facts] for id, facts in made.items() if facts}

    @property
    def booking(self) -> Booking:
        """The booking as it stands now; bkg_1 where there are several."""
        return fold_booking(self.world.bookings["bkg_1"])

    @property
    def package(self) -> Package:
        """The package as it stands now; pkg_1 where there are several."""
        return self.world.states["pkg_1"]


def given(*facts: PackageFact, **packages: Sequence[PackageFact]) -> World:
    """`given(sold(), used(1, remaining=9))` is pkg_1 alone; several are named: `given(pkg_a=[…], …)`."""
    first = {"pkg_1": facts} if facts else {}
    return World({**first, **{id: tuple(found) for id, found in packages.items()}})


def selling(terms: OfferTerms, **fields: Any) -> World:
    """A catalogue with one offer, and nothing sold yet."""
    return World(offer=Offer(terms, version=3), **fields)
