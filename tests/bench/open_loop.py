"""Requests that come when they come: each at its own moment, whether or not the one before was answered.

One thread on one epoll. A request that finds no connection free waits for one, and its latency counts from the moment
at which it was due: that is what the person at the till waits.
"""

import select
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.bench.clients import ANSWER_S_MAX, CREATED, Connection

FIRST_S = 0.05
"""Until the first request is due."""


@dataclass(frozen=True, slots=True)
class Latencies:
    """Milliseconds of all requests, in rising order."""

    ms: tuple[float, ...]

    def at(self, share: float) -> float:
        """The latency that this share of the requests did not exceed."""
        return self.ms[min(len(self.ms) - 1, int(share * len(self.ms)))]


def drive_open(
    port: int,
    requests: Sequence[bytes],
    per_second: float,
    connections: int,
    seed: int,
    expected: bytes = CREATED,
) -> Latencies:
    """Send all requests at moments that a seed draws (a Poisson process). Raises RuntimeError for another status."""
    free = deque(Connection(port, expected) for _ in range(connections))
    by_number = {each.socket.fileno(): each for each in free}
    waiting = select.epoll()
    for number in by_number:
        waiting.register(number, select.EPOLLIN)
    random, due = Random(seed), time.perf_counter() + FIRST_S
    dues = [due := due + random.expovariate(per_second) for _ in requests]
    sent: dict[int, float] = {}
    ms: list[float] = []
    turn = 0
    while len(ms) < len(requests):
        now = time.perf_counter()
        while turn < len(requests) and free and dues[turn] <= now:
            connection = free.popleft()
            sent[connection.socket.fileno()] = dues[turn]
            connection.send(requests[turn])
            turn += 1
        until = (
            ANSWER_S_MAX if turn == len(requests) or not free else max(0.0, dues[turn] - time.perf_counter())
        )
        # epoll waits in whole milliseconds, rounded up: the last one is spent looking.
        ready = waiting.poll(until if until > 0.002 else 0)
        if not ready and until == ANSWER_S_MAX:
            raise RuntimeError(f"no answer for {ANSWER_S_MAX} s")
        for number, _ in ready:
            connection = by_number[number]
            if connection.receive():
                ms.append(1000 * (time.perf_counter() - sent.pop(number)))
                free.append(connection)
    for connection in by_number.values():
        connection.socket.close()
    waiting.close()
    return Latencies(tuple(sorted(ms)))
