"""A file that a command reads: by its path, or `-` for standard input, which is kept while the command runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from tempfile import NamedTemporaryFile

import click

FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
STANDARD_INPUT = Path("-")
_DESCRIPTOR = 0
_PIECE_BYTES = 1 << 16
_TURN_SECONDS = 0.5


@contextmanager
def given_file(path: Path) -> Iterator[Path]:
    """The file, which can be read as often as it is wanted."""
    if path != STANDARD_INPUT:
        yield path
        return
    with NamedTemporaryFile(prefix="carnet-") as kept:
        for piece in _standard_input():
            kept.write(piece)
        kept.flush()
        yield Path(kept.name)


def _standard_input() -> Iterator[bytes]:
    """Wait in turns: a signal that arrives just before a read would be seen only when the read returns."""
    while True:
        while not select([_DESCRIPTOR], [], [], _TURN_SECONDS)[0]:
            pass
        piece = os.read(_DESCRIPTOR, _PIECE_BYTES)
        if not piece:
            return
        yield piece
