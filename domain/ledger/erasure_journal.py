"""The journal of erasures: a small file outside of the database, which a restored backup does not take back.

It holds ids and moments, one JSON object a line, and is only added to. An erasure that is decided is written before it
is stored, and again once it is: a crash in between leaves a line that tells of it.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path
from typing import Literal, get_args

from domain.ledger.errors import LedgerUnavailable

State = Literal["begun", "erased", "withdrawn"]
"""begun: decided, and perhaps stored. withdrawn: it was not stored."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """The latest line about a customer. `at` in ms since 1970."""

    business_id: str
    customer_id: str
    state: State
    at: int


class ErasureJournal:
    """The file at `path`, made with the first line. Thread-safe, and shared by processes.

    Each line is on the disk when a method returns. Every method raises LedgerUnavailable where the file cannot be
    read or written, or holds a line that is none of ours.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, entry: JournalEntry) -> None:
        line = json.dumps(asdict(entry)) + "\n"
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            is_new = not self.path.exists()
            with open(self.path, "ab+", buffering=0, opener=_private) as file:
                # One write at the end of the file: lines of several processes do not mix.
                file.write(_after_a_torn_line(file) + line.encode())
                os.fsync(file.fileno())
            if is_new:
                _flush(self.path.parent)
        except OSError as error:
            raise LedgerUnavailable(f"the journal of erasures {self.path}: {error.strerror}") from error

    def entries(self) -> Mapping[tuple[str, str], JournalEntry]:
        """(business, customer) → the latest entry, in the order in which they were first written."""
        return {(entry.business_id, entry.customer_id): entry for entry in self._lines()}

    def _lines(self) -> Iterator[JournalEntry]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            raise LedgerUnavailable(f"the journal of erasures {self.path} cannot be read") from error
        for number, line in enumerate(text.splitlines(keepends=True), 1):
            if line.endswith(
                "}\n"
            ):  # else the machine stopped inside this line, and nothing was stored after it
                yield self._entry(number, line)

    def _entry(self, number: int, line: str) -> JournalEntry:
        try:
            entry = JournalEntry(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise LedgerUnavailable(
                f"line {number} of the journal of erasures {self.path} is not one"
            ) from error
        if entry.state not in get_args(State):
            raise LedgerUnavailable(f"line {number} of the journal of erasures {self.path} has no such state")
        return entry


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _after_a_torn_line(file: FileIO) -> bytes:
    """The end of a line that the machine stopped in."""
    if not file.seek(0, os.SEEK_END):
        return b""
    file.seek(-1, os.SEEK_END)
    return b"" if file.read(1) == b"\n" else b"\n"


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
