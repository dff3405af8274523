"""Whether a ledger file is being served, and which file it is.

A server holds a shared lock on a file beside it. The system lets go of it when the last process of the server ends,
however that happens.
"""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.ledger.errors import LedgerUnavailable
from domain.ledger.records import Whereabouts

END = "-serving"


@contextmanager
def serving(path: Path) -> Iterator[None]:
    """Hold the lock; processes forked meanwhile hold it too. Raises LedgerUnavailable."""
    try:
        descriptor = os.open(f"{path.resolve()}{END}", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise LedgerUnavailable(f"{path}{END} cannot be made: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def is_served(path: Path) -> bool:
    """Whether a server on this machine holds the lock."""
    try:
        descriptor = os.open(f"{path.resolve()}{END}", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def place_of(path: Path) -> str:
    """What a copy of the file has not: its number on its disk, and its name on its machine."""
    return f"{path.stat().st_ino} {socket.gethostname()} {path.resolve()}"


def whereabouts(path: Path, place: str) -> Whereabouts:
    """What is known of the file that a server's record names, where `path` holds that record now."""
    number, *name = place.split(" ", 2)
    own_number, *own_name = place_of(path).split(" ", 2)
    if number == own_number or name == own_name:
        return Whereabouts.HERE
    if name[0] != own_name[0]:
        return Whereabouts.UNKNOWN
    other = Path(name[1])
    return Whereabouts.SERVED if other.exists() and is_served(other) else Whereabouts.GONE
