"""A member of staff: role and locations. Name and photo live in the directory.

Facts · state and evolve · commands · decide.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, assert_never

from domain.events import Fact
from domain.refusals import IdTaken, NotFound
from domain.values import LocationId, Role, StaffId, Value

StaffRole = Literal[Role.OWNER, Role.MANAGER, Role.STAFF]

# Facts


class StaffRegistered(Fact):
    stored_name: ClassVar = "staff.registered"
    role: StaffRole
    locations: tuple[LocationId, ...] = ()
    """Where they work; empty: everywhere."""


class StaffDeactivated(Fact):
    stored_name: ClassVar = "staff.deactivated"


StaffFact = StaffRegistered | StaffDeactivated
FACTS: tuple[type[Fact], ...] = (StaffRegistered, StaffDeactivated)

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
        case StaffDeactivated():
            return replace(state, active=False)
        case _:
            assert_never(fact)


# Commands


class RegisterStaff(Value):
    staff_id: StaffId
    role: StaffRole = Role.STAFF
    locations: tuple[LocationId, ...] = ()


class DeactivateStaff(Value):
    staff_id: StaffId


StaffCommand = RegisterStaff | DeactivateStaff

# Decide


def decide(state: Staff | None, command: StaffCommand) -> list[StaffFact]:
    """Raises IdTaken for a member who exists, NotFound for one who does not."""
    match command:
        case RegisterStaff():
            if state is not None:
                raise IdTaken(command.staff_id)
            return [StaffRegistered(role=command.role, locations=command.locations)]
        case DeactivateStaff():
            if state is None:
                raise NotFound("member of staff", command.staff_id)
            return [StaffDeactivated()] if state.active else []
        case _:
            assert_never(command)
