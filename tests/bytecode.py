"""Compiled code for a run of the tests, where the environment says that none may be written.

The tests start some hundred interpreters. Each would compile the application and its libraries again: 3 s of work
instead of 0.6 s.
"""

import os
import sys
from pathlib import Path

FOLDER = Path(sys.prefix, "bytecode")
"""In the virtual environment: beside no source, and gone when the environment is."""


def write_bytecode_apart() -> None:
    """Write it to `FOLDER`, here and in every process that inherits the environment.

    Changes nothing where Python writes it anyway. Where the folder cannot be written Python goes on without it.
    """
    if not sys.dont_write_bytecode:
        return
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(FOLDER)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(FOLDER)
