"""Rate limits: a bucket of tokens for each key and each address, counted in this process.

    limits = Limits(per_second=200, processes=1)
    left = limits.take("key_…")      # raises Problem rate-limited
    limits.headers("key", left)      # RateLimit-Policy and RateLimit

A bucket holds the requests of two seconds, so that a short burst passes. The rate is divided by the number of
serving processes, because each counts for itself.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from threading import Lock
from typing import Literal

from api.http.problems import Problem
from api.http.responses import Header

Counted = Literal["key", "address"]
"""What a request is counted by: its key, or the network of its address if it has none."""

BURST_S = 2.0
HELD_MAX = 10_000
"""Buckets in memory. The least recently used is dropped first, and is full when it comes back."""


class Limits:
    """Buckets by name. `clock` gives seconds that never go back."""

    def __init__(
        self, per_second: int, processes: int = 1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = per_second / processes
        self._burst = max(1.0, self._rate * BURST_S)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Name → (tokens left, at this second of `clock`)."""
        self._lock = Lock()
        policy = f";q={int(self._burst)};w={ceil(self._burst / self._rate)}"
        self._policies: dict[Counted, Header] = {
            "key": (b"ratelimit-policy", f'"key"{policy}'.encode()),
            "address": (b"ratelimit-policy", f'"address"{policy}'.encode()),
        }

    def headers(self, counted: Counted, left: float) -> tuple[Header, Header]:
        """The limit, and what is left of it, with the seconds until it is whole again (IETF draft
        draft-ietf-httpapi-ratelimit-headers). Both are those of this process."""
        whole_s = ceil((self._burst - left) / self._rate)
        return self._policies[counted], (b"ratelimit", b'"%b";r=%d;t=%d' % (counted.encode(), left, whole_s))

    def take(self, name: str) -> float:
        """Count one request; returns the requests left. Raises Problem rate-limited, with the seconds until
        there is room again."""
        with self._lock:
            now = self._clock()
            left, since = self._buckets.get(name, (self._burst, now))
            left = min(self._burst, left + (now - since) * self._rate)
            allowed = left >= 1.0
            self._buckets[name] = (left - 1.0 if allowed else left, now)
            self._buckets.move_to_end(name)
            while len(self._buckets) > HELD_MAX:
                self._buckets.popitem(last=False)
        if not allowed:
            wait_s = ceil((1.0 - left) / self._rate)
            raise Problem(
                "rate-limited", "too many requests in a short time", headers={"Retry-After": str(wait_s)}
            )
        return left - 1.0
