"""One turn of a job: what it knows of one business at one moment, and its candidates, page by page."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from api.http.ledger_types import Carnet
from domain.business.facts import Policies
from domain.business.state import Business
from projections.engine.freshness import FreshReads
from projections.engine.snapshot import Snapshot
from projections.queries.due import Due, DueKey, DuePage

PAGE = 100
"""Candidates found together, and commands decided and stored together."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a job may know when it looks for candidates: read tables of one business, its policies, the moment."""

    snapshot: Snapshot
    business_id: str
    policies: Policies
    now: datetime


Find = Callable[[Ask, DueKey | None], DuePage]


@dataclass(frozen=True, slots=True)
class Turn:
    """A business as it is at the moment `now`."""

    carnet: Carnet
    reads: FreshReads
    business_id: str
    business: Business
    now: datetime

    def pages(self, tables: Sequence[str], find: Find) -> Iterator[Sequence[Due]]:
        """Candidates, page by page."""
        after: DueKey | None = None
        while True:
            with self.reads.snapshot(self.business_id, tables) as snapshot:
                page = find(Ask(snapshot, self.business_id, self.business.policies, self.now), after)
            if page.due:
                yield page.due
            after = page.after
            if after is None:
                return


class ClockJob(Protocol):
    """What the clock does for one business in one turn."""

    @property
    def name(self) -> str:
        """What it records, for people and for the log."""

    @property
    def reads(self) -> Sequence[str]:
        """The read models that it looks into."""

    @property
    def again(self) -> bool:
        """Whether what it records may make more due at once, such as the next of several periods that were missed."""

    @property
    def every(self) -> timedelta | None:
        """The least time between two turns in one process; None: each tick."""

    def work(self, turn: Turn) -> Iterator[int]:
        """What was recorded here, and not by another process at the same time, page by page."""
