"""How far behind the read models were in the last ten minutes, in the memory of the process that serves.

    trend = LagTrend(watch, clock)
    with sampling(trend):              # a look every ten seconds
        trend.of("biz_1")

Each process keeps its own, and begins anew with it. Where nobody is behind, a look is a few short questions.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from projections.engine.checkpoints import error_text
from projections.engine.repeating import repeating
from projections.engine.watch import Watch

EVERY_S = 10
SAMPLES_MAX = 60
"""Looks that are remembered: ten minutes."""
BUSINESSES_MAX = 50
"""Of those behind at one look, as many as are remembered: the farthest behind."""

log = logging.getLogger("carnet.trend")


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at one business."""

    moment: datetime
    lags: Mapping[str, int] | None
    """Read model → facts that it had to take, without those that had none; None where too many others were farther
    behind."""


class LagTrend:
    """Remembers the last looks, for any number of threads."""

    def __init__(self, watch: Watch, clock: Callable[[], datetime]) -> None:
        self._watch = watch
        self._clock = clock
        self._looks: deque[tuple[datetime, Mapping[str, Mapping[str, int]], bool]] = deque(maxlen=SAMPLES_MAX)

    def look(self) -> None:
        """Raises LedgerUnavailable, ProjectionMissing and the errors of the database."""
        lags, is_all = self._watch.lags(BUSINESSES_MAX)
        self._looks.append((self._clock(), lags, is_all))

    def of(self, business_id: str) -> list[Sample]:
        """Those of one business, oldest first."""
        return [
            Sample(moment, lags.get(business_id, {} if is_all else None))
            for moment, lags, is_all in tuple(self._looks)
        ]


def sampling(trend: LagTrend, every_s: float = EVERY_S) -> AbstractContextManager[None]:
    """Look as long as the block lasts, in a thread. No error leaves it: each is logged."""
    return repeating("carnet-trend", every_s, lambda stopping: trend.look(), _failed)


def _failed(error: Exception) -> None:
    log.debug("no look at the read models: %s", error_text(error))
