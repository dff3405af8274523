"""Decisions on a member of staff."""

from typing import assert_never

from domain.refusals import IdTaken, NotFound
from domain.staff.commands import ChangeStaff, DeactivateStaff, RegisterStaff, StaffCommand
from domain.staff.facts import StaffDeactivated, StaffFact, StaffField, StaffProfileChanged, StaffRegistered
from domain.staff.state import Staff


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
