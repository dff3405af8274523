"""The form of a file of another system, recognised where it is certain: compression, encoding, separator, headings.

with opened(path.open("rb")) as file: …    # a gzip file as what is in it
encoding_of(file.read(HEAD_BYTES))         # "utf-8-sig", "utf-16", "utf-16-le", …
heading("Occurred on")                     # "occurred_on"
"""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from api.imports.counted import Counted
from api.imports.flaws import FileFlaw

SEPARATORS = (",", ";", "\t", "|")
NAMES_OF_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
HEAD_BYTES = 4_096
GZIP = b"\x1f\x8b"
_SEPARATOR_LINE = re.compile(r"sep=(.)\s*")
_OTHERS = (
    (b"PK\x03\x04", "a spreadsheet or a ZIP archive: save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet: save it as CSV"),
    (b"%PDF", "a PDF: export it as CSV"),
    (b"PAR1", "Parquet: export it as CSV"),
    (b"SQLite format 3\x00", "a database: export it as CSV"),
)

Format = Literal["csv", "jsonl"]


class UnknownLayout(Exception):
    """The file as a whole cannot be read in this form; nothing of it was taken in."""

    def __init__(self, reason: str, flaw: FileFlaw) -> None:
        super().__init__(reason)
        self.flaw: FileFlaw = flaw


def opened(file: BinaryIO, read: Callable[[int], None] = lambda size: None) -> io.BufferedReader:
    """The file, or what is in it where it is compressed by gzip. `read` is told how many of its bytes were read."""
    is_packed = file.read(len(GZIP)) == GZIP
    file.seek(0)
    counted = Counted(file, read)
    return io.BufferedReader(_Gzip(counted) if is_packed else counted)


@contextmanager
def damage_told() -> Iterator[None]:
    """Raises UnknownLayout where the compression of a file is damaged."""
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnknownLayout(f"its compression (gzip) is damaged: {error}", "damaged-gzip") from error


def unpacked_bytes(raw: bytes, bytes_max: int) -> bytes:
    """The bytes, or what is in them where they are compressed by gzip. Raises UnknownLayout beyond the limit."""
    if not raw.startswith(GZIP):
        return raw
    with damage_told():
        found = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(bytes_max + 1)
    if len(found) > bytes_max:
        reason = f"it is larger than {bytes_max:,} bytes when it is unpacked"
        raise UnknownLayout(reason, "larger-unpacked")
    return found


def encoding_of(head: bytes) -> str:
    """UTF-16 by its mark or its zeros, else UTF-8. Raises UnknownLayout for what is no text."""
    for start, told in _OTHERS:
        if head.startswith(start):
            raise UnknownLayout(f"it is {told}", "no-text-file")
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # The first line names columns in Latin letters: in UTF-16 every other byte of them is zero.
    first = head[:64]
    if len(first) >= 4 and not any(first[1::2]) and all(first[0::2]):
        return "utf-16-le"
    if len(first) >= 4 and not any(first[0::2]) and all(first[1::2]):
        return "utf-16-be"
    if b"\x00" in head.partition(b"\n")[0]:
        raise UnknownLayout("it is no text: it has zero bytes in it", "no-text-file")
    return "utf-8-sig"


def format_of(path: Path, head: str) -> Format:
    """By the suffix: `.csv`, `.tsv`, `.jsonl`, `.ndjson`, each also with `.gz`; else by the first character."""
    known: dict[str, Format] = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
    name = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return known.get(name.suffix.lower()) or ("jsonl" if head.lstrip().startswith("{") else "csv")


def heading(name: str) -> str:
    """The name of a column in small letters, with underscores for spaces and hyphens."""
    return re.sub(r"[\s_-]+", "_", name.strip()).casefold()


def separator_line(line: str) -> str | None:
    """The separator that a first line `sep=;` names, as spreadsheets write and read it."""
    found = _SEPARATOR_LINE.fullmatch(line.strip("\r\n"))
    return found[1] if found else None


def separator_of(line: str, columns: Iterable[str]) -> str:
    """The separator by which a first line names most of these columns."""
    known = {heading(column) for column in columns}

    def named(separator: str) -> tuple[int, int]:
        cells = [heading(cell.strip().strip('"')) for cell in line.split(separator)]
        return sum(cell in known for cell in cells), len(cells)

    return max(SEPARATORS, key=named)


class _Gzip(io.RawIOBase):
    """What is in a gzip file. Raises UnknownLayout where it is damaged."""

    def __init__(self, file: Counted) -> None:
        self._compressed = file
        self._file = gzip.GzipFile(fileobj=file)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        with damage_told():
            piece = self._file.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._compressed.close()
        super().close()
