"""The work of one kind of tables, live or building: in which transactions the businesses behind go."""

import time
from collections import deque
from collections.abc import Iterator
from itertools import islice
from threading import Event

from projections.engine.feeding import Feeding, Share
from projections.engine.settled import Behind, Settled

BUSINESSES_PER_SHARE = 100
FAILURES_PER_STEP_MAX = 3
LOOK_AGAIN_S = 5.0
"""Seconds after which a business is looked at again that this code could not bring further: others may have."""


class Lane:
    """Feeds the tables of one kind, a page of each business at a time."""

    def __init__(self, feeding: Feeding, settled: Settled, facts_per_page: int) -> None:
        self.feeding = feeding
        self.settled = settled
        self._facts_per_page = facts_per_page
        self._failed_last: set[str] = set()
        self._looked_again = time.monotonic()

    def look_again(self) -> None:
        """Take those for behind, now and then, that this code could not bring further."""
        if time.monotonic() - self._looked_again >= LOOK_AGAIN_S:
            self._looked_again = time.monotonic()
            if kept := self.feeding.unreadable():
                self.settled.forget(kept)

    def work(self, behind: Behind, stopping: Event | None = None, shares_max: int | None = None) -> bool:
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
            self.settled.note({id: each.position for id, each in advances.items() if each.whole})
            moved = moved or any(each.moved for each in advances.values())
        if failed is not None:
            raise failed
        return moved

    def _shares(self, behind: Behind) -> Iterator[Share]:
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
