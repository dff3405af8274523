"""Commands on a member of staff."""

from collections.abc import Mapping

from domain.actor import Role
from domain.people.profile import NOTHING, NameAndPhoto, NameOrPhoto
from domain.staff.facts import StaffRole
from domain.values import LocationId, StaffId, Value


class RegisterStaff(Value):
    staff_id: StaffId
    role: StaffRole = Role.STAFF
    locations: tuple[LocationId, ...] = ()
    called: NameAndPhoto | None = None


class ChangeStaff(Value):
    """Only what is given changes; a photo of None is removed."""

    staff_id: StaffId
    role: StaffRole | None = None
    locations: tuple[LocationId, ...] | None = None
    changes: Mapping[NameOrPhoto, str | None] = NOTHING


class DeactivateStaff(Value):
    staff_id: StaffId


class ReactivateStaff(Value):
    staff_id: StaffId
