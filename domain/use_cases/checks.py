"""Checks that need more than the stream a command changes, each defined once."""

from collections.abc import Mapping

from domain.actor import Circumstances, Role
from domain.booking.state import Booking
from domain.catalogue.state import Offer, Plan, Service
from domain.claims import Claim, external_claim
from domain.decision import Books
from domain.membership.state import Membership
from domain.package.state import Package
from domain.people.state import Customer
from domain.refusals import CustomerIsErased, DuplicateExternalRef, IdTaken, Invalid, NotFound
from domain.staff.state import Staff
from domain.values import ExternalRef

# Things that must be there


def known_customer(books: Books, customer_id: str) -> Customer:
    """Raises NotFound, CustomerIsErased."""
    found = books.customer(customer_id)
    if found is None:
        raise NotFound("customer", customer_id)
    check_not_erased(found, customer_id)
    return found


def check_not_erased(customer: Customer | None, customer_id: str) -> None:
    """Raises CustomerIsErased."""
    if customer is not None and customer.erased:
        raise CustomerIsErased(customer_id)


def known_package(books: Books, package_id: str) -> Package:
    """Raises NotFound."""
    found = books.package(package_id)
    if found is None:
        raise NotFound("package", package_id)
    return found


def known_booking(books: Books, booking_id: str) -> Booking:
    """Raises NotFound."""
    found = books.booking(booking_id)
    if found is None:
        raise NotFound("booking", booking_id)
    return found


def known_service(books: Books, service_id: str) -> Service:
    """Raises NotFound."""
    found = books.service(service_id)
    if found is None:
        raise NotFound("service", service_id)
    return found


def known_offer(books: Books, offer_id: str) -> Offer:
    """Raises NotFound."""
    found = books.offer(offer_id)
    if found is None:
        raise NotFound("offer", offer_id)
    return found


def known_plan(books: Books, plan_id: str) -> Plan:
    """Raises NotFound."""
    found = books.plan(plan_id)
    if found is None:
        raise NotFound("plan", plan_id)
    return found


def known_membership(books: Books, membership_id: str) -> Membership:
    """Raises NotFound."""
    found = books.membership(membership_id)
    if found is None:
        raise NotFound("membership", membership_id)
    return found


def known_staff(books: Books, staff_id: str) -> Staff:
    """Raises NotFound."""
    found = books.staff(staff_id)
    if found is None:
        raise NotFound("member of staff", staff_id)
    return found


def check_own(owner_id: str, kind: str, id: str, at: Circumstances) -> None:
    """Raises NotFound where a customer's key acts for another customer: it does not even learn what exists.

    `kind` and `id` are what was asked for.
    """
    if at.actor.role is Role.CUSTOMER and at.actor.id != owner_id:
        raise NotFound(kind, id)


# Names and ids that only one thing can have


def check_unused(books: Books, stream_id: str) -> None:
    """Raises IdTaken where a stream has this id."""
    if books.exists(stream_id):
        raise IdTaken(stream_id)


def check_unclaimed(books: Books, prefix: str, id: str) -> None:
    """Raises IdTaken for `id` where a claim has this prefix."""
    if books.count(prefix):
        raise IdTaken(id)


def check_external_ref(books: Books, kind: str, external_ref: ExternalRef | None) -> None:
    """Raises DuplicateExternalRef."""
    if external_ref is not None and books.count(external_claim(kind, external_ref)):
        raise DuplicateExternalRef(str(external_ref))


def counts_external_ref(kind: str, external_ref: ExternalRef | None) -> tuple[str, ...]:
    """The claims that `check_external_ref` needs counted."""
    return () if external_ref is None else (external_claim(kind, external_ref),)


def claims_external_ref(kind: str, external_ref: ExternalRef | None, stream_id: str) -> tuple[Claim, ...]:
    return () if external_ref is None else (Claim(external_claim(kind, external_ref), stream_id),)


# Things that a command names


def check_staff(books: Books, staff_id: str | None) -> None:
    """Raises Invalid for an id that is not an active member of staff; None passes. Every door asks this."""
    member = None if staff_id is None else books.staff(staff_id)
    if staff_id is not None and (member is None or not member.active):
        raise Invalid("/staff_id", "unknown-staff", "is not an active member of staff of this business")


def check_services(books: Books, services: Mapping[str, str]) -> None:
    """Raises Invalid for an id that is not a service of this business. `services`: pointer → id."""
    for pointer, service_id in services.items():
        if books.service(service_id) is None:
            raise Invalid(pointer, "unknown-service", "is not a service of this business")


def check_locations(books: Books, locations: Mapping[str, str]) -> None:
    """Raises Invalid for an id that never was a location of this business. `locations`: pointer → id."""
    for pointer, location_id in locations.items():
        if location_id not in books.business.locations:
            raise Invalid(pointer, "unknown-location", "is not a location of this business")
