"""The garbage collector of the process, while many facts are looked at."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

YOUNG_MAX = 50_000
"""New objects before the collector looks at them."""
FULL_AFTER = 100
"""Looks at objects of middle age before the collector walks everything."""

_lock = Lock()
_before: list[tuple[int, int, int]] = []
"""For each block that is open, in any thread: how the collector worked before the first of them."""


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Within, the garbage collector works less often; one that is set to work less still stays so.

    Facts and states hold no cycles, but there are some 100,000 of them in a moment: to look for cycles was a fifth of
    the processor time of a load. Blocks of several threads may overlap: the last that ends sets it as it was.
    """
    with _lock:
        now = gc.get_threshold()
        gc.set_threshold(max(now[0], YOUNG_MAX), now[1], max(now[2], FULL_AFTER))
        _before.append(_before[0] if _before else now)
    try:
        yield
    finally:
        with _lock:
            before = _before.pop()
            if not _before:
                gc.set_threshold(*before)
