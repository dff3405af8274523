"""The patience of a request: how long all its waits together may take, from its arrival on.

    begin(PATIENCE_S)
    …                                # every wait inside is cut by `left(its own limit)`

Work without a patience, such as an export or a rebuild, has only the limits of each wait. A patience follows its
request into the threads that work for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

from domain.ledger.errors import LedgerUnavailable

PATIENCE_S = 3.0
"""Of a request over HTTP, in seconds."""

_ends_at: ContextVar[float | None] = ContextVar("carnet_patience", default=None)


def begin(seconds: float | None) -> None:
    """From now on the request may wait so long in all; None: as long as each of its waits may."""
    _ends_at.set(None if seconds is None else monotonic() + seconds)


def extend(seconds: float) -> None:
    """Do not count a time in which the request waited for its client."""
    ends_at = _ends_at.get()
    if ends_at is not None:
        _ends_at.set(ends_at + seconds)


def ends_at() -> float | None:
    """The moment of `monotonic()` at which the patience ends; None without one."""
    return _ends_at.get()


@contextmanager
def until(moment: float | None) -> Iterator[None]:
    """Work inside has the patience that ends at this moment of `monotonic()`; None: no patience."""
    token = _ends_at.set(moment)
    try:
        yield
    finally:
        _ends_at.reset(token)


def cut(at_most: float) -> float:
    """The seconds a wait may take that is limited to `at_most` itself; never below 0."""
    ends_at = _ends_at.get()
    return at_most if ends_at is None else max(0.0, min(at_most, ends_at - monotonic()))


def left(at_most: float) -> float:
    """As `cut`. Raises LedgerUnavailable where nothing is left to wait."""
    seconds = cut(at_most)
    if seconds <= 0:
        raise out_of_patience()
    return seconds


def out_of_patience() -> LedgerUnavailable:
    return LedgerUnavailable("the request has waited for as long as it may")
