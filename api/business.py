"""The business itself: its policies, its locations and its staff."""

from typing import Annotated

from pydantic import Field

from api.answers import Ask, Command, command
from api.bodies import MayBeAbsent
from api.customers import called
from api.queries import Found, ListParameters, NoParameters, Page, Query, query
from domain.business import Business, ChangePolicies, OpenLocation, Policies
from domain.ledger.books import Books
from domain.ledger.directory import Called, row
from domain.ledger.recorder import Person, Wanted
from domain.refusals import NotFound
from domain.staff import RegisterStaff, StaffRole
from domain.values import LocationId, LongText, Name, Quantity, Role, StaffId, Terms, TimeZone, Value
from projections.definition import Row
from projections.staff_list import staff

# The business


class LocationShown(Value):
    id: str
    name: str
    address: str | None
    time_zone: str
    open: bool


class BusinessShown(Value):
    id: str
    name: str
    currency: str
    time_zone: str
    policies: Policies
    policy_version: int
    locations: tuple[LocationShown, ...]
    version: int


def _shown(books: Books) -> BusinessShown:
    found = books.business
    return BusinessShown(
        id=books.business_id,
        name=found.name,
        currency=found.currency,
        time_zone=found.time_zone,
        policies=found.policies,
        policy_version=found.policy_version,
        locations=_locations(found),
        version=books.version(books.business_id),
    )


def _locations(found: Business) -> tuple[LocationShown, ...]:
    return tuple(
        LocationShown(id=id, name=each.name, address=each.address, time_zone=each.time_zone, open=each.open)
        for id, each in found.locations.items()
    )


@query("/v1/business", "business.show", "The business", answer=BusinessShown)
def show(call: Query[NoParameters]) -> Found:
    books = call.look(Wanted({call.business_id: 0}))
    return Found(_shown(books), books.head.position, books.version(call.business_id))


class PolicyChanges(Value):
    """Only what is given changes; `correction_max: null` takes that limit away."""

    cancellation: MayBeAbsent[Terms] = None
    payment_required: MayBeAbsent[bool] = None
    correction_max: Quantity | None = None


@command(
    "/v1/policies",
    "policies.change",
    "Change the terms of the business, for what is decided from now on",
    body=PolicyChanges,
    answer=BusinessShown,
)
def change_policies(call: Command[PolicyChanges]) -> Ask:
    given = {name: getattr(call.body, name) for name in call.body.model_fields_set}
    return Ask(ChangePolicies(**given), lambda books, _: _shown(books))


# Locations


class LocationBody(Value):
    id: LocationId | None = None
    name: Name
    address: LongText | None = None
    time_zone: TimeZone | None = None
    """The business's own when absent."""


class LocationPage(Page[LocationShown]):
    pass


@command(
    "/v1/locations",
    "locations.open",
    "Open a location",
    body=LocationBody,
    answer=LocationShown,
)
def open_location(call: Command[LocationBody]) -> Ask:
    body = call.body
    id = call.new("loc", body.id)
    asked = OpenLocation(location_id=id, name=body.name, time_zone=body.time_zone, address=body.address)
    return Ask(asked, lambda books, _: next(each for each in _locations(books.business) if each.id == id))


@query(
    "/v1/locations",
    "locations.list",
    "Locations, in the order they were opened",
    answer=LocationPage,
    parameters=ListParameters,
)
def list_locations(call: Query[ListParameters]) -> Found:
    books = call.look(Wanted({call.business_id: 0}))
    first = (call.after() or [0])[0]
    numbered = list(enumerate(_locations(books.business), 1))
    rows = [each for each in numbered if each[0] > first][: call.parameters.limit + 1]
    return call.page(
        LocationPage,
        rows,
        key=lambda row: [row[0]],
        shown=lambda row: row[1],
        position=books.head.position,
    )


# Staff


class StaffBody(Value):
    id: StaffId | None = None
    name: Name
    role: StaffRole = Role.STAFF
    locations: Annotated[tuple[LocationId, ...], Field(max_length=200)] = ()
    """Where they work; empty: everywhere."""


class StaffShown(Value):
    id: str
    name: str | None
    role: str
    locations: tuple[str, ...]
    active: bool
    version: int


class StaffPage(Page[StaffShown]):
    pass


def shown_staff(books: Books, staff_id: str, person: Person | None) -> StaffShown:
    """Raises NotFound."""
    found = books.staff(staff_id)
    if found is None:
        raise NotFound("member of staff", staff_id)
    return StaffShown(
        id=staff_id,
        name=called(person),
        role=found.role.value,
        locations=found.locations,
        active=found.active,
        version=books.version(staff_id),
    )


@command(
    "/v1/staff",
    "staff.register",
    "Register a member of staff",
    body=StaffBody,
    answer=StaffShown,
    location="/v1/staff/{id}",
)
def register_staff(call: Command[StaffBody]) -> Ask:
    body = call.body
    id = call.new("stf", body.id)
    return Ask(
        RegisterStaff(staff_id=id, role=body.role, locations=body.locations),
        lambda books, _: shown_staff(books, id, books.person(id)),
        shows=(id,),
        people=(row(id, id, Called(name=body.name)),),
    )


@query("/v1/staff/{staff_id}", "staff.show", "One member of staff", answer=StaffShown)
def show_staff(call: Query[NoParameters]) -> Found:
    id = call.id("staff_id")
    books = call.look(Wanted({id: 0}))
    people = call.ledger.recorder.people([id]) if call.sees_people else ()
    shown = shown_staff(books, id, next(iter(people), None))
    return Found(shown, books.head.position, books.version(id))


@query(
    "/v1/staff",
    "staff.list",
    "Staff, in the order they were registered",
    answer=StaffPage,
    parameters=ListParameters,
)
def list_staff(call: Query[ListParameters]) -> Found:
    with call.snapshot("staff") as snapshot:
        rows = staff(snapshot, call.business_id, call.after(), call.parameters.limit + 1)
        ids = [each["staff_id"] for each in rows] if call.sees_people else []
        people = {person.id: person for person in call.ledger.recorder.people(ids)}

        def shown(each: Row) -> StaffShown:
            return StaffShown(
                id=each["staff_id"],
                name=called(people.get(each["staff_id"])),
                role=each["role"],
                locations=tuple(each["locations"]),
                active=each["active"],
                version=each["version"],
            )

        return call.page(
            StaffPage, rows, key=lambda each: [each["position"]], shown=shown, position=snapshot.position
        )


HANDLERS = (
    show,
    change_policies,
    open_location,
    list_locations,
    register_staff,
    show_staff,
    list_staff,
)
