"""Waiting for a read table that somebody reads (domain/ledger/postgres/short_attempts.py), told in words."""

from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from domain.ledger.postgres.short_attempts import PATIENCE_S, Result, in_short_attempts, tells_use

Waiting = Callable[[str], None]
"""Called after each attempt that failed, with what is waited for."""


class StillRead(Exception):
    """A read table could not be changed: a transaction that reads it, perhaps an idle one, did not end in time."""


def patiently(
    attempt: Callable[[], Result], what: str, waiting: Waiting | None = None, patience_s: float = PATIENCE_S
) -> Result:
    """The result of an attempt, which is made again while a reader holds its lock.

    Raises StillRead once `patience_s` seconds have passed.
    """
    try:
        return in_short_attempts(
            attempt, _is_read, patience_s, lambda: None if waiting is None else waiting(what)
        )
    except DBAPIError as error:
        if not _is_read(error):
            raise
        raise StillRead(
            f"{what} is still being read by a transaction that does not end: end it, and try again"
        ) from error


def _is_read(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and tells_use(error.orig)
