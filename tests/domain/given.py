"""Given facts, when a command, then facts or a refusal: the vocabulary of the tests of the core.

`given(sold(units=10)).when(redeem(), at="2026-10-03 12:00").then(...)` reads as the sentence it tests. Times
are written as a desk in Budapest reads them. Every `when` also folds what came of it and checks the equations
of `books.py`, so that each example is a test of invariant 1 too.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, Generic, Self, TypeVar
from zoneinfo import ZoneInfo

from domain.business import Business, Location, Policies
from domain.catalogue import Offer, OfferTerms, Service, ServiceTerms
from domain.customer import Customer, Participant
from domain.deciding import decide
from domain.events import Fact
from domain.expiry import Never, Validity
from domain.package import (
    AnyPackageFact,
    FreedUse,
    LineCorrected,
    LineUnits,
    NewPayment,
    Package,
    PackageCommand,
    PackageFroze,
    PackagePurchased,
    PackageWasCancelled,
    PaymentRecorded,
    RedeemFromCustomer,
    RedeemUnits,
    RefundPayment,
    RestoreUnits,
    SellPackage,
    SoldLine,
    SoldService,
    UnitsRedeemed,
    UnitsRestored,
    evolve,
)
from domain.redeeming import Candidate
from domain.redeeming import redeem as decide_redemption
from domain.refusals import Refused
from domain.restoring import restore
from domain.selling import Sale, sell
from domain.spreading import runs, spread
from domain.values import Actor, Circumstances, Money, PaymentMethod, Role, Terms, Wording
from tests.domain.books import check_line_facts

ZONE = "Europe/Budapest"
NOW = "2026-10-03 12:00"
"""A Saturday noon; summer time ends there on 25 October."""
SOLD = "2026-10-01 09:00"


# --- Words for values --------------------------------------------------------------------------


def moment(local: str | datetime, zone: str = ZONE) -> datetime:
    """The moment a clock on that wall shows `2026-10-03 12:00`."""
    if isinstance(local, datetime):
        return local
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def day(text: str) -> date:
    return date.fromisoformat(text)


def euros(minor_units: int) -> Money:
    return Money(amount=minor_units, currency="EUR")


def because(text: str = "agreed at the desk", n: int = 1) -> Wording:
    return Wording(id=f"txt_{n}", salt=b"pinch", text=text)


def circumstances(at: str | datetime = NOW, role: Role = Role.OWNER, who: str = "stf_ann") -> Circumstances:
    return Circumstances(moment(at), Actor(id=who, role=role))


MASSAGE = SoldService(id="svc_massage", name="Massage 60", service_type="Massage")
FACIAL = SoldService(id="svc_facial", name="Facial", service_type="Beauty")
SERVICES: Mapping[str, Service | None] = {
    "svc_massage": Service(ServiceTerms(name="Massage 60", service_type="Massage", list_price=6_000)),
    "svc_facial": Service(ServiceTerms(name="Facial", service_type="Beauty", list_price=3_000)),
    "svc_gift": Service(ServiceTerms(name="Hand cream", service_type="Gift", list_price=0)),
    "svc_talk": Service(ServiceTerms(name="Talk", service_type="Advice")),
    "svc_old": Service(ServiceTerms(name="Mud bath", service_type="Massage", list_price=100), retired=True),
}
HOUSEHOLD = Customer(
    participants={
        "par_ada": Participant("par_ada", 0, "person"),
        "par_max": Participant("par_max", 1, "dog"),
        "par_bo": Participant("par_bo", 2, "dog", barred_services=("svc_facial",)),
        "par_old": Participant("par_old", 3, "dog", removed_at=moment("2026-10-02 09:00")),
    }
)
BUSINESS = Business(
    name="Silk Salon",
    currency="EUR",
    time_zone=ZONE,
    locations={"loc_1": Location("Main street", ZONE), "loc_2": Location("Harbour", ZONE)},
)


# --- Words for facts ---------------------------------------------------------------------------


def line(
    quantity: int, *services: SoldService, values: Iterable[int] | None = None, weight: int = 1
) -> SoldLine:
    """A sold line, its units worth 10.00 each unless `values` says otherwise."""
    good_for = services or (MASSAGE,)
    return SoldLine(
        label=" / ".join(service.name for service in good_for),
        services=good_for,
        quantity=quantity,
        values=runs(values if values is not None else [1_000] * quantity),
        weight=weight,
    )


def sold(
    *lines: SoldLine,
    units: int = 10,
    at: str | datetime = SOLD,
    validity: Validity | None = None,
    expires_on: str | date | None = None,
    entered_on: str | None = None,
    **fields: Any,
) -> PackagePurchased:
    """A package as it was sold: ten massages at 10.00 each that never expire, unless said otherwise."""
    lines = lines or (line(units),)
    effective_at = moment(at)
    price = sum(value * count for one in lines for value, count in one.values)
    standard: dict[str, Any] = {
        "customer_id": "cus_1",
        "name": "Massage ×10 💆",
        "purchase_number": 1,
        "currency": "EUR",
        "price": price,
        "list_price": price,
        "time_zone": ZONE,
        "sharing": "purchaser",
        "beneficiaries": ("par_ada",),
        "cancellation": Terms(notice_hours=24, late="restore"),
    }
    entered = day(entered_on) if entered_on else effective_at.astimezone(ZoneInfo(ZONE)).date()
    return PackagePurchased(
        effective_at=effective_at,
        lines=lines,
        validity=validity or Never(),
        expires_on=day(expires_on) if isinstance(expires_on, str) else expires_on,
        entered_on=entered,
        **(standard | fields),
    )


def used(
    *units: int,
    remaining: int,
    redemption: str = "red_1",
    at: str | datetime = NOW,
    line: int = 1,
    value: int | None = None,
    **fields: Any,
) -> UnitsRedeemed:
    """Units in use, of a redemption that took no others unless `quantity` says so."""
    standard: dict[str, Any] = {
        "allocation": 1,
        "quantity": len(units),
        "service_id": "svc_massage",
        "participant_id": "par_ada",
        "staff_id": "stf_ann",
    }
    return UnitsRedeemed(
        effective_at=moment(at),
        redemption_id=redemption,
        line=line,
        units=units,
        value=1_000 * len(units) if value is None else value,
        remaining=remaining,
        **(standard | fields),
    )


def restored(
    *units: int,
    remaining: int,
    redemption: str = "red_1",
    at: str | datetime = NOW,
    line: int = 1,
    value: int | None = None,
    usable: int | None = None,
    **fields: Any,
) -> UnitsRestored:
    standard: dict[str, Any] = {"allocation": 1, "staff_id": "stf_ann"}
    return UnitsRestored(
        effective_at=moment(at),
        redemption_id=redemption,
        line=line,
        units=units,
        value=1_000 * len(units) if value is None else value,
        remaining=remaining,
        usable=len(units) if usable is None else usable,
        **(standard | fields),
    )


def corrected(
    change: int,
    *,
    remaining: int,
    at: str | datetime = NOW,
    line: int = 1,
    value: int | None = None,
    taken: tuple[int, ...] = (),
    returned: tuple[int, ...] = (),
    freed: tuple[FreedUse, ...] = (),
    added: tuple[int, ...] = (),
    reason: Wording | None = None,
) -> LineCorrected:
    moved = len(taken) + len(returned) + sum(len(use.units) for use in freed)
    return LineCorrected(
        effective_at=moment(at),
        line=line,
        change=change,
        remaining=remaining,
        value=1_000 * moved if value is None else value,
        taken=taken,
        returned=returned,
        freed=freed,
        added=added,
        reason=reason.ref if reason else None,
        staff_id="stf_ann",
    )


def paid(amount: int, *, total: int, payment: str = "pay_1", at: str | datetime = NOW) -> PaymentRecorded:
    return PaymentRecorded(
        effective_at=moment(at),
        payment_id=payment,
        amount=amount,
        method=PaymentMethod.CASH,
        paid=total,
        staff_id="stf_ann",
    )


def froze(until: str, *, at: str | datetime = NOW) -> PackageFroze:
    frozen_at = moment(at)
    return PackageFroze(
        effective_at=frozen_at,
        frozen_on=frozen_at.astimezone(ZoneInfo(ZONE)).date(),
        until=day(until),
        reason=because().ref,
        staff_id="stf_ann",
    )


def cancelled(*lapsed: LineUnits, at: str | datetime = NOW) -> PackageWasCancelled:
    return PackageWasCancelled(
        effective_at=moment(at), lapsed=lapsed, reason=because().ref, staff_id="stf_ann"
    )


def of_line(number: int, *units: int, value: int | None = None) -> LineUnits:
    return LineUnits(line=number, units=units, value=1_000 * len(units) if value is None else value)


# --- Words for commands ------------------------------------------------------------------------


def redeem(
    quantity: int = 1, *, package: str = "pkg_1", redemption: str = "red_new", **fields: Any
) -> RedeemUnits:
    """A use of one package that somebody chose."""
    standard: dict[str, Any] = {"service_id": "svc_massage", "redemption_id": redemption}
    return RedeemUnits(package_id=package, quantity=quantity, **(standard | fields))


def redeem_any(quantity: int = 1, *, redemption: str = "red_new", **fields: Any) -> RedeemFromCustomer:
    """A use of whatever packages the rule ranks first."""
    standard: dict[str, Any] = {"service_id": "svc_massage", "redemption_id": redemption}
    return RedeemFromCustomer(customer_id="cus_1", quantity=quantity, **(standard | fields))


def pay(amount: int, *, payment: str = "pay_new", method: PaymentMethod = PaymentMethod.CASH) -> NewPayment:
    return NewPayment(payment_id=payment, amount=euros(amount), method=method)


# --- Given, when, then for packages ------------------------------------------------------------

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
            self.business, self.customer, self.offer, self.services, self.purchase_number, self.bought_before
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


# --- Given, when, then for every other aggregate -----------------------------------------------

S = TypeVar("S")
F = TypeVar("F", bound=Fact)
C = TypeVar("C")


@dataclass(frozen=True)
class Aggregate(Generic[S, F, C]):
    """The fold and the decision of one kind of stream."""

    evolve: Callable[[S | None, F], S]
    decide: Callable[[S | None, C], list[F]]

    def given(self, *facts: F) -> "Stream[S, F, C]":
        return Stream(self, facts)


@dataclass(frozen=True)
class Stream(Generic[S, F, C]):
    aggregate: Aggregate[S, F, C]
    facts: tuple[F, ...]

    @property
    def state(self) -> S | None:
        state: S | None = None
        for fact in self.facts:
            state = self.aggregate.evolve(state, fact)
        return state

    def when(self, command: C) -> "Answer[S, F, C]":
        try:
            decided = self.aggregate.decide(self.state, command)
        except Refused as refusal:
            return Answer(self, [], refusal)
        return Answer(Stream(self.aggregate, (*self.facts, *decided)), decided, None)


@dataclass(frozen=True)
class Answer(Generic[S, F, C]):
    stream: Stream[S, F, C]
    facts: list[F]
    refusal: Refused | None

    def then(self, *facts: F) -> Self:
        assert self.refusal is None, f"refused: {self.refusal.code} {self.refusal.explanation()}"
        assert self.facts == list(facts)
        return self

    def then_nothing(self) -> Self:
        return self.then()

    def refused(self, kind: type[Refused], /, **explanation: Any) -> None:
        assert type(self.refusal) is kind
        assert self.refusal.explanation() == explanation
        assert str(self.refusal)

    def refused_naming(self, kind: type[Refused], /, **some: Any) -> None:
        assert type(self.refusal) is kind
        assert some.items() <= self.refusal.explanation().items()
        assert str(self.refusal)

    @property
    def state(self) -> S:
        state = self.stream.state
        assert state is not None
        return state


def evenly(price: int, quantity: int) -> list[int]:
    """The values of units that weigh the same."""
    return spread(price, [1] * quantity)
