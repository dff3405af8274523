"""How sums of reports are kept beside the ledger, and when what lies there is believed.

    DAYS = Kind("days", SUMS_OF_DAYS, to_bytes, from_bytes, made, differences)

    DAYS.stored(recorder, zone, position, sums)     # a row, to be put
    DAYS.believed(recorder, zone, row)              # the sums in it; None: they have to be made anew

    sums = KeptSums(zone, Keeping(find, grown))     # of a process: they begin with the row that is found

A row is believed where it is whole, was made by the same version for the same zone, and the ledger has its fact at its
position. Whatever else lies there, such as that of another release or of books that were restored, is no error.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from msgspec import MsgspecError

from domain.ledger.contract import LedgerRecorder
from domain.ledger.report_sums import StoredSums

PACKED_AT = 6
"""Level of zlib: the highest one takes twice as long, and saves nothing that counts."""
PACKED_MAX = 16 * 2**20
"""Bytes of a row's data. Larger sums are not kept: each process makes its own."""
UNPACKED_MAX = 128 * 2**20
"""Bytes of the sums before they are packed, likewise."""
S = TypeVar("S")


class Keeping(NamedTuple):
    """Where a process finds sums when it begins, and whom it tells that they have grown."""

    find: Callable[[], StoredSums | None] = lambda: None
    """Asked before all packages are folded. Raises LedgerUnavailable."""
    grown: Callable[[], None] = lambda: None
    """Called whenever they have come to another position, while a question waits: it is quick, and raises nothing."""


class Kept(Protocol):
    """The sums of one kind and business that a process holds, and brings on to each question."""

    @property
    def position(self) -> int:
        """The position of the ledger that they are true for; 0: there are none."""

    @property
    def found_at(self) -> int:
        """The position of the row that they began with; 0: they were made."""

    def begin(self, recorder: LedgerRecorder) -> None:
        """Look for the row that is kept before anything else is asked. Raises LedgerUnavailable."""

    def stored(self, recorder: LedgerRecorder) -> StoredSums | None:
        """The row for a process that begins later; None: there are no sums, or they are too large.

        Raises LedgerUnavailable.
        """


@dataclass(frozen=True, slots=True)
class Kind(Generic[S]):
    """One kind of sums."""

    name: str
    version: str
    """Another one for every change of what is summed up, or of the form of the bytes."""
    to_bytes: Callable[[S], bytes]
    from_bytes: Callable[[str, bytes], S]
    """Of a zone. Raises ValueError, LookupError, ArithmeticError or MsgspecError for what does not fit."""
    made: Callable[[LedgerRecorder, str, int], S]
    """Fold them of the facts up to a position, in a zone. Raises UnreadableFact, LedgerUnavailable."""
    differences: Callable[[S, S], Iterator[str]]
    """Where kept sums are not what was made; each a few words without personal data."""

    def stored(self, recorder: LedgerRecorder, zone: str, position: int, sums: S) -> StoredSums | None:
        """The row to keep; None where it would be too large. Raises LedgerUnavailable."""
        told, hash = self.to_bytes(sums), _hash_at(recorder, position)
        data = zlib.compress(told, PACKED_AT)
        if len(told) > UNPACKED_MAX or len(data) > PACKED_MAX or hash is None:
            return None
        return StoredSums.made(recorder.business_id, self.name, self.version, zone, position, hash, data)

    def believed(self, recorder: LedgerRecorder, zone: str, row: StoredSums | None) -> S | None:
        """Raises LedgerUnavailable."""
        if row is None or (row.name, row.version, row.zone) != (self.name, self.version, zone):
            return None
        if row.business_id != recorder.business_id or not row.is_whole:
            return None
        if _hash_at(recorder, row.position) != row.hash:
            return None
        try:
            return self.from_bytes(zone, _unpacked(row.data))
        except (zlib.error, MsgspecError, ValueError, LookupError, ArithmeticError):
            return None


def _hash_at(recorder: LedgerRecorder, position: int) -> bytes | None:
    """The hash of a fact; None: the ledger has not come to it."""
    found = recorder.facts(position - 1, 1, position) if position > 0 else ()
    return found[0].hash if found and found[0].position == position else None


def _unpacked(data: bytes) -> bytes:
    """Raises zlib.error, ValueError."""
    reader = zlib.decompressobj()
    found = reader.decompress(data, UNPACKED_MAX)
    if not reader.eof:
        raise ValueError("is cut off, or too large")
    return found
