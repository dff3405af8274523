"""Books on paper: states by id, for decisions that are tested without a ledger."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from domain.booking.state import Booking
from domain.business.state import Business
from domain.catalogue.state import Offer, Plan, Service
from domain.membership.state import Membership
from domain.package.state import Package
from domain.people.directory import PLACES, Person, Place
from domain.people.state import Customer
from domain.points.state import PointsAccount, account_id
from domain.staff.state import Staff
from domain.top_up.state import TopUp
from tests.domain.words import BUSINESS

S = TypeVar("S")
KINDS: Mapping[str, type[Any]] = {"booking": Booking, "membership": Membership, "top_up": TopUp}
"""Kinds of streams of a customer that an erasure ends."""


@dataclass(frozen=True)
class PaperBooks:
    """What `domain.decision.Books` promises, of things that were read from nowhere."""

    states: Mapping[str, Any] = field(default_factory=dict)
    """Stream id → state; a package's place is that of its sale."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Claim prefix → how many claims begin with it; 0 where it is not named."""
    rows: Mapping[str, Person] = field(default_factory=dict)
    """The directory."""
    authors: Mapping[str, str] = field(default_factory=dict)
    """Redemption → who entered it."""
    business_id: str = "biz_1"
    opened: Business | None = BUSINESS

    def _of(self, id: str, kind: type[S]) -> S | None:
        found = self.states.get(id)
        return found if isinstance(found, kind) else None

    @property
    def business(self) -> Business:
        assert self.opened is not None, "a ledger begins with business.opened"
        return self.opened

    def business_or_none(self) -> Business | None:
        return self.opened

    def staff(self, staff_id: str, /) -> Staff | None:
        return self._of(staff_id, Staff)

    def service(self, service_id: str, /) -> Service | None:
        return self._of(service_id, Service)

    def offer(self, offer_id: str, /) -> Offer | None:
        return self._of(offer_id, Offer)

    @property
    def has_top_ups(self) -> bool:
        return True

    def plan(self, plan_id: str, /) -> Plan | None:
        return self._of(plan_id, Plan)

    def membership(self, membership_id: str, /) -> Membership | None:
        return self._of(membership_id, Membership)

    def customer(self, customer_id: str, /) -> Customer | None:
        return self._of(customer_id, Customer)

    def names_of(self, customer_id: str) -> tuple[str, ...]:
        return (customer_id,)

    def survivor_of(self, customer_id: str) -> str:
        return customer_id

    def owner_of(self, stream_id: str) -> str | None:
        return self.own_owner_of(stream_id)

    def own_owner_of(self, stream_id: str) -> str | None:
        owner: str | None = getattr(self.states.get(stream_id), "customer_id", None)
        return owner

    def own_customer(self, customer_id: str) -> Customer | None:
        return self.customer(customer_id)

    def own_points(self, customer_id: str) -> PointsAccount | None:
        return self.points_of(customer_id)

    def package(self, package_id: str, /) -> Package | None:
        return self._of(package_id, Package)

    def booking(self, booking_id: str, /) -> Booking | None:
        return self._of(booking_id, Booking)

    def points_of(self, customer_id: str) -> PointsAccount | None:
        return self._of(account_id(customer_id), PointsAccount)

    def top_up(self, top_up_id: str, /) -> TopUp | None:
        return self._of(top_up_id, TopUp)

    def exists(self, stream_id: str) -> bool:
        return stream_id in self.states

    def packages_of(self, customer_id: str) -> Sequence[tuple[str, Package, int]]:
        packages = [(id, state) for id, state in self.states.items() if isinstance(state, Package)]
        return [
            (id, state, position)
            for position, (id, state) in enumerate(packages, 1)
            if state.customer_id == customer_id
        ]

    def unspent_packages_of(self, customer_id: str) -> Sequence[tuple[str, Package, int]]:
        return [found for found in self.packages_of(customer_id) if not found[1].is_spent]

    def packages_that(self, hold: Callable[[Package], bool]) -> dict[str, Package]:
        return {id: state for id, state in self.states.items() if isinstance(state, Package) and hold(state)}

    def bookings_that(self, hold: Callable[[Booking], bool]) -> dict[str, Booking]:
        return {id: state for id, state in self.states.items() if isinstance(state, Booking) and hold(state)}

    def claimants(self, prefix: str, hold: Callable[[Package], bool]) -> dict[str, Package]:
        return self.packages_that(hold)

    def accounts_that(self, hold: Callable[[PointsAccount], bool]) -> Iterator[tuple[str, PointsAccount]]:
        for id, state in self.states.items():
            if isinstance(state, PointsAccount) and hold(state):
                yield id, state

    def entered_by(self, redemption_id: str) -> str | None:
        return self.authors.get(redemption_id)

    def count(self, prefix: str) -> int:
        return self.counts.get(prefix, 0)

    def streams_of(self, customer_id: str, kind: str) -> list[str]:
        of = KINDS[kind]
        found = [id for id, state in self.states.items() if isinstance(state, of)]
        return [id for id in found if self.states[id].customer_id == customer_id]

    def personal_data(self, customer_id: str) -> Mapping[Place, int]:
        people = sum(row.owner_id == customer_id for row in self.rows.values())
        return {place: people if place == "people" else 0 for place in PLACES}

    def person(self, id: str) -> Person | None:
        return self.rows.get(id)
