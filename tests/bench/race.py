"""One heat: how many commands an entrant carries out in a second, with several at work at once."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

T = TypeVar("T")
Sold = TypeVar("Sold")

UNITS = 20
"""Of each package. A heat uses all of them, so the streams it reads are of every length up to this."""

BLOCK = 25
"""Packages that one writer uses in turn."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Commands that were acknowledged, and the seconds that took."""

    commands: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.commands / self.seconds


class Entrant(Protocol[Sold]):
    """A design under test. Both methods are called from several threads at once."""

    def sell(self, businesses: int, packages: int) -> Sequence[Sold]:
        """So many new packages of `UNITS` units, spread evenly over so many businesses; not timed."""

    def redeem(self, package: Sold) -> None:
        """Use one unit; returns once it is durable. Raises when it is refused."""


def packages_for(commands: int, writers: int) -> int:
    """How many packages keep every writer supplied for so many commands in all; whole blocks of each."""
    per_writer = -(-commands // (writers * UNITS * BLOCK)) * BLOCK
    return per_writer * writers


def uses(packages: Sequence[T], writers: int) -> list[list[T]]:
    """The packages in the order each writer uses them: a block of them in turn, `UNITS` times, then the next.

    No two writers use the same package at once: this measures a desk's work, not a collision.
    """
    queues = []
    for writer in range(writers):
        own = packages[writer::writers]
        blocks = [own[start : start + BLOCK] for start in range(0, len(own), BLOCK)]
        queues.append([package for block in blocks for _ in range(UNITS) for package in block])
    return queues


def heat(redeem: Callable[[T], None], queues: Sequence[Sequence[T]], seconds: float) -> Speed:
    """Every writer a thread, until the time is up or one has nothing left. Raises what a writer met."""
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
    if errors:
        raise errors[0]
    return Speed(sum(counts), elapsed)
