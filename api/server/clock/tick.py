"""One tick of the clock: every job once, for every business, a page at a time."""

import logging
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event

from api.http.ledger_types import Carnet
from api.server.clock.jobs import JOBS
from api.server.clock.turn import ClockJob, Turn
from domain.business.state import Business
from domain.decision import Reads
from projections.engine.checkpoints import error_text
from projections.engine.freshness import FreshReads

log = logging.getLogger("carnet.clock")


@dataclass(frozen=True, slots=True)
class Ticked:
    """What one job did for one business."""

    business_id: str
    job: str
    recorded: int
    """What was recorded or planned here, and not by another process at the same time: expiries, periods, messages."""
    error: str | None = None
    """What kept it from going on. The next tick tries again; nothing is lost meanwhile."""


LastTurns = MutableMapping[tuple[str, str], datetime]
"""(business, job) → its last turn in this process, for jobs that need not have one each tick."""


def tick(
    carnet: Carnet,
    reads: FreshReads,
    business_ids: Iterable[str],
    *,
    jobs: Sequence[ClockJob] = JOBS,
    stopping: Event | None = None,
    last: LastTurns | None = None,
) -> Iterator[Ticked]:
    """Do every job for each of these businesses. An error ends one job for one business, and nothing else.

    `last`: kept from tick to tick; without it every job has its turn.
    """
    last = {} if last is None else last
    for business_id in business_ids:
        for job in jobs:
            if stopping is not None and stopping.is_set():
                return
            now, before = carnet.clock(), last.get((business_id, job.name))
            if job.every is not None and before is not None and now - before < job.every:
                continue
            done = _ticked(carnet, reads, business_id, job)
            if done.error is None and job.every is not None:
                last[business_id, job.name] = now
            yield done


def _ticked(carnet: Carnet, reads: FreshReads, business_id: str, job: ClockJob) -> Ticked:
    recorded = 0
    try:
        going = True
        while going:
            turn = Turn(carnet, reads, business_id, _business(carnet, business_id), carnet.clock())
            made = sum(job.work(turn))
            recorded += made
            going = job.again and made > 0
    except Exception as error:  # whatever it is, the other jobs and businesses go on
        told = error_text(error)
        log.warning("the clock: %s of %s: %s; trying again", job.name, business_id, told)
        return Ticked(business_id, job.name, recorded, told)
    return Ticked(business_id, job.name, recorded)


def _business(carnet: Carnet, business_id: str) -> Business:
    wanted = Reads({business_id: 0})
    loaded = carnet.ledger(business_id).recorder.load(wanted)
    return carnet.kept.books_of(business_id, wanted, loaded).business
