"""Waiting for a table that somebody uses, by short attempts: those who come after wait for one attempt at most."""

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

ATTEMPT_MS = 100
"""A lock is waited for so long; all who come after that wait behind it."""
PAUSE_S = 0.3
PATIENCE_S = 60.0
IN_USE = ("55P03", "40P01")
"""SQLSTATEs: a lock that was not had in time, and a deadlock, also with PostgreSQL's own upkeep of a table."""

Result = TypeVar("Result")


def tells_use(error: BaseException | None) -> bool:
    """Whether the driver says that somebody uses what was to change."""
    return getattr(error, "sqlstate", None) in IN_USE


def in_short_attempts(
    attempt: Callable[[], Result],
    is_in_use: Callable[[Exception], bool] = tells_use,
    patience_s: float = PATIENCE_S,
    waiting: Callable[[], None] = lambda: None,
) -> Result:
    """The result of an attempt, made again while somebody uses what it needs. `waiting` is called after each in vain.

    Raises what the last attempt raised once `patience_s` seconds have passed.
    """
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return attempt()
        except Exception as error:
            if not is_in_use(error) or time.monotonic() >= deadline:
                raise
        waiting()
        Event().wait(PAUSE_S)
