"""Waiting for a table that somebody reads, by short attempts: other readers wait for one attempt at most."""

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

IN_USE = ("55P03", "40P01")
"""SQLSTATEs of PostgreSQL: a lock that was not had in time, and a deadlock, also with its own upkeep of a table."""
ATTEMPT_MS = 100
"""A lock is waited for so long; all who come after that wait behind it."""
PAUSE_S = 0.3
PATIENCE_S = 60.0

Waiting = Callable[[str], None]
"""Called after each attempt that failed, with what is waited for."""
Result = TypeVar("Result")


class StillRead(Exception):
    """A read table could not be changed: a transaction that reads it, perhaps an idle one, did not end in time."""


def patiently(
    attempt: Callable[[], Result], what: str, waiting: Waiting | None = None, patience_s: float = PATIENCE_S
) -> Result:
    """The result of an attempt, which is made again while a reader holds its lock.

    Raises StillRead once `patience_s` seconds have passed.
    """
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return attempt()
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in IN_USE:
                raise
            if time.monotonic() >= deadline:
                raise StillRead(
                    f"{what} is still being read by a transaction that does not end: end it, and try again"
                ) from error
        if waiting is not None:
            waiting(what)
        Event().wait(PAUSE_S)
