"""Photos. Whose a photo is stands in the directory: a row with its id, erased with its owner."""

from domain.people.directory import Person
from domain.people.profile import row
from domain.values import Value


class OwnedPhoto(Value):
    """What the directory knows of a photo: its row tells whose it is."""


def photo_claims(photo_id: str) -> str:
    """Prefix of the claims of a photo: that it was taken in, and that it has an owner."""
    return f"photo/{photo_id}/"


def taken_in(photo_id: str) -> str:
    return f"{photo_claims(photo_id)}taken-in"


def owned(photo_id: str) -> str:
    """Claimed by whoever names a photo first: no other customer or member of staff ever has it."""
    return f"{photo_claims(photo_id)}owned"


def row_of_photo(photo_id: str, owner_id: str) -> Person:
    return row(photo_id, owner_id, OwnedPhoto())
