"""Changing a member of staff: only what is given changes, and owners answer to owners alone."""

from domain.actor import Role
from domain.refusals import Forbidden
from domain.staff.commands import ChangeStaff
from domain.staff.facts import StaffFact, StaffField, StaffProfileChanged, StaffRole
from domain.staff.state import Staff


def change(staff: Staff, command: ChangeStaff, entry: frozenset[str]) -> list[StaffFact]:
    """`entry`: the fields that differ in the directory (name, photo), written in the same append."""
    role = staff.role if command.role is None else command.role
    locations = staff.locations if command.locations is None else command.locations
    differs: dict[StaffField, bool] = {
        "name": "name" in entry,
        "photo": "photo" in entry,
        "role": role != staff.role,
        "locations": locations != staff.locations,
    }
    fields = tuple(name for name, changes in differs.items() if changes)
    return [StaffProfileChanged(fields=fields, role=role, locations=locations)] if fields else []


def check_owner(by: Role, *roles: StaffRole | None) -> None:
    """Raises Forbidden where somebody else than an owner gives the role owner, or takes it away.

    Rights follow the present role: a manager would otherwise shut owners out, or make one.
    """
    if Role.OWNER in roles and by is not Role.OWNER:
        raise Forbidden("only an owner makes, changes or ends an owner")
