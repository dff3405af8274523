"""One redemption, and what of it can still be restored."""

from collections.abc import Iterator, Sequence
from typing import Any

from api.http.ledger_types import Books, RecordedFact
from api.http.permissions import READERS_OR_OWN
from api.http.query import Found, NoParameters, Query
from api.http.query_route import query
from api.resources.authors import actors_known, entered_by
from api.resources.bookings.answer import starts_of
from api.resources.parts import (
    HouseholdMember,
    NamedThing,
    SignedMoney,
    beneficiary,
    booking,
    kinds_of,
    known,
    local,
    named,
    with_kinds,
)
from api.resources.redemptions.answer import Redemption, UsedAllocation
from domain.claims import redemption_claims
from domain.decision import Reads
from domain.moments import rfc3339
from domain.package.facts import UnitsForfeited, UnitsRedeemed
from domain.package.state import Package
from domain.refusals import NotFound


@query(
    "/v1/redemptions/{redemption_id}",
    "redemptions.show",
    "One redemption",
    roles=READERS_OR_OWN,
    answer=Redemption,
)
def show_redemption(call: Query[NoParameters]) -> Found:
    """The units it took, package by package."""
    id = call.id("redemption_id")
    books = call.look(Reads(claimed=(redemption_claims(id),), with_customers=True))
    uses = list(_uses(books, id))
    if not uses:
        raise NotFound("redemption", id)
    return Found(_redemption(call, books, id, uses), books.head.position)


Taken = UnitsRedeemed | UnitsForfeited
"""The first fact of an allocation: it was used, or forfeited without a use."""


def _uses(books: Books, redemption_id: str) -> Iterator[tuple[Package, RecordedFact, Taken]]:
    """The first facts of the redemption's allocations, in order, each with its package as it is now."""
    found: dict[tuple[str, int], tuple[Package, RecordedFact, Taken]] = {}
    for package_id, package in books.packages_that(lambda package: redemption_id in package.uses).items():
        stream = books.stream(package_id)
        for recorded in stream.facts if stream else ():
            fact = recorded.fact
            if isinstance(fact, UnitsRedeemed | UnitsForfeited) and fact.redemption_id == redemption_id:
                found.setdefault((package_id, fact.allocation), (package, recorded, fact))
    yield from sorted(found.values(), key=lambda use: use[2].allocation)


def _redemption(
    call: Query[Any], books: Books, id: str, uses: Sequence[tuple[Package, RecordedFact, Taken]]
) -> Redemption:
    package, recorded, fact = uses[0]
    performed_by, location_id = _performed(fact)
    quantity = sum(len(taken.units) for _, _, taken in uses)
    people = actors_known(call, [performed_by, recorded.author.id])
    if call.sees_people:
        people = {**people, **known(books.people(package.customer_id))}
    people = with_kinds(people, kinds_of(books.customer(package.customer_id)))
    starts = starts_of(call, package.customer_id, [fact.booking_id])
    allocations = tuple(_used_allocation(*use) for use in uses)
    restorable = sum(allocation.restorable for allocation in allocations)
    name = next((s.name for line in package.lines for s in line.services if s.id == fact.service_id), None)
    return Redemption(
        id=id,
        customer_id=package.customer_id,
        service=NamedThing(id=fact.service_id, name=name),
        participant=HouseholdMember(**beneficiary(fact.participant_id, package.customer_id, people)),
        quantity=quantity,
        effective_at=rfc3339(fact.effective_at),
        recorded_at=rfc3339(recorded.recorded_at),
        **local(fact.effective_at, package.time_zone),
        staff=named(performed_by, people),
        entered_by=entered_by(recorded, people),
        location_id=location_id,
        booking=booking(fact.booking_id, starts, fact.session_at, package.time_zone),
        allocations=allocations,
        restored=quantity - restorable,
        restorable=restorable,
    )


def _performed(fact: Taken) -> tuple[str | None, str | None]:
    """Who performed the session and where; nobody and nowhere where none took place."""
    return (fact.staff_id, fact.location_id) if isinstance(fact, UnitsRedeemed) else (None, None)


def _used_allocation(package: Package, recorded: RecordedFact, fact: Taken) -> UsedAllocation:
    held = package.uses[fact.redemption_id].allocations
    now = next(allocation for allocation in held if allocation.number == fact.allocation)
    return UsedAllocation(
        package_id=recorded.stream_id,
        line=fact.line,
        units=fact.units,
        value=SignedMoney(amount=fact.value, currency=package.currency),
        restorable=len(now.units),
        forfeited=now.forfeited,
    )


HANDLERS = (show_redemption,)
