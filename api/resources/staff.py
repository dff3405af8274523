"""The staff of a business: members, where they work, their deactivation and return.

Members are never deleted: what they did stays theirs. Names and photos are in the directory.
"""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from api.http.command_route import Command, CommandRequest, command
from api.http.ledger_types import Books, Recorder
from api.http.new_values import NewId
from api.http.parsing import EmptyBody, MayBeAbsent
from api.http.permissions import MANAGERS, READERS
from api.http.query import Found, ListParameters, NoParameters, Page, Query
from api.http.query_route import query
from api.resources.parts import photo_url
from api.resources.people import called_of
from domain.actor import Role
from domain.decision import Reads, UseCase
from domain.ledger.orders import Done
from domain.moments import to_milliseconds
from domain.people.directory import Person
from domain.people.profile import NameAndPhoto
from domain.refusals import NotFound
from domain.staff.commands import ChangeStaff, DeactivateStaff, ReactivateStaff, RegisterStaff
from domain.staff.facts import StaffRole
from domain.use_cases.change_staff import CHANGE_STAFF
from domain.use_cases.deactivate_staff import DEACTIVATE_STAFF
from domain.use_cases.reactivate_staff import REACTIVATE_STAFF
from domain.use_cases.register_staff import REGISTER_STAFF
from domain.values import LocationId, PersonName, PhotoId, StaffId, Value
from projections.engine.definition import Row
from projections.models.staff import staff

Places = Annotated[tuple[LocationId, ...], Field(max_length=200)]


class StaffBody(Value):
    id: StaffId | None = None
    name: PersonName
    photo: PhotoId | None = None
    role: StaffRole = Role.STAFF
    locations: Places = ()
    """The places of work; empty: everywhere."""


class StaffChanges(Value):
    """Only what is given changes; `photo: null` takes the photo away."""

    name: MayBeAbsent[PersonName] = None
    photo: PhotoId | None = None
    role: MayBeAbsent[StaffRole] = None
    locations: MayBeAbsent[Places] = None


class StaffMember(Value):
    id: NewId
    name: str | None
    photo_url: str | None
    role: str
    locations: tuple[str, ...]
    active: bool
    version: int


class StaffPage(Page[StaffMember]):
    pass


def _in_books(books: Books, staff_id: str, *, sees_people: bool) -> StaffMember:
    """Raises NotFound."""
    found = books.staff(staff_id)
    if found is None:
        raise NotFound("member of staff", staff_id)
    standing = {
        "role": found.role.value,
        "locations": found.locations,
        "active": found.active,
        "version": books.version(staff_id),
    }
    return _shown(staff_id, books.person(staff_id) if sees_people else None, standing)


def _shown(id: str, person: Person | None, standing: Row) -> StaffMember:
    known = called_of(person)
    return StaffMember(
        id=id,
        name=None if known is None else known.name,
        photo_url=photo_url(known.photo) if known and known.photo else None,
        role=standing["role"],
        locations=tuple(standing["locations"]),
        active=standing["active"],
        version=standing["version"],
    )


def _ask(
    id: str, use_case: UseCase[Any], asked: Value, check: Callable[[Recorder], None] | None = None
) -> CommandRequest:
    return CommandRequest(
        use_case, asked, lambda books, _: _in_books(books, id, sees_people=True), shows=(id,), check=check
    )


def _owner_stays(call: Command[Any], staff_id: str) -> Callable[[Recorder], None]:
    """Whether a business keeps an owner when this member is none any more. Raises LastOwnerKey."""
    return lambda recorder: call.frame.keys.check_owner_stays(recorder, lambda key: key.actor_id == staff_id)


@command(
    "/v1/staff",
    "staff.register",
    "Register a member of staff",
    roles=MANAGERS,
    body=StaffBody,
    answer=StaffMember,
    location="/v1/staff/{id}",
    codes=("forbidden",),
)
def register(call: Command[StaffBody]) -> CommandRequest:
    """Registering gives no key: issue one with `POST /v1/keys`. Only an owner registers an owner."""
    body = call.body
    id = call.new("stf", body.id)
    called = NameAndPhoto(name=body.name, photo=body.photo)
    asked = RegisterStaff(staff_id=id, role=body.role, locations=body.locations, called=called)
    return _ask(id, REGISTER_STAFF, asked)


