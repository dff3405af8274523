"""The standard streams of the command: no character and no closed descriptor ends it in a trace.

    with standard_streams():
        …                        # an output that cannot be written raises OutputUnusable

A descriptor that is closed is held by one that refuses, so that no file of ours gets its number.
"""

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, TextIO

from click import ClickException

BROKEN_PIPE = 141
"""The exit status of a command whose reader went away, as the shell tells an end by SIGPIPE."""


class OutputUnusable(ClickException):
    """Standard output cannot be written. Nothing is told where its reader went away."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"standard output cannot be written: {error.strerror}")
        self._reader_is_gone = error.errno == errno.EPIPE
        if self._reader_is_gone:
            self.exit_code = BROKEN_PIPE  # type: ignore[misc]

    def show(self, file: IO[Any] | None = None) -> None:
        if not self._reader_is_gone:
            super().show(file)


class _Output(io.FileIO):
    """Standard output. After its first failure it takes everything and writes nothing."""

    failed = False

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        if self.failed:
            return len(data)
        try:
            return super().write(data)
        except OSError as error:
            self.failed = True
            raise OutputUnusable(error) from error


class _Errors(io.FileIO):
    """Standard error. Where it cannot be written, nobody can be told, and the work goes on."""

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        try:
            return super().write(data)
        except OSError:
            return len(data)


@contextmanager
def standard_streams() -> Iterator[None]:
    """The streams of this process made ready; those that a test has put in their place stay."""
    _hold_closed_descriptors()
    if sys.stdout is sys.__stdout__:
        sys.stdout = _text(_Output(1, "wb", closefd=False), sys.__stdout__, "replace")
    if sys.stderr is sys.__stderr__:
        sys.stderr = _text(_Errors(2, "wb", closefd=False), sys.__stderr__, "backslashreplace")
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OutputUnusable as error:
        error.show()
        sys.exit(error.exit_code)


def _hold_closed_descriptors() -> None:
    """Reading from a closed standard input, and writing to a closed output, fail as before."""
    for descriptor, access in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_RDONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, access)  # takes the lowest that is free


def _text(raw: io.FileIO, before: TextIO | None, errors: str) -> TextIO:
    """Text in the encoding of the terminal; characters that it lacks are replaced."""
    encoding = getattr(before, "encoding", None) or "utf-8"
    by_line = raw.isatty() or errors != "replace"
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, errors, line_buffering=by_line)
