"""A file that a command reads: by its path, or `-` for standard input, which is kept while the command runs."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

import click

FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
STANDARD_INPUT = Path("-")


@contextmanager
def given_file(path: Path) -> Iterator[Path]:
    """The file, which can be read as often as it is wanted."""
    if path != STANDARD_INPUT:
        yield path
        return
    with NamedTemporaryFile(prefix="carnet-") as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)
        kept.flush()
        yield Path(kept.name)
