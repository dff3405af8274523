"""The facts of a member of staff: role and locations. Name and photo live in the directory."""

from typing import ClassVar, Literal, get_args

from domain.actor import Role
from domain.fact import Fact
from domain.values import LocationId

StaffRole = Literal[Role.OWNER, Role.MANAGER, Role.STAFF]
StaffField = Literal["name", "photo", "role", "locations"]


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
    """Role and locations as they are now, changed or not."""


class StaffDeactivated(Fact):
    stored_name: ClassVar = "staff.deactivated"


class StaffReactivated(Fact):
    """A deactivated member works here again, with the role and the locations they had."""

    stored_name: ClassVar = "staff.reactivated"


StaffFact = StaffRegistered | StaffProfileChanged | StaffDeactivated | StaffReactivated
FACTS: tuple[type[Fact], ...] = get_args(StaffFact)
