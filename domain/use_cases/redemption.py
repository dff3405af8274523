"""Shared by redeeming from one package and from all of a customer's packages.

A redemption has one id over all packages it uses. It pays for the booking it names, if these books have it.
"""

from collections.abc import Sequence

from domain.actor import Circumstances
from domain.booking.paid_units import check_payable, paid_with
from domain.claims import Claim, booking_claims, redemption_claims
from domain.decision import Books, Decision
from domain.fact import Fact
from domain.package.allocation import allocate
from domain.package.commands import Redemption
from domain.package.eligibility import Candidate
from domain.package.use import use
from domain.refusals import NotFound
from domain.use_cases.checks import check_staff, check_unclaimed, known_customer, known_package

AFTER_ALL = 2**63
"""The first rank of packages whose sale is not stored yet, in the order of their sales."""


def spoken_of(command: Redemption) -> dict[str, int]:
    """The member of staff and the booking that a redemption names."""
    return {id: 0 for id in (command.staff_id, command.booking_id) if id is not None}


def candidates(customer_id: str, package_id: str | None, books: Books) -> list[Candidate]:
    """The chosen package, else all of the customer's. Raises NotFound for a package of another customer."""
    if package_id is None:
        return [
            Candidate(id, state, position or AFTER_ALL + n)
            for n, (id, state, position) in enumerate(books.packages_of(customer_id))
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
    """Raises IdTaken, Invalid, what `allocate` raises, and what `check_payable` raises for a booking of ours."""
    claims = redemption_claims(command.redemption_id)
    check_unclaimed(books, claims, command.redemption_id)
    books.business.check_location(command.location_id)
    check_staff(books, command.staff_id)
    booked = books.booking(command.booking_id) if command.booking_id else None
    if booked is not None:
        command = check_payable(booked, command, owner_id)
    owner = known_customer(books, owner_id)
    taken, resolved = allocate(found, command, at, books.business, owner, chosen=chosen)
    facts = use(taken, resolved, at)
    made: dict[str, tuple[str, Sequence[Fact]]] = {id: ("package", new) for id, new in facts.items()}
    claimed = [Claim(f"{claims}{id}", id) for id in facts]
    if command.booking_id is not None:  # the id of a booking kept elsewhere is taken, too
        paying = booking_claims(command.booking_id)
        claimed += [Claim(f"{paying}{id}/{command.redemption_id}", id) for id in facts]
        if booked is not None:
            made[command.booking_id] = ("booking", [paid_with(booked, command.redemption_id, taken, at)])
    return Decision(made, claims=tuple(claimed))
