"""One heat: how many commands a design carries out in a second, with several at work at once."""

import gc
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

UNITS = 20
"""Of each package. A heat uses all of them, so the streams it reads are of every length up to this."""

IN_TURN = 200
"""Packages in use at a time over all writers, each of which uses its share of them in turn."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Commands that were acknowledged, and the seconds that took."""

    commands: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.commands / self.seconds


def packages_for(commands: int, writers: int, in_turn: int = IN_TURN) -> int:
    """How many packages keep every writer supplied for so many commands in all; whole turns of each."""
    together = _share(writers, in_turn) * writers
    return -(-commands // (together * UNITS)) * together


def uses(packages: Sequence[T], writers: int, in_turn: int = IN_TURN) -> list[list[T]]:
    """The packages in the order each writer uses them: its share in turn, `UNITS` times, then the next ones.

    No two writers use the same package at once: this measures the work of desks, not a collision.
    """
    share = _share(writers, in_turn)
    queues = []
    for writer in range(writers):
        own = packages[writer::writers]
        turns = [own[start : start + share] for start in range(0, len(own), share)]
        queues.append([package for turn in turns for _ in range(UNITS) for package in turn])
    return queues


def _share(writers: int, in_turn: int) -> int:
    return max(1, in_turn // writers)


def heat(redeem: Callable[[T], None], queues: Sequence[Sequence[T]], seconds: float) -> Speed:
    """Every writer a thread, until the time is up or one has nothing left. Raises what a writer met.

    What was made ready for it, and by earlier heats, is hidden from the collector, as a server would: walking it
    again and again is nobody's work.
    """
    gc.collect()
    gc.freeze()
    ready = threading.Barrier(len(queues) + 1)
    over = threading.Event()
    counts = [0] * len(queues)
    errors: list[BaseException] = []

    def write(writer: int) -> None:
        ready.wait()
        try:
            for package in queues[writer]:
                if over.is_set():
                    return
                redeem(package)
                counts[writer] += 1
        except BaseException as error:
            errors.append(error)
        finally:
            over.set()

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(len(queues))]
    for thread in threads:
        thread.start()
    ready.wait()
    started = time.perf_counter()
    over.wait(seconds)
    over.set()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - started
    gc.unfreeze()
    if errors:
        raise errors[0]
    return Speed(sum(counts), elapsed)