def _forget_keys(call: Command[Any], done: Done) -> None:
    """Let the keys of a member have their new role at once; other processes look them up within seconds."""
    call.frame.keys.forget_staff(call.business_id, call.id("staff_id"))


@command(
    "/v1/staff/{staff_id}/changes",
    "staff.change",
    "Change a member of staff: name, photo, role or locations",
    roles=MANAGERS,
    body=StaffChanges,
    answer=StaffMember,
    codes=("forbidden", "last-owner-key"),
    follows=_forget_keys,
)
def change(call: Command[StaffChanges]) -> CommandRequest:
    """Only what is sent changes. `photo: null` takes the photo away. With another role, the keys of the member do no
    more than that role may. Only an owner makes somebody an owner, or takes that role away. An owner whose keys are the
    last ones stays an owner.
    """
    id, body = call.id("staff_id"), call.body
    changes: dict[Any, str | None] = body.model_dump(include={"name", "photo"}, exclude_unset=True)
    asked = ChangeStaff(staff_id=id, role=body.role, locations=body.locations, changes=changes)
    check = None if body.role in (None, Role.OWNER) else _owner_stays(call, id)
    return _ask(id, CHANGE_STAFF, asked, check)


def _end_keys(call: Command[EmptyBody], done: Done) -> None:
    """Revoke the keys of a member who left, so that they stay ended when the member comes back. A request that is
    repeated leaves those that were issued since."""
    id, frame, left_at = call.id("staff_id"), call.frame, to_milliseconds(done.recorded_at)
    for key in frame.carnet.store.keys_of(call.business_id):
        if key.actor_id == id and key.revoked_at is None and key.created_at <= left_at:
            frame.keys.revoke(call.business_id, key.id)


@command(
    "/v1/staff/{staff_id}/deactivation",
    "staff.deactivate",
    "Deactivate a member of staff: their keys end, and nothing new is booked with them",
    roles=MANAGERS,
    body=EmptyBody,
    answer=StaffMember,
    codes=("forbidden", "last-owner-key"),
    follows=_end_keys,
)
def deactivate(call: Command[EmptyBody]) -> CommandRequest:
    """What they did stays theirs. They are never deleted. Only an owner deactivates an owner, and nobody one whose keys
    are the last ones of an owner.
    """
    id = call.id("staff_id")
    return _ask(id, DEACTIVATE_STAFF, DeactivateStaff(staff_id=id), _owner_stays(call, id))


@command(
    "/v1/staff/{staff_id}/reactivation",
    "staff.reactivate",
    "Reactivate a member of staff, with the role and locations they had; keys that ended stay ended",
    roles=MANAGERS,
    body=EmptyBody,
    answer=StaffMember,
    codes=("forbidden",),
    follows=_forget_keys,
)
def reactivate(call: Command[EmptyBody]) -> CommandRequest:
    """The role and the locations come back. Keys that were revoked stay revoked; issue a new one. Only an owner
    reactivates an owner.
    """
    id = call.id("staff_id")
    return _ask(id, REACTIVATE_STAFF, ReactivateStaff(staff_id=id))


@query("/v1/staff/{staff_id}", "staff.show", "One member of staff", roles=READERS, answer=StaffMember)
def show(call: Query[NoParameters]) -> Found:
    """Also when they are deactivated."""
    id = call.id("staff_id")
    books = call.look(Reads({id: 0}))
    shown = _in_books(books, id, sees_people=call.sees_people)
    return call.thing(shown, books, id)


@query(
    "/v1/staff",
    "staff.list",
    "Staff, in the order they were registered",
    roles=READERS,
    answer=StaffPage,
    parameters=ListParameters,
)
def list_staff(call: Query[ListParameters]) -> Found:
    """Active and deactivated members."""
    with call.snapshot("staff") as snapshot:
        rows = staff(snapshot, call.business_id, call.after(), call.parameters.limit + 1)
        ids = [each["staff_id"] for each in rows] if call.sees_people else []
        people = {person.id: person for person in call.ledger.recorder.people(ids)}
        return call.page(
            StaffPage,
            rows,
            key=lambda each: [each["position"]],
            shown=lambda each: _shown(each["staff_id"], people.get(each["staff_id"]), each),
            position=snapshot.position,
        )


HANDLERS = (register, change, deactivate, reactivate, show, list_staff)
