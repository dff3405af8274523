"""The people directory: names, contacts, photos and free texts beside the ledger, where they can be erased.

Facts hold only opaque ids. A row is written in the same append as the fact that names it.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from msgspec import Struct


class Person(Struct, frozen=True, gc=False):
    """A row of the directory: the data of a person, as JSON text. Erased with its owner.

    `owner_id` is the customer it belongs to (a participant's customer), or the person's own id.
    """

    id: str
    owner_id: str
    data: str
    salt: bytes = b""
    """With which its fact commits to the row; read only to prove it."""


class Text(Struct, frozen=True, gc=False):
    """Free text (a reason, a note) beside the ledger; its fact keeps SHA-256(salt ‖ text)."""

    id: str
    owner_id: str
    salt: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Photo:
    """The image of a person, beside the directory. A row of the directory with its id names the owner."""

    id: str
    media_type: str
    data: bytes


Place = Literal["people", "search", "texts", "photos", "answers", "messages", "keys"]
"""Where personal data of a customer lies: rows of the directory, search texts, notes and reasons, images, stored
answers of requests, e-mails that wait or were sent, names of the customer's own API keys."""
PLACES: tuple[Place, ...] = get_args(Place)
PHOTO = "pho_"
"""Ids of photos begin so."""
ERASED_NAME = "(erased)"
"""The name of an API key whose customer was erased; such a key is revoked."""
