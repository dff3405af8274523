"""Sums from which reports of a business are answered, kept beside its ledger so that they outlive a process.

They follow from the facts and may be missing at any time. A row tells by whom it was made and for which facts it is
true; whoever reads it believes it only where all of that fits (`replay/reports/kept_form.py`).
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import LiteralString, Self


@dataclass(frozen=True, slots=True)
class StoredSums:
    business_id: str
    name: str
    """Of the kind of sums."""
    version: str
    """Of the code that made them."""
    zone: str
    """The time zone of their days."""
    position: int
    """The last fact that is in them."""
    hash: bytes
    """Of that fact, and so of all before it."""
    data: bytes
    digest: bytes
    """Of all columns before: tells a row that was damaged or changed by hand. It needs no secret, so it proves nothing
    against somebody who makes it anew."""

    @classmethod
    def made(
        cls, business_id: str, name: str, version: str, zone: str, position: int, hash: bytes, data: bytes
    ) -> Self:
        digest = digest_of(business_id, name, version, zone, position, hash, data)
        return cls(business_id, name, version, zone, position, hash, data, digest)

    @property
    def is_whole(self) -> bool:
        """Whether every column is as it was when the row was made."""
        told = (self.business_id, self.name, self.version, self.zone, self.position, self.hash, self.data)
        return digest_of(*told) == self.digest


COLUMNS: LiteralString = "business_id, name, version, zone, position, hash, data, digest"
"""Of the table, in the order of the fields."""


def digest_of(*columns: str | int | bytes) -> bytes:
    """32 bytes. The length stands before each column, so that nothing moves from one to the next."""
    made = sha256()
    for each in columns:
        told = each if isinstance(each, bytes) else str(each).encode()
        made.update(len(told).to_bytes(8, "big"))
        made.update(told)
    return made.digest()
