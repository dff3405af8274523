"""What can be asked of a member of staff."""

from domain.actor import Role
from domain.staff.facts import StaffRole
from domain.values import LocationId, StaffId, Value


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
