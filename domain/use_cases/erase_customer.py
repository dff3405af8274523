"""Erase a customer: the personal data goes, the books keep the id (domain.md, Erasure).

All names of the customer are erased together: each has rows, streams and answers of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from domain.actor import Circumstances
from domain.booking.cancellation import cancel as cancel_booking
from domain.booking.commands import CancelBooking
from domain.booking.facts import BookingFact
from domain.booking.state import Booking
from domain.claims import Claim
from domain.decision import Books, Decision, Peek, Reads, UseCase
from domain.fact import Fact, fold
from domain.membership.commands import EndMembership
from domain.membership.ending import end
from domain.package.cancellation import cancel
from domain.package.checks import now_for, settled
from domain.package.commands import CancelPackage
from domain.package.evolution import evolve
from domain.package.facts import PackageFact
from domain.package.state import Package
from domain.people.commands import EraseCustomer
from domain.people.facts import CustomerErased, RemovedRows
from domain.refusals import ErasureOutstanding
from domain.top_up.standing import removed
from domain.use_cases.checks import known_customer
from domain.use_cases.customer_ref import releases_ref
from domain.use_cases.own_stream import id_in

Made = dict[str, tuple[str, Sequence[Fact]]]


def reads(command: EraseCustomer, business_id: str, peek: Peek) -> Reads:
    """Everything of the customer: what is outstanding, and how much personal data there is."""
    id = command.customer_id
    return Reads({business_id: 0, id: 0}, packages_of=(id,), everything_of=(id,))


def decide(command: EraseCustomer, books: Books, at: Circumstances) -> Decision:
    """The ends of what is outstanding, then the erasure, which deletes the rows of every place in the same append.

    Raises NotFound, CustomerIsErased, ErasureOutstanding, LimitReached.
    """
    id = command.customer_id
    customer = known_customer(books, id)
    found = _of(id, books, at)
    if command.why == "asked":
        _check_settled(command, found, at)
    made, names, claims = _ends(command, found, at), books.names_of(id), list[Claim]()
    for name in names:
        removed_there = RemovedRows.model_validate(books.personal_data(name))
        made[name] = "customer", [CustomerErased(why=command.why, removed=removed_there)]
        known = customer if name == id else books.own_customer(name)
        claims += releases_ref(known.external_ref if known is not None else None, name, books)
    return Decision(made, claims=tuple(claims), erases=names)


@dataclass
class _Theirs:
    """What a customer has in the books, by id."""

    packages: dict[str, Package]
    bookings: Mapping[str, Booking]
    """Those that are outstanding: ahead, or with units held."""
    memberships: Sequence[str]
    top_ups: Sequence[str]
    books: Books
    moved: dict[str, list[PackageFact]] = field(default_factory=dict)
    """New facts of packages."""

    def move(self, facts: Mapping[str, Sequence[PackageFact]]) -> None:
        """Add facts of packages, and go on from the packages as they are after them."""
        for id, new in facts.items():
            if new:
                self.moved.setdefault(id, []).extend(new)
                self.packages[id] = fold(evolve, self.packages[id], new)


def _of(customer_id: str, books: Books, at: Circumstances) -> _Theirs:
    packages = {id: package for id, package, _ in books.packages_of(customer_id)}
    held = {booking_id for package in packages.values() for booking_id in package.holds}
    bookings = {
        id: booking
        for id in books.streams_of(customer_id, "booking")
        if (booking := books.booking(id)) is not None
        and booking.status in ("pending", "confirmed")
        and booking.attendance is None
        and (booking.starts_at > at.now or id in held)
    }
    memberships = [
        id
        for id in books.streams_of(customer_id, "membership")
        if (state := books.membership(id)) is not None
        and state.status(max(at.now, state.latest_at)) != "ended"
    ]
    top_ups = [
        id
        for id in books.streams_of(customer_id, "top_up")
        if (rule := books.top_up(id)) is not None and rule.status != "removed"
    ]
    return _Theirs(packages, bookings, memberships, top_ups, books)


def _is_usable(package: Package, at: Circumstances) -> bool:
    return package.status(now_for(package, at)) == "active" or bool(package.holds)


def _check_settled(command: EraseCustomer, found: _Theirs, at: Circumstances) -> None:
    """Raises ErasureOutstanding for what the command does not say a word about."""
    usable = [id for id, package in found.packages.items() if _is_usable(package, at)]
    ends = (usable, list(found.bookings), list(found.memberships), list(found.top_ups))
    if command.unused == "cancel":
        ends = ([], [], [], [])
    owing = [] if command.owing == "keep" else _owing(command, found, usable)
    if any((*ends, owing)):
        packages, bookings, memberships, top_ups = map(tuple, ends)
        raise ErasureOutstanding(packages, bookings, memberships, top_ups, tuple(owing))


def _owing(command: EraseCustomer, found: _Theirs, usable: Sequence[str]) -> list[str]:
    """What is not paid in full, but for what was or is to be cancelled."""
    ended = set(usable) if command.unused == "cancel" else set()
    packages = [
        id
        for id, package in found.packages.items()
        if package.owing and not package.cancelled and not (id in ended and not _is_used(package))
    ]
    owed = [
        id
        for id in found.books.streams_of(command.customer_id, "booking")
        if (booking := found.books.booking(id)) is not None
        and booking.owing
        and booking.status != "cancelled"
        and not (command.unused == "cancel" and id in found.bookings)
    ]
    return [*packages, *owed]


def _is_used(package: Package) -> bool:
    return any(use.in_use for use in package.uses.values())


def _ends(command: EraseCustomer, found: _Theirs, at: Circumstances) -> Made:
    """The facts that end what is outstanding: bookings first, whose units go back to packages that end after them."""
    made: Made = {}
    for id, booking in found.bookings.items():
        facts, moved = _cancelled(id, booking, found, at)
        made[id] = "booking", facts
        found.move(moved)
    for id in found.memberships:
        state = found.books.membership(id)
        assert state is not None, "it was found"
        asked = EndMembership(membership_id=id, at="now", reason=command.reason)
        made[id] = "membership", end(state, None, asked, at)[0]
    for id in found.top_ups:
        rule = found.books.top_up(id)
        assert rule is not None, "it was found"
        made[id] = "top_up", removed(rule, at.now)
    for id, package in list(found.packages.items()):
        if _is_usable(package, at):
            ending = CancelPackage(package_id=id, release_holds=True, reason=command.reason)
            first = settled(package, now_for(package, at))
            after = fold(evolve, package, first)
            found.move({id: [*first, *cancel(after, ending, at)]})
    # In the order of their sales.
    made |= {id: ("package", found.moved[id]) for id in found.packages if id in found.moved}
    return made


def _cancelled(
    id: str, booking: Booking, found: _Theirs, at: Circumstances
) -> tuple[list[BookingFact], dict[str, list[PackageFact]]]:
    packages = {each: found.packages[each] for each in booking.packages if each in found.packages}
    return cancel_booking(booking, CancelBooking(booking_id=id, by="business"), packages, at)


ERASE_CUSTOMER = UseCase(EraseCustomer, reads, decide, id_in("customer_id"), alone=True)
