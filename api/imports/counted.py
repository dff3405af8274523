"""A file that tells how far it was read."""

import io
from collections.abc import Callable
from typing import BinaryIO


class Counted(io.RawIOBase):
    """`file`, each reading of which is told in bytes. It is closed with this."""

    def __init__(self, file: BinaryIO, read: Callable[[int], None]) -> None:
        self._file = file
        self._read = read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        chunk = self._file.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self._read(len(chunk))
        return len(chunk)

    def close(self) -> None:
        self._file.close()
        super().close()
