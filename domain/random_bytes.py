"""Random bytes for many uses at once.

Each call of the system lets other threads take the interpreter first: a decision that draws a few bytes would be broken
off for whoever waits.
"""

import os
from secrets import token_bytes
from weakref import WeakSet

DRAWN_AT_ONCE = 256


class RandomBytes:
    """Unguessable bytes of one length, never given twice: a process that is forked draws its own. Thread-safe."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._left: list[bytes] = []
        _DRAWN.add(self)

    def draw(self) -> bytes:
        try:
            return self._left.pop()
        except IndexError:
            length = self._length
            drawn = token_bytes(DRAWN_AT_ONCE * length)
            self._left += [drawn[at : at + length] for at in range(length, len(drawn), length)]
            return drawn[:length]

    def forget(self) -> None:
        """Draw anew from the next use on."""
        self._left.clear()


_DRAWN = WeakSet[RandomBytes]()


def _draw_anew() -> None:
    for drawn in _DRAWN:
        drawn.forget()


os.register_at_fork(after_in_child=_draw_anew)
