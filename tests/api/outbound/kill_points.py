"""Points of a delivery at which the process that sends may end: the call or the return of a function."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

WATCHED = ("api.outbound.", "domain.ledger.embedded.sqlite.outbox", "domain.ledger.postgres.outbox")
"""Beginnings of the names of modules whose functions are points."""
HANDS_IN = ("smtplib", "httpcore._sync.interfaces")
"""Modules of libraries that talk to a receiver."""


@dataclass(frozen=True, order=True)
class Point:
    """`event`: call or return."""

    module: str
    function: str
    event: str

    def __str__(self) -> str:
        return f"{self.module}:{self.function}:{self.event}"

    @classmethod
    def of(cls, text: str) -> "Point":
        return cls(*text.split(":"))

    @classmethod
    def at(cls, frame: FrameType, event: str) -> "Point":
        return cls(frame.f_globals.get("__name__", ""), frame.f_code.co_qualname, event)

    @property
    def is_watched(self) -> bool:
        ours = self.module.startswith(WATCHED) or self.module in HANDS_IN
        return ours and self.event in ("call", "return") and "<" not in self.function.replace("<locals>", "")


@contextmanager
def seen() -> Iterator[set[Point]]:
    """The points that the threads of this process pass, as long as the block lasts."""
    points: set[Point] = set()

    def see(frame: FrameType, event: str, _: Any) -> None:
        point = Point.at(frame, event)
        if point.is_watched:
            points.add(point)

    _profile(see)
    try:
        yield points
    finally:
        _profile(None)


def end_at(point: Point) -> None:
    """End this process by SIGKILL when a thread passes a point."""

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if (
            event == point.event
            and frame.f_code.co_qualname == point.function
            and Point.at(frame, event) == point
        ):
            os.kill(os.getpid(), signal.SIGKILL)

    _profile(watch)


def _profile(watch: Callable[[FrameType, str, Any], None] | None) -> None:
    threading.setprofile(watch)
    sys.setprofile(watch)
