"""A member of staff: role and locations. Name and photo live in the directory.

Facts · state and evolve · commands · decide.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, assert_never

from domain.fact import Fact
from domain.refusals import IdTaken, NotFound
from domain.values import LocationId, Role, StaffId, Value

StaffRole = Literal[Role.OWNER, Role.MANAGER, Role.STAFF]
StaffField = Literal["name", "photo", "role", "locations"]

# Facts


class StaffRegistered(Fact):
    stored_name: ClassVar = "staff.registered"
    role: StaffRole
    locations: tuple[LocationId, ...] = ()
    """Where they work; empty: everywhere."""


class StaffProfileChanged(Fact):
    stored_name: ClassVar = "staff.profile_changed"
    fields: tuple[StaffField, ...]
    role: StaffRole
    locations: tuple[LocationId, ...] = ()
    """Role and places as they are now, whether they are what changed or not."""


class StaffDeactivated(Fact):
    stored_name: ClassVar = "staff.deactivated"


StaffFact = StaffRegistered | StaffProfileChanged | StaffDeactivated
FACTS: tuple[type[Fact], ...] = (StaffRegistered, StaffProfileChanged, StaffDeactivated)

# State


@dataclass(frozen=True, slots=True)
class Staff:
    role: StaffRole
    locations: tuple[str, ...]
    active: bool = True


def evolve(state: Staff | None, fact: StaffFact) -> Staff:
    if isinstance(fact, StaffRegistered):
        return Staff(fact.role, fact.locations)
    assert state is not None, "a member of staff begins with staff.registered"
    match fact:
        case StaffProfileChanged():
            return replace(state, role=fact.role, locations=fact.locations)
        case StaffDeactivated():
            return replace(state, active=False)
        case _:
            assert_never(fact)


# Commands


class RegisterStaff(Value):
    staff_id: StaffId
    role: StaffRole = Role.STAFF
    locations: tuple[LocationId, ...] = ()


class ChangeStaff(Value):
    """Only what is given changes."""

    staff_id: StaffId
    role: StaffRole | None = None
    locations: tuple[LocationId, ...] | None = None
    renamed: bool = False
    pictured: bool = False
    """Whether the directory gets another name, or another photo, in the same append."""


class DeactivateStaff(Value):
    staff_id: StaffId


StaffCommand = RegisterStaff | ChangeStaff | DeactivateStaff

# Decide


def decide(state: Staff | None, command: StaffCommand) -> list[StaffFact]:
    """Raises IdTaken for a member who exists, NotFound for one who does not."""
    if isinstance(command, RegisterStaff):
        if state is not None:
            raise IdTaken(command.staff_id)
        return [StaffRegistered(role=command.role, locations=command.locations)]
    if state is None:
        raise NotFound("member of staff", command.staff_id)
    match command:
        case ChangeStaff():
            return _change(state, command)
        case DeactivateStaff():
            return [StaffDeactivated()] if state.active else []
        case _:
            assert_never(command)


def _change(state: Staff, command: ChangeStaff) -> list[StaffFact]:
    role = state.role if command.role is None else command.role
    locations = state.locations if command.locations is None else command.locations
    changed: dict[StaffField, bool] = {
        "name": command.renamed,
        "photo": command.pictured,
        "role": role != state.role,
        "locations": locations != state.locations,
    }
    fields = tuple(name for name, differs in changed.items() if differs)
    return [StaffProfileChanged(fields=fields, role=role, locations=locations)] if fields else []
