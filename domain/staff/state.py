"""A member of staff as its facts make it."""

from dataclasses import dataclass, replace
from typing import assert_never

from domain.staff.facts import (
    StaffDeactivated,
    StaffFact,
    StaffProfileChanged,
    StaffReactivated,
    StaffRegistered,
    StaffRole,
)


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
        case StaffReactivated():
            return replace(state, active=True)
        case _:
            assert_never(fact)
