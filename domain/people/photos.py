"""Photos. Whose a photo is stands in the directory: a row with its id, erased with its owner."""

from typing import Any

from domain.decision import Person
from domain.people.entries import (
    ChangeDirectory,
    ChangeParticipantEntry,
    ChangeStaffEntry,
    EnterCustomer,
    EnterParticipant,
    EnterStaff,
)
from domain.people.profile import row
from domain.values import Value


class Pictured(Value):
    """What is known of a photo: its row tells whose it is."""


def photo_claims(photo_id: str) -> str:
    """Prefix of the claims of a photo: that it was taken in, and that it has an owner."""
    return f"photo/{photo_id}/"


def taken_in(photo_id: str) -> str:
    return f"{photo_claims(photo_id)}taken-in"


def owned(photo_id: str) -> str:
    """Claimed by whoever names a photo first: no other customer or member of staff ever has it."""
    return f"{photo_claims(photo_id)}owned"


def row_of_photo(photo_id: str, owner_id: str) -> Person:
    return row(photo_id, owner_id, Pictured())


def named_photos(command: Any) -> dict[str, str]:
    """The photos that a command here names, by pointer."""
    match command:
        case EnterCustomer():
            named = {"/photo": command.profile.get("photo")}
            named |= {
                f"/participants/{n}/photo": each.photo for n, each in enumerate(command.called.values())
            }
        case EnterParticipant() | EnterStaff():
            named = {"/photo": command.called.photo}
        case ChangeDirectory() | ChangeParticipantEntry() | ChangeStaffEntry():
            named = {"/photo": command.changes.get("photo")}
        case _:
            named = {}
    return {pointer: id for pointer, id in named.items() if isinstance(id, str)}
