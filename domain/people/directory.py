"""The people directory: names, contacts, photos and free texts beside the ledger, where they can be erased.

Facts hold only opaque ids. A row is written in the same append as the fact that names it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """A row of the directory: the data of a person, as JSON text. Erased with its owner.

    `owner_id` is the customer it belongs to (a participant's customer), or the person's own id.
    """

    id: str
    owner_id: str
    data: str


@dataclass(frozen=True, slots=True)
class Text:
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
