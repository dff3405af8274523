"""Given facts, when a command, then facts or a refusal: how the tests of packages read.

`given(sold(units=10)).when(redeem(), at="2026-10-03 12:00").then(...)` reads as the sentence it tests. Every
`when` also reads what came of it with `books.py`, so that each example is a test of invariant 1 too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Self

from domain.actor import Circumstances, Role
from domain.booking.attendance import complete, mark
from domain.booking.cancellation import cancel
from domain.booking.commands import (
    BookingCommand,
    CancelBooking,
    CompleteBooking,
    ConfirmBooking,
    MakeBooking,
    MarkAttendance,
    RescheduleBooking,
)
from domain.booking.facts import BookingFact
from domain.booking.schedule import Refusal, Sight, confirm, make, reschedule
from domain.booking.state import Booking
from domain.booking.state import evolve as evolve_booking
from domain.business.facts import Policies
from domain.business.state import Business
from domain.catalogue.facts import OfferTerms
from domain.catalogue.state import Offer, Service
from domain.deciding import decide
from domain.package.allocation import Candidate, allocate, use
from domain.package.commands import (
    PackageCommand,
    RedeemFromCustomer,
    RedeemUnits,
    RefundPayment,
    RestoreUnits,
    SellPackage,
)
from domain.package.facts import AnyPackageFact
from domain.package.restoration import restore
from domain.package.sale import Sale, sell
from domain.package.state import Package, evolve
from domain.people.state import Customer
from domain.refusals import Refused
from domain.staff.state import Staff
from tests.domain.books import check_line_facts
from tests.domain.words import BUSINESS, HOUSEHOLD, NOW, SERVICES, STAFF, circumstances

AnyCommand = SellPackage | RedeemUnits | RedeemFromCustomer | RestoreUnits | PackageCommand
Appointment = MakeBooking | BookingCommand
Facts = tuple[AnyPackageFact, ...]
Decided = dict[str, list[AnyPackageFact]]


def fold(facts: Iterable[AnyPackageFact]) -> Package:
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
        self,
        command: AnyCommand | Appointment,
        at: str | datetime = NOW,
        role: Role = Role.OWNER,
        who: str = "stf_ann",
    ) -> "Outcome":
        bookings: dict[str, list[BookingFact]] = {}
        left_out: list[Refusal] = []
        try:
            if isinstance(command, Appointment):
                bookings, facts, left_out = self.appointment(command, circumstances(at, role, who))
            else:
                facts = self.answer(command, circumstances(at, role, who))
        except Refused as refusal:
            return Outcome(self, {}, refusal)
        after = self.with_facts(facts).with_bookings(bookings)
        for package in facts:
            check_line_facts(after.packages[package])
        return Outcome(after, facts, None, bookings, left_out)

    def with_facts(self, added: Mapping[str, Sequence[AnyPackageFact]]) -> Self:
        packages = {id: tuple(facts) for id, facts in self.packages.items()}
        for id, facts in added.items():
            packages[id] = (*packages.get(id, ()), *facts)
        return replace(self, packages={id: facts for id, facts in packages.items() if facts})

    def with_bookings(self, added: Mapping[str, Sequence[BookingFact]]) -> Self:
        bookings = {id: (*self.bookings.get(id, ()), *facts) for id, facts in added.items()}
        return replace(self, bookings={**self.bookings, **bookings})

    def appointment(
        self, command: Appointment, at: Circumstances
    ) -> tuple[dict[str, list[BookingFact]], Decided, list[Refusal]]:
        """The facts that the command makes, by booking and by package, and the weeks it cannot book."""
        if isinstance(command, MakeBooking):
            made = make(command, self.sight(command), at)
            return {id: [fact] for id, fact in made.bookings.items()}, made.packages, made.refused
        facts, moved = self._decided(command, at)
        return {command.booking_id: facts}, moved, []

    def _decided(self, command: BookingCommand, at: Circumstances) -> tuple[list[BookingFact], Decided]:
        state = fold_booking(self.bookings[command.booking_id])
        packages = {id: self.states[id] for id in state.packages}
        match command:
            case ConfirmBooking():
                return confirm(state, at), {}
            case RescheduleBooking():
                return reschedule(state, command, packages, self.business, self.customer, at)
            case MarkAttendance():
                return mark(state, command, packages, at)
            case CompleteBooking():
                return complete(state, command.booking_id, packages, at)
            case CancelBooking():
                return cancel(state, command, packages, at)

    def sight(self, command: MakeBooking) -> Sight:
        ids = [command.package_id] if command.package_id else list(self.packages)
        return Sight(
            self.business,
            self.customer,
            self.services.get(command.service_id),
            self.staff.get(command.staff_id or ""),
            self.candidates(ids),
        )

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
        candidates = self.candidates(ids)
        taken, wish = allocate(candidates, command, at, self.business, self.customer, chosen=chosen)
        return use(taken, wish, at)

    def candidates(self, ids: Iterable[str]) -> list[Candidate]:
        positions = {id: position for position, id in enumerate(self.packages, 1)}
        return [Candidate(id, self.states[id], positions[id]) for id in ids]


@dataclass(frozen=True)
class Outcome:
    """What came of a command: facts by package, or a refusal; and the world after it."""

    world: World
    facts: dict[str, list[AnyPackageFact]]
    refusal: Refused | None
    booked: dict[str, list[BookingFact]] = field(default_factory=dict)
    """Facts by booking."""
    left_out: list[Refusal] = field(default_factory=list)
    """The weeks of a series that could not be booked."""

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
        assert not any(self.booked.values()), self.booked
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
        self,
        command: AnyCommand | Appointment,
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


def given(*facts: AnyPackageFact, **packages: Sequence[AnyPackageFact]) -> World:
    """`given(sold(), used(1, remaining=9))` is pkg_1 alone; several are named: `given(pkg_a=[…], …)`."""
    first = {"pkg_1": facts} if facts else {}
    return World({**first, **{id: tuple(found) for id, found in packages.items()}})


def selling(terms: OfferTerms, **fields: Any) -> World:
    """A catalogue with one offer, and nothing sold yet."""
    return World(offer=Offer(terms, version=3), **fields)
