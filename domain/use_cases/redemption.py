"""Shared by redeeming from one package and from all of a customer's packages.

A redemption has one id over all packages it uses. It pays for the booking it names, if these books have it.
"""

from collections.abc import Sequence

from domain.actor import Circumstances
from domain.booking.paid_units import check_payable, paid_with
from domain.business.zones import desk_zone
from domain.claims import Claim, booking_claims, claim_of, redemption_claims
from domain.decision import Books, Decision, Reads
from domain.fact import Fact
from domain.package.allocation import allocate
from domain.package.commands import Redemption
from domain.package.eligibility import Candidate
from domain.package.state import Package, Use
from domain.package.use import use
from domain.refusals import NotFound, WrongBookingState
from domain.use_cases.checks import check_staff, check_unclaimed, known_customer, known_package

AFTER_ALL = 2**63
"""The first rank of packages whose sale is not stored yet, in the order of their sales."""


def reads_beside(
    streams: dict[str, int],
    command: Redemption,
    *,
    with_customers: bool = False,
    unspent_of: tuple[str, ...] = (),
) -> Reads:
    """These reads, with the member of staff and the booking that a redemption names, and the uses that pay for it
    already."""
    paying: tuple[str, ...] = ()
    if command.staff_id is not None:
        streams[command.staff_id] = 0
    if command.booking_id is not None:
        streams[command.booking_id] = 0
        paying = (booking_claims(command.booking_id),)
    counted = (redemption_claims(command.redemption_id), *paying)
    return Reads(
        streams, claimed=paying, with_customers=with_customers, counted=counted, unspent_of=unspent_of
    )


def candidates(customer_id: str, package_id: str | None, books: Books) -> list[Candidate]:
    """The chosen package, else all of the customer's of which something is left.

    The others give no unit, and no refusal tells of them. Raises NotFound for a package of another customer.
    """
    if package_id is None:
        return [
            Candidate(id, state, position or AFTER_ALL + n)
            for n, (id, state, position) in enumerate(books.unspent_packages_of(customer_id))
        ]
    chosen = known_package(books, package_id)
    if chosen.customer_id != customer_id:
        raise NotFound("package", package_id)
    return [Candidate(package_id, chosen, 0)]


def redeem(
    found: Sequence[Candidate],
    command: Redemption,
    books: Books,
    at: Circumstances,
    owner_id: str,
    *,
    chosen: bool,
) -> Decision:
    """Raises IdTaken, Invalid, what `allocate` raises, what `check_payable` raises for a booking of ours, and
    WrongBookingState for one kept elsewhere that a use pays for already.
    """
    claims = redemption_claims(command.redemption_id)
    check_unclaimed(books, claims, command.redemption_id)
    business = books.business
    business.check_location(command.location_id)
    check_staff(books, command.staff_id)
    booked = books.booking(command.booking_id) if command.booking_id else None
    if booked is not None:
        command = check_payable(booked, command, owner_id)
    owner = known_customer(books, owner_id)
    fixed = booked.time_zone if booked is not None else found[0].package.time_zone if chosen else None
    zone = desk_zone(business, at, command.location_id, otherwise=fixed)
    taken, resolved = allocate(found, command, at, business, owner, chosen=chosen, zone=zone)
    if command.booking_id is not None and booked is None:
        _check_unpaid(command.booking_id, command.service_id, resolved.participant.id, books)
    facts = use(taken, resolved, at)
    made: dict[str, tuple[str, Sequence[Fact]]] = {id: ("package", new) for id, new in facts.items()}
    claimed = [Claim(claim_of(claims, id), id) for id in facts]
    if command.booking_id is not None:  # the id of a booking kept elsewhere is taken, too
        # Numbered by the claims that were seen: of two at once that saw the same ones, one is decided again.
        paying = booking_claims(command.booking_id)
        claimed += [Claim(f"{paying}{n}", id) for n, id in enumerate(facts, books.count(paying) + 1)]
        if booked is not None:
            made[command.booking_id] = ("booking", [paid_with(booked, command.redemption_id, taken)])
    return Decision(made, claims=tuple(claimed))


def _check_unpaid(booking_id: str, service_id: str, participant_id: str, books: Books) -> None:
    """One live use of a service by a participant for a booking that is kept elsewhere. Raises WrongBookingState."""
    for redemption_id, each in _uses_for(booking_id, books):
        if each.in_use and (each.service_id, each.participant_id) == (service_id, participant_id):
            raise WrongBookingState("paid", "paid with units", redemption_id)


def _uses_for(booking_id: str, books: Books) -> list[tuple[str, Use]]:
    """(redemption, what it used of one package) of every use that named this booking, also where it went back."""

    def named(package: Package) -> list[tuple[str, Use]]:
        return [(id, each) for id, each in package.uses.items() if each.booking_id == booking_id]

    found = books.claimants(booking_claims(booking_id), lambda package: bool(named(package)))
    return [use for package in found.values() for use in named(package)]
