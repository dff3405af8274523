"""The work of one kind of tables, live or building: which businesses are behind, and in which transactions they go."""

import time
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from threading import Event

from sqlalchemy import Connection

from projections.engine import checkpoints
from projections.engine.checkpoint_tables import Which
from projections.engine.definition import Projection
from projections.engine.feeding import Feeding, Share

BUSINESSES_PER_SHARE = 100
FAILURES_PER_STEP_MAX = 3
DOUBTFUL_MAX = 3
"""Businesses possibly behind that are tried without a check; for more, one query first finds those behind."""
LOOK_AGAIN_S = 5.0
"""Seconds after which a business is looked at again that this code could not bring further: others may have."""


class Lane:
    """Remembers how far each business is, so that one at its head costs a comparison of two numbers.

    Checkpoints only go forward as long as the tables and their generations stay the same: `forget()` otherwise.
    """

    def __init__(self, feeding: Feeding, which: Which, facts_per_page: int) -> None:
        self.feeding = feeding
        self._which = which
        self._facts_per_page = facts_per_page
        self._settled: dict[str, int | None] = {}
        self._failed_last: set[str] = set()
        self._looked_again = time.monotonic()

    def forget(self) -> None:
        self._settled = {}

    def settled(self, business_id: str) -> int | None:
        """The position that all tables of a business have surely reached; None: they have all stopped."""
        return self._settled.get(business_id, 0)

    def behind(
        self,
        connection: Connection,
        projections: list[Projection],
        tables: int,
        heads: Mapping[str, int],
    ) -> dict[str, int]:
        """The businesses whose head is past a checkpoint, and by how many facts at most."""
        self.feeding.tables = tables
        if not tables:
            return {}
        self._look_again()
        doubtful = [id for id, head in heads.items() if self._is_behind(id, head)]
        if len(doubtful) > DOUBTFUL_MAX:
            lowest = checkpoints.lowest(connection, projections, tables, doubtful, self._which)
            self._settled.update(lowest)
        return {
            id: heads[id] - (self._settled.get(id) or 0) for id in doubtful if self._is_behind(id, heads[id])
        }

    def _is_behind(self, business_id: str, head: int) -> bool:
        settled = self._settled.get(business_id, 0)
        return settled is not None and settled < head

    def _look_again(self) -> None:
        if time.monotonic() - self._looked_again >= LOOK_AGAIN_S:
            self._looked_again = time.monotonic()
            for business_id in self.feeding.unreadable():
                self._settled.pop(business_id, None)

    def work(
        self, behind: Mapping[str, int], stopping: Event | None = None, shares_max: int | None = None
    ) -> bool:
        """Take at most one page for each business that is behind; returns whether a checkpoint moved.

        Raises the last error after the other businesses had their turn, or after `FAILURES_PER_STEP_MAX` errors.
        """
        moved, failures = False, 0
        failed: Exception | None = None
        shares = deque(islice(self._shares(behind), shares_max))
        while shares and failures < FAILURES_PER_STEP_MAX and not (stopping and stopping.is_set()):
            share = shares.popleft()
            try:
                advances = self.feeding.advance(share)
            except Exception as error:
                if len(share) > 1:  # one of them caused it: try each alone
                    shares.extendleft([{id: facts} for id, facts in reversed(share.items())])
                    continue
                self._failed_last.update(share)
                failed, failures = error, failures + 1
                continue
            self._failed_last.difference_update(share)
            self._settled.update({id: each.position for id, each in advances.items() if each.whole})
            moved = moved or any(each.moved for each in advances.values())
        if failed is not None:
            raise failed
        return moved

    def _shares(self, behind: Mapping[str, int]) -> Iterator[Share]:
        """The businesses that are behind, as many together as make up one page of facts.

        Those that failed last time come last and alone, so that they delay no other.
        """
        share: Share = {}
        room = self._facts_per_page
        for business_id in sorted(behind.keys() - self._failed_last):
            facts = min(behind[business_id], self._facts_per_page)
            if share and (facts > room or len(share) == BUSINESSES_PER_SHARE):
                yield share
                share, room = {}, self._facts_per_page
            share[business_id] = facts
            room -= facts
        if share:
            yield share
        for business_id in sorted(behind.keys() & self._failed_last):
            yield {business_id: self._facts_per_page}
