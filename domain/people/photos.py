"""Photos of people. A row of the directory with a photo's id names its owner, and is erased with the owner."""

from domain.people.directory import Person
from domain.people.profile import row
from domain.values import Value

CLAIMS = "photo/"
"""Claims of photos begin so."""


class OwnedPhoto(Value):
    """The data of a photo's row: empty, since the row itself names the owner."""


def photo_claims(photo_id: str) -> str:
    """Prefix of the claims of a photo: that it was taken in, and that it has an owner."""
    return f"{CLAIMS}{photo_id}/"


def taken_in(photo_id: str) -> str:
    """Claimed when the image is taken in."""
    return f"{photo_claims(photo_id)}taken-in"


def owned(photo_id: str) -> str:
    """Claimed by the first customer or member of staff that names the photo; no other ever has it."""
    return f"{photo_claims(photo_id)}owned"


def row_of_photo(photo_id: str, owner_id: str) -> Person:
    """The row that gives a photo its owner."""
    return row(photo_id, owner_id, OwnedPhoto())
