"""The clock beside a server or a runner: a thread that ticks until it is stopped.

    with ticking(here, every_s=60):
        …

Each process that serves or works may have one: what two of them find due is recorded once.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from api.server.clock.tick import LastTurns, tick
from api.server.installation import Installation
from projections.engine.checkpoints import error_text
from projections.engine.freshness import FreshReads
from projections.engine.repeating import repeating

log = logging.getLogger("carnet.clock")


@contextmanager
def ticking(here: Installation, every_s: int) -> Iterator[None]:
    """Tick every `every_s` seconds as long as the block lasts, first after that time; 0: never.

    The end of the block waits for the page under way. No error leaves the thread: each is logged.
    """
    if every_s == 0:
        yield
        return
    # The runner of the same process keeps the read models fresh: the clock only waits for it.
    reads = FreshReads(here.carnet.store, here.views)
    last: LastTurns = {}

    def work(stopping: Event) -> None:
        for done in tick(here.carnet, reads, here.businesses(), stopping=stopping, last=last):
            if done.recorded:
                log.info("the clock recorded %d %s of %s", done.recorded, done.job, done.business_id)

    with repeating("carnet-clock", every_s, work, _failed):
        yield


def _failed(error: Exception) -> None:
    log.warning("the clock: %s; trying again", error_text(error))
