"""Using units and giving them back: redemptions of one package or of several, and their restorations."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from api.http.command_route import Command, CommandRequest, command
from api.http.ledger_types import Books, RecordedFact
from api.http.permissions import DESK, READERS_OR_OWN
from api.http.query_route import Found, NoParameters, Query, query
from api.resources.bookings.answer import starts_of
from api.resources.packages.card import PackageCard, in_books, owners
from api.resources.parts import (
    NOBODY,
    BookingRef,
    HouseholdMember,
    NamedThing,
    SignedMoney,
    beneficiary,
    booking,
    kinds_of,
    known,
    named,
    with_kinds,
)
from api.resources.texts import wording_or_none
from domain.claims import redemption_claims
from domain.decision import Decision, Reads
from domain.moments import DayOrMoment, Moment, rfc3339
from domain.package.commands import RedeemFromCustomer, RedeemUnits, RestoreUnits
from domain.package.facts import UnitsRedeemed, UnitsRestored
from domain.package.state import Package
from domain.refusals import NotFound
from domain.use_cases.redeem_from_customer import REDEEM_FROM_CUSTOMER
from domain.use_cases.redeem_units import REDEEM_UNITS
from domain.use_cases.restore_units import RESTORE_UNITS
from domain.values import (
    BookingId,
    LineNumber,
    LocationId,
    LongText,
    PackageId,
    ParticipantId,
    Quantity,
    RedemptionId,
    ServiceId,
    StaffId,
    Value,
)
from projections.engine.definition import Row

# Using units


class RedemptionBody(Value):
    id: RedemptionId | None = None
    service_id: ServiceId
    quantity: Quantity = 1
    participant_id: ParticipantId | None = None
    booking_id: BookingId | None = None
    session_at: Moment | None = None
    """When the session starts, where that is not when it is entered."""
    staff_id: StaffId | None = None
    location_id: LocationId | None = None
    effective_at: DayOrMoment | None = None
    line: LineNumber | None = None


class RedemptionAllocation(Value):
    """Units of one line of one package, by their numbers, and what they are worth together."""

    package_id: str
    line: int
    units: tuple[int, ...]
    value: SignedMoney


class RedeemedPackage(PackageCard):
    redemption_id: str
    allocations: tuple[RedemptionAllocation, ...]


class RedeemedUnits(Value):
    """One redemption, the units it took in order, and the packages it took them of."""

    redemption_id: str
    allocations: tuple[RedemptionAllocation, ...]
    packages: tuple[PackageCard, ...]


REFUSALS = (
    "insufficient-units",
    "package-expired",
    "package-cancelled",
    "package-frozen",
    "payment-required",
    "not-eligible",
    "id-taken",
    "limit-reached",
    "effective-at-out-of-range",
    "back-dating-not-allowed",
)


def _wish(call: Command[RedemptionBody]) -> dict[str, Any]:
    """The members that a redemption has whichever way its packages are chosen; a booking gives those left out."""
    given = {name: getattr(call.body, name) for name in call.body.model_fields_set if name != "id"}
    return {"redemption_id": call.new("red", call.body.id), **given}


@command(
    "/v1/packages/{package_id}/redemptions",
    "redemptions.redeem",
    "Use units of one package",
    roles=DESK,
    body=RedemptionBody,
    answer=RedeemedPackage,
    location="/v1/redemptions/{redemption_id}",
    codes=REFUSALS,
)
def redeem(call: Command[RedemptionBody]) -> CommandRequest:
    asked = RedeemUnits(package_id=call.id("package_id"), **_wish(call))

    def answer(books: Books, decision: Decision) -> Row:
        card = in_books(books, asked.package_id, call)
        return card | {
            "redemption_id": asked.redemption_id,
            "allocations": _taken(decision, call.currency),
        }

    return CommandRequest(REDEEM_UNITS, asked, answer, shows=owners)


@command(
    "/v1/customers/{customer_id}/redemptions",
    "redemptions.redeem_from_customer",
    "Use units of a customer's packages, chosen by the rule",
    roles=DESK,
    body=RedemptionBody,
    answer=RedeemedUnits,
    location="/v1/redemptions/{redemption_id}",
    codes=REFUSALS,
)
def redeem_from_customer(call: Command[RedemptionBody]) -> CommandRequest:
    asked = RedeemFromCustomer(customer_id=call.id("customer_id"), **_wish(call))

    def answer(books: Books, decision: Decision) -> Row:
        return {
            "redemption_id": asked.redemption_id,
            "allocations": _taken(decision, call.currency),
            "packages": [in_books(books, id, call) for id in decision.packages],
        }

    return CommandRequest(REDEEM_FROM_CUSTOMER, asked, answer, shows=owners)


def _taken(decision: Decision, currency: str) -> list[Row]:
    """What a redemption took, in the order in which it took it."""
    taken = [(fact, id) for id, fact in _facts_of(decision) if isinstance(fact, UnitsRedeemed)]
    taken.sort(key=lambda part: part[0].allocation)
    return [_allocation(id, fact, currency) for fact, id in taken]


def _facts_of(decision: Decision) -> Iterator[tuple[str, Any]]:
    for id, (_, facts) in decision.facts.items():
        for fact in facts:
            yield id, fact


def _allocation(package_id: str, fact: UnitsRedeemed | UnitsRestored, currency: str) -> Row:
    """The members of an `RedemptionAllocation`."""
    value = {"amount": fact.value, "currency": currency}
    return {"package_id": package_id, "line": fact.line, "units": fact.units, "value": value}


# Giving them back


class RestorationBody(Value):
    quantity: Quantity | None = None
    """All that is left of the redemption when it is left out."""
    package_id: PackageId | None = None
    """Only what came from this package."""
    reason: LongText | None = None


class RestoredUnits(Value):
    """What went back, last unit first, and how much of it can be used again."""

    redemption_id: str
    restored: int
    usable: int
    reason: Literal["package-expired", "package-cancelled"] | None
    """Why not everything that went back can be used."""
    restorable: int
    """What is left of the redemption to restore."""
    allocations: tuple[RedemptionAllocation, ...]
    packages: tuple[PackageCard, ...]


@command(
    "/v1/redemptions/{redemption_id}/restorations",
    "redemptions.restore",
    "Give back a use, in full or in part, to the very packages it came from",
    roles=DESK,
    body=RestorationBody,
    answer=RestoredUnits,
    codes=("already-restored", "insufficient-units"),
)
def restore(call: Command[RestorationBody]) -> CommandRequest:
    body, redemption_id = call.body, call.id("redemption_id")

    def answer(books: Books, decision: Decision) -> Row:
        facts = [(id, fact) for id, fact in _facts_of(decision) if isinstance(fact, UnitsRestored)]
        used = _used(books, redemption_id)
        return {
            "redemption_id": redemption_id,
            "restored": sum(len(fact.units) for _, fact in facts),
            "usable": sum(fact.usable for _, fact in facts),
            "reason": _why_unusable([fact for _, fact in facts]),
            "restorable": sum(package.uses[redemption_id].restorable for package in used),
            "allocations": [_allocation(id, fact, call.currency) for id, fact in facts],
            "packages": [in_books(books, id, call) for id in decision.packages],
        }

    asked = RestoreUnits(
        redemption_id=redemption_id,
        quantity=body.quantity,
        package_id=body.package_id,
        reason=wording_or_none(call, body.reason),
    )
    return CommandRequest(RESTORE_UNITS, asked, answer, shows=owners)


def _why_unusable(
    facts: Iterable[UnitsRestored],
) -> Literal["package-expired", "package-cancelled"] | None:
    unusable = [fact for fact in facts if fact.usable < len(fact.units)]
    if not unusable:
        return None
    return "package-cancelled" if any(fact.lapsed for fact in unusable) else "package-expired"


def _used(books: Books, redemption_id: str) -> Iterable[Package]:
    return books.packages_that(lambda package: redemption_id in package.uses).values()


# One redemption


class UsedAllocation(RedemptionAllocation):
    restorable: int
    """How many of these units can still go back."""


class Redemption(Value):
    id: str
    customer_id: str
    service: NamedThing
    participant: HouseholdMember
    quantity: int
    effective_at: str
    recorded_at: str
    staff: NamedThing | None
    location_id: str | None
    booking: BookingRef | None
    allocations: tuple[UsedAllocation, ...]
    restored: int
    """Units that restorations or corrections gave back."""
    restorable: int


@query(
    "/v1/redemptions/{redemption_id}",
    "redemptions.show",
    "One redemption",
    roles=READERS_OR_OWN,
    answer=Redemption,
)
def show_redemption(call: Query[NoParameters]) -> Found:
    id = call.id("redemption_id")
    books = call.look(Reads(claimed=(redemption_claims(id),), with_customers=True))
    uses = list(_uses(books, id))
    if not uses:
        raise NotFound("redemption", id)
    return Found(_redemption(call, books, id, uses), books.head.position)


def _uses(books: Books, redemption_id: str) -> Iterator[tuple[Package, RecordedFact, UnitsRedeemed]]:
    """What the redemption took, in order, with the package as it is now."""
    found = []
    for package_id, package in books.packages_that(lambda package: redemption_id in package.uses).items():
        stream = books.stream(package_id)
        for recorded in stream.facts if stream else ():
            fact = recorded.fact
            if isinstance(fact, UnitsRedeemed) and fact.redemption_id == redemption_id:
                found.append((package, recorded, fact))
    yield from sorted(found, key=lambda use: use[2].allocation)


def _redemption(
    call: Query[Any], books: Books, id: str, uses: Sequence[tuple[Package, RecordedFact, UnitsRedeemed]]
) -> Redemption:
    package, recorded, fact = uses[0]
    people = NOBODY
    if call.sees_people:
        staff = [fact.staff_id] if fact.staff_id else []
        people = known([*books.people(package.customer_id), *call.ledger.recorder.people(staff)])
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
        quantity=fact.quantity,
        effective_at=rfc3339(fact.effective_at),
        recorded_at=rfc3339(recorded.recorded_at),
        staff=named(fact.staff_id, people),
        location_id=fact.location_id,
        booking=booking(fact.booking_id, starts.get(fact.booking_id or "", fact.session_at)),
        allocations=allocations,
        restored=fact.quantity - restorable,
        restorable=restorable,
    )


def _used_allocation(package: Package, recorded: RecordedFact, fact: UnitsRedeemed) -> UsedAllocation:
    held = package.uses[fact.redemption_id].allocations
    left = next(len(allocation.units) for allocation in held if allocation.number == fact.allocation)
    value = SignedMoney(amount=fact.value, currency=package.currency)
    return UsedAllocation(
        package_id=recorded.stream_id, line=fact.line, units=fact.units, value=value, restorable=left
    )


HANDLERS = (redeem, redeem_from_customer, restore, show_redemption)
