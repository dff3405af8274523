"""A membership on paper: given facts, when a command, then facts or a refusal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Self

from domain.actor import Role
from domain.catalogue.facts import OfferLine, Period, PlanTerms
from domain.catalogue.state import Plan
from domain.claims import plan_claims
from domain.fact import Fact, fold
from domain.membership.commands import RenewMembership, StartMembership
from domain.membership.facts import MembershipFact
from domain.membership.state import Membership, evolve, period_package
from domain.package.evolution import evolve as evolve_package
from domain.package.facts import PackageFact
from domain.package.opening_facts import PeriodGranted
from domain.package.state import Package
from domain.people.state import Customer
from domain.people.state import evolve as evolve_customer
from domain.refusals import Refused
from domain.values import Value
from tests.domain.books import check_line_facts
from tests.domain.paper import PaperBooks
from tests.domain.words import HOUSEHOLD, SERVICES, circumstances
from tests.use_cases import use_case_of

FIRST = date(2026, 1, 31)
NOON = "2026-01-31 12:00"
NAMED = {"cus_1": ["customer.memberships_changed"]}
"""What the customer is told of a membership that begins to renew, or renews no more."""


def plan(*quantities: int, price: int = 40_000, limit: int = 3, period: Period | None = None) -> PlanTerms:
    """A line of massages for each quantity; four for 400 euros where none is named."""
    lines = tuple(OfferLine(quantity=n, services=("svc_massage",)) for n in quantities or (4,))
    months = period or Period(count=1, unit="months")
    return PlanTerms(name="Gold", price=price, lines=lines, period=months, rollover_limit=limit)


@dataclass(frozen=True)
class Club:
    """One membership, mem_1, of cus_1 in pln_gold, and its packages."""

    facts: tuple[MembershipFact, ...] = ()
    packages: Mapping[str, tuple[PackageFact, ...]] = field(default_factory=dict)
    terms: PlanTerms = field(default_factory=plan)
    customer: Customer = HOUSEHOLD
    retired: bool = False
    refusal: Refused | None = None
    made: Mapping[str, Sequence[Fact]] = field(default_factory=dict)
    """The facts of the last command, by stream."""

    def when(self, command: Value, at: str | datetime = NOON, role: Role = Role.OWNER) -> Self:
        try:
            decision = use_case_of(command).decide(command, self.books(), circumstances(at, role))
        except Refused as refusal:
            return replace(self, refusal=refusal, made={})
        made: dict[str, Sequence[Any]] = {id: facts for id, (_, facts) in decision.facts.items() if facts}
        packages = dict(self.packages)
        for id, facts in decision.facts_of("package").items():
            packages[id] = (*packages.get(id, ()), *facts)
            check_line_facts(packages[id])
        facts = (*self.facts, *made.get("mem_1", ()))
        customer = fold(evolve_customer, self.customer, made.get("cus_1", ()))
        return replace(self, facts=facts, packages=packages, customer=customer, refusal=None, made=made)

    def start(self, at: str = NOON, **body: Any) -> Self:
        command = StartMembership(membership_id="mem_1", plan_id="pln_gold", customer_id="cus_1", **body)
        return self.when(command, at)

    def renew(self, at: str | datetime, period: int | None = None) -> Self:
        return self.when(RenewMembership(membership_id="mem_1", period=period), at)

    def books(self) -> PaperBooks:
        states: dict[str, Any] = {"cus_1": self.customer, "pln_gold": Plan(self.terms, 1, self.retired)}
        states |= {id: service for id, service in SERVICES.items() if service is not None}
        states |= {id: self.package_of(id) for id in self.packages}
        if self.facts:
            states["mem_1"] = self.state
        return PaperBooks(states, {plan_claims("cus_1", "pln_gold"): len(self.packages)})

    @property
    def state(self) -> Membership:
        return fold(evolve, None, self.facts)

    def package_of(self, id: str) -> Package:
        return fold(evolve_package, None, self.packages[id])

    def package(self, period: int) -> Package:
        return self.package_of(period_package("mem_1", period))

    def granted(self, period: int) -> PeriodGranted:
        first = self.packages[period_package("mem_1", period)][0]
        assert isinstance(first, PeriodGranted)
        return first

    def told(self) -> dict[str, list[str]]:
        """The names of the facts of the last command, by stream."""
        assert self.refusal is None, f"refused: {self.refusal.code} {self.refusal.explanation()}"
        return {id: [fact.stored_name for fact in facts] for id, facts in self.made.items()}

    def refused(self, kind: type[Refused]) -> str:
        """The sentence of the refusal, which made no fact."""
        assert type(self.refusal) is kind, self.refusal
        assert not self.made
        return str(self.refusal)
