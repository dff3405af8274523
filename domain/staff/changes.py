"""Changing a member of staff: only what is given changes."""

from domain.staff.commands import ChangeStaff
from domain.staff.facts import StaffFact, StaffField, StaffProfileChanged
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
