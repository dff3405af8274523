"""One tick of the clock: every job once, for every business, a page at a time."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Event

from api.http.ledger_types import Carnet, Ledger
from api.server.clock.jobs import JOBS, Ask, Job
from domain.actor import CLOCK
from domain.business.facts import Policies
from domain.decision import Reads
from domain.ledger.mapper import Meta
from domain.ledger.orders import Done, Order
from projections.engine.checkpoints import error_text
from projections.engine.freshness import FreshReads
from projections.queries.due import Due, DueKey

META = Meta(actor=CLOCK)

log = logging.getLogger("carnet.clock")


@dataclass(frozen=True, slots=True)
class Ticked:
    """What one job did for one business."""

    business_id: str
    job: str
    recorded: int
    """Facts that were recorded here, and not by another process at the same time."""
    error: str | None = None
    """What kept it from going on. The next tick tries again; nothing is lost meanwhile."""


def tick(
    carnet: Carnet,
    reads: FreshReads,
    business_ids: Iterable[str],
    *,
    jobs: Sequence[Job] = JOBS,
    stopping: Event | None = None,
) -> Iterator[Ticked]:
    """Do every job for each of these businesses. An error ends one job for one business, and nothing else."""
    for business_id in business_ids:
        for job in jobs:
            if stopping is not None and stopping.is_set():
                return
            yield _ticked(carnet, reads, business_id, job)


def _ticked(carnet: Carnet, reads: FreshReads, business_id: str, job: Job) -> Ticked:
    recorded = 0
    try:
        going = True
        while going:
            made = sum(_pages(carnet, reads, business_id, job))
            recorded += made
            going = job.again and made > 0
    except Exception as error:  # whatever it is, the other jobs and businesses go on
        told = error_text(error)
        log.warning("the clock: %s of %s: %s; trying again", job.name, business_id, told)
        return Ticked(business_id, job.name, recorded, told)
    return Ticked(business_id, job.name, recorded)


def _pages(carnet: Carnet, reads: FreshReads, business_id: str, job: Job) -> Iterator[int]:
    """Facts recorded, page by page of candidates."""
    ledger, policies, now = carnet.ledger(business_id), _policies(carnet, business_id), carnet.clock()
    after: DueKey | None = None
    while True:
        with reads.snapshot(business_id, job.reads) as snapshot:
            page = job.find(Ask(snapshot, business_id, policies, now), after)
        if page.due:
            yield _recorded(ledger, job, page.due)
        after = page.after
        if after is None:
            return


def _recorded(ledger: Ledger, job: Job, found: Sequence[Due]) -> int:
    orders = [_order(ledger, job, candidate) for candidate in found]
    results = ledger.execute(orders)
    return sum(isinstance(result, Done) and not result.replayed for result in results)


def _order(ledger: Ledger, job: Job, candidate: Due) -> Order:
    key = job.key(candidate)
    return Order(job.use_case, job.command(candidate), META, ledger.request(key, key.encode()))


def _policies(carnet: Carnet, business_id: str) -> Policies:
    wanted = Reads({business_id: 0})
    loaded = carnet.ledger(business_id).recorder.load(wanted)
    return carnet.kept.books_of(business_id, wanted, loaded).business.policies
