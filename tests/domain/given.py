"""Given facts, when a command, then facts or a refusal: how the tests of packages read.

`given(sold(units=10)).when(redeem(), at="2026-10-03 12:00").then(...)` reads as the sentence it tests. Every
`when` also reads what came of it with `books.py`, so that each example is a test of invariant 1 too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Self

from domain.business import Business, Policies
from domain.catalogue import Offer, OfferTerms, Service
from domain.customer import Customer
from domain.deciding import decide
from domain.package import (
    AnyPackageFact,
    Package,
    PackageCommand,
    RedeemFromCustomer,
    RedeemUnits,
    RefundPayment,
    RestoreUnits,
    SellPackage,
    evolve,
)
from domain.redeeming import Candidate
from domain.redeeming import redeem as decide_redemption
from domain.refusals import Refused
from domain.restoring import restore
from domain.selling import Sale, sell
from domain.values import Circumstances, Role
from tests.domain.books import check_line_facts
from tests.domain.words import BUSINESS, HOUSEHOLD, NOW, SERVICES, circumstances

AnyCommand = SellPackage | RedeemUnits | RedeemFromCustomer | RestoreUnits | PackageCommand
Facts = tuple[AnyPackageFact, ...]


def fold(facts: Iterable[AnyPackageFact]) -> Package:
    state: Package | None = None
    for fact in facts:
        state = evolve(state, fact)
    assert state is not None
    return state


@dataclass(frozen=True)
class World:
    """What a decision may look at: the packages of one customer in the order of their sale, and the rest."""

    packages: Mapping[str, Facts] = field(default_factory=dict)
    customer: Customer = HOUSEHOLD
    business: Business = BUSINESS
    purchaser: Customer | None = None
    offer: Offer | None = None
    services: Mapping[str, Service | None] = field(default_factory=lambda: SERVICES)
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
        self, command: AnyCommand, at: str | datetime = NOW, role: Role = Role.OWNER, who: str = "stf_ann"
    ) -> "Outcome":
        try:
            facts = self.answer(command, circumstances(at, role, who))
        except Refused as refusal:
            return Outcome(self, {}, refusal)
        after = self.with_facts(facts)
        for package in facts:
            check_line_facts(after.packages[package])
        return Outcome(after, facts, None)

    def with_facts(self, added: Mapping[str, Sequence[AnyPackageFact]]) -> Self:
        packages = {id: tuple(facts) for id, facts in self.packages.items()}
        for id, facts in added.items():
            packages[id] = (*packages.get(id, ()), *facts)
        return replace(self, packages={id: facts for id, facts in packages.items() if facts})

    def answer(self, command: AnyCommand, at: Circumstances) -> dict[str, list[AnyPackageFact]]:
        """The facts that the command makes, by package."""
        match command:
            case SellPackage():
                return {command.package_id: sell(command, self.sale(), at)}
            case RedeemUnits():
                return self.redemption(command, [command.package_id], at, chosen=True)
            case RedeemFromCustomer():
                return self.redemption(command, list(self.packages), at, chosen=False)
            case RestoreUnits():
                uses = {id: p for id, p in self.states.items() if command.redemption_id in p.uses}
                return restore(uses, command, at)
            case RefundPayment():
                holding = [id for id, p in self.states.items() if command.payment_id in p.payments]
                id = (holding or list(self.packages))[0]
            case _:
                id = command.package_id
        return {id: decide(self.states[id], command, at, self.business.policies, self.customer)}

    def sale(self) -> Sale:
        return Sale(
            self.business,
            self.customer,
            self.purchaser,
            self.offer,
            self.services,
            self.purchase_number,
            self.bought_before,
        )

    def redemption(
        self, command: RedeemUnits | RedeemFromCustomer, ids: list[str], at: Circumstances, *, chosen: bool
    ) -> dict[str, list[AnyPackageFact]]:
        positions = {id: position for position, id in enumerate(self.packages, 1)}
        candidates = [Candidate(id, self.states[id], positions[id]) for id in ids]
        return decide_redemption(candidates, command, at, self.business, self.customer, chosen=chosen)


@dataclass(frozen=True)
class Outcome:
    """What came of a command: facts by package, or a refusal; and the world after it."""

    world: World
    facts: dict[str, list[AnyPackageFact]]
    refusal: Refused | None

    def then(self, *facts: AnyPackageFact, **by_package: Sequence[AnyPackageFact]) -> Self:
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
        return self

    def refused(self, kind: type[Refused], /, **explanation: Any) -> None:
        """Exactly this refusal, with these numbers and no others; it made no fact."""
        assert not self.facts, f"not refused: {self.facts}"
        assert type(self.refusal) is kind
        assert self.refusal.explanation() == explanation
        assert str(self.refusal)

    def refused_naming(self, kind: type[Refused], /, **some: Any) -> None:
        """This refusal, explained by at least these members (texts for people are not spelt out)."""
        assert not self.facts, f"not refused: {self.facts}"
        assert type(self.refusal) is kind
        assert some.items() <= self.refusal.explanation().items()
        assert str(self.refusal)

    def and_when(
        self, command: AnyCommand, at: str | datetime = NOW, role: Role = Role.OWNER, who: str = "stf_ann"
    ) -> "Outcome":
        """The next command, on what the last one left."""
        assert self.refusal is None, f"refused: {self.refusal.code} {self.refusal.explanation()}"
        return self.world.when(command, at, role, who)

    @property
    def package(self) -> Package:
        """The package as it stands now; pkg_1 where there are several."""
        return self.world.states["pkg_1"]


def given(*facts: AnyPackageFact, **packages: Sequence[AnyPackageFact]) -> World:
    """`given(sold(), used(1, remaining=9))` is pkg_1 alone; several are named: `given(pkg_a=[…], …)`."""
    first = {"pkg_1": facts} if facts else {}
    return World({**first, **{id: tuple(found) for id, found in packages.items()}})


def selling(terms: OfferTerms, **fields: Any) -> World:
    """A catalogue with one offer, and nothing sold yet."""
    return World(offer=Offer(terms, version=3), **fields)
