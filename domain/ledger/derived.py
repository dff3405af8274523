"""What follows from a fact for the tables beside it: who a stream belongs to, and the claims that its command made.

The use cases claim names before their facts are stored; here the same claims are read from the facts. `Claimed` knows
what was claimed by the facts before.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Protocol

from domain.booking.facts import BookingMade, BookingPaymentRecorded
from domain.claims import (
    Claim,
    booking_claims,
    bought_claims,
    claim_of,
    entry_claim,
    external_claim,
    payment_claim,
    plan_claims,
    purchase_claims,
    redemption_claims,
    transfer_claims,
)
from domain.fact import Fact
from domain.membership.facts import MembershipStarted
from domain.package.fact_parts import PackageOpened
from domain.package.facts import UnitsTransferredOut
from domain.package.money_facts import PaymentRecorded
from domain.package.opening_facts import PackageImported, PackagePurchased, PeriodGranted, UnitsTransferredIn
from domain.people.facts import CustomerErased, CustomerRegistered
from domain.points.facts import PointsEntry
from domain.points.state import customer_of
from domain.top_up.facts import TopUpSet
from domain.values import ExternalRef

NOT_REGISTERED = "event"
"""The kind of streams that only the library of the ledger knows."""
CLAIMING = (
    PackageOpened,
    UnitsTransferredOut,
    PaymentRecorded,
    BookingPaymentRecorded,
    BookingMade,
    PointsEntry,
    CustomerRegistered,
    CustomerErased,
)
"""Facts that claim something: all others are passed over at once."""


class Claimed(Protocol):
    """The claims of the facts before this one."""

    def count(self, prefix: str) -> int:
        """The number of claims under a prefix."""

    def external_ref_of(self, customer_id: str) -> ExternalRef | None:
        """The external reference with which a customer was registered."""


def customer_behind(fact: Fact, kind: str, stream_id: str) -> str | None:
    """The customer to whom a stream belongs that this fact begins; None: it is nobody's own."""
    match fact:
        case CustomerRegistered():
            return stream_id
        case PackageOpened() | BookingMade() | MembershipStarted() | TopUpSet():
            return fact.customer_id
        case _:
            return customer_of(stream_id) if kind == "points" else None


def claims_of(fact: Fact, stream_id: str, known: Claimed) -> Iterable[Claim]:
    """The claims that a fact made, but for those of uses (`claims_of_use`)."""
    return _all_claims(fact, stream_id, known) if _may_claim(type(fact)) else ()


@cache
def _may_claim(kind: type[Fact]) -> bool:
    return issubclass(kind, CLAIMING)


def _all_claims(fact: Fact, stream_id: str, known: Claimed) -> Iterator[Claim]:
    for claim in _claims(fact, stream_id, known):
        yield Claim(claim, stream_id)
    if isinstance(fact, BookingMade):
        for package_id in dict.fromkeys(source.package_id for source in fact.sources):
            yield Claim(claim_of(booking_claims(stream_id), package_id), package_id)
            if fact.redemption_id is not None:
                yield Claim(claim_of(redemption_claims(fact.redemption_id), package_id), package_id)


def claims_of_use(
    redemption_id: str, booking_id: str | None, package_id: str, known: Claimed
) -> Iterator[Claim]:
    """The claims of a use that was asked for by itself, not by the booking that it pays for."""
    yield Claim(claim_of(redemption_claims(redemption_id), package_id), package_id)
    if booking_id is not None:
        paying = booking_claims(booking_id)
        yield Claim(f"{paying}{known.count(paying) + 1}", package_id)


def _claims(fact: Fact, stream_id: str, known: Claimed) -> Iterator[str]:
    match fact:
        case PackageOpened():
            yield from _of_package(fact, stream_id, known)
        case UnitsTransferredOut() if fact.membership_id is None:
            yield claim_of(transfer_claims(fact.transfer_id), stream_id)
        case PaymentRecorded() | BookingPaymentRecorded():
            yield payment_claim(fact.payment_id)
            yield from _external("payment", fact.external_ref)
        case BookingMade():
            yield from _external("booking", fact.external_ref)
        case PointsEntry():
            yield entry_claim(fact.entry_id)
        case CustomerRegistered():
            yield from _in_turn(fact.external_ref, known)
        case CustomerErased():
            yield from _in_turn(known.external_ref_of(stream_id), known)
        case _:
            pass  # It claims nothing.


def _of_package(fact: PackageOpened, stream_id: str, known: Claimed) -> Iterator[str]:
    match fact:
        case PeriodGranted():
            yield f"{plan_claims(fact.customer_id, fact.plan_id)}{fact.purchase_number}"
        case _:
            numbers = purchase_claims(fact.customer_id, fact.offer_id, fact.name)
            yield f"{numbers}{fact.purchase_number}"
    match fact:
        case PackagePurchased():
            if fact.purchased_by not in (None, fact.customer_id):
                yield claim_of(bought_claims(fact.purchased_by), stream_id)
            yield from _external("package", fact.external_ref)
        case UnitsTransferredIn():
            yield claim_of(transfer_claims(fact.transfer_id), stream_id)
        case PackageImported() if fact.external_ref is not None:
            named = external_claim("package", fact.external_ref)
            yield f"{named}{known.count(named) or ''}"
            if fact.payment_id is not None:
                yield payment_claim(fact.payment_id)
        case _:
            pass  # It claims its number alone.


def _external(kind: str, ref: ExternalRef | None) -> Iterator[str]:
    if ref is not None:
        yield external_claim(kind, ref)


def _in_turn(ref: ExternalRef | None, known: Claimed) -> Iterator[str]:
    """A customer's reference is claimed by registrations and erasures in turn."""
    if ref is not None:
        named = external_claim("customer", ref)
        turn = known.count(named)
        yield f"{named}{turn}/" if turn else named
