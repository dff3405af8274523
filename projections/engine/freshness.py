"""Fresh reads: a list waits briefly until its read tables have reached the head of the ledger."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import floor
from threading import Event

from domain.fact import UnreadableFact
from domain.ledger.contract import Store
from domain.ledger.errors import RoleNeeded
from projections.engine import checkpoints
from projections.engine.checkpoint import ProjectionMissing
from projections.engine.checkpoints import Checkpoint
from projections.engine.pages import Unreadable
from projections.engine.runner import Runner
from projections.engine.snapshot import First, Snapshot
from projections.engine.tables import ReadTables

PATIENCE_S = 0.25
POLL_S = 0.004
POLLS_PER_TRY = 4
"""Looks at the checkpoints for each try to catch up: a look costs less than finding a checkpoint locked."""
NEARLY_BUILT = 500
"""Facts that a read with a limited wait still applies to a table that is building; more are left to the runner."""


class ProjectionStopped(Exception):
    """A read model has stopped at a fact and answers nothing until it is repaired."""

    def __init__(self, name: str, position: int, error: str) -> None:
        super().__init__(f"{name} stopped at position {position}: {error}")
        self.name = name
        self.position = position
        self.error = error


class ProjectionLagging(Exception):
    """The read tables did not reach the position asked for in time."""

    def __init__(self, position: int, wanted: int) -> None:
        super().__init__(f"at position {position}, {wanted} is wanted")
        self.position = position
        self.wanted = wanted


class ProjectionBuilding(ProjectionLagging):
    """The table of a new version is not complete yet for this business: what is in it would be less than there is."""

    def __init__(self, position: int, head: int, wanted: int | None) -> None:
        super().__init__(position, head if wanted is None else wanted)
        self.head = head

    @property
    def share(self) -> float:
        """How much of the ledger is in it: 0 to 1, rounded down."""
        return floor(100 * self.position / self.head) / 100 if self.head else 1.0


class FreshReads:
    """Snapshots of read tables at the head of their ledger, after a wait of at most `patience_s` seconds.

    A `runner` applies the missing facts here, unless another process holds the checkpoints. Without one the read
    only waits. `patience_s=None`, for a command line, sets no limit.
    """

    def __init__(
        self,
        store: Store,
        views: ReadTables,
        runner: Runner | None = None,
        *,
        patience_s: float | None = PATIENCE_S,
    ) -> None:
        self._store = store
        self._views = views
        self._runner = runner
        self._patience_s = patience_s

    @property
    def unreadable(self) -> Mapping[str, Unreadable]:
        """Business → a fact that this process cannot read, as far as it has met one."""
        return {} if self._runner is None else self._runner.unreadable

    @contextmanager
    def snapshot(
        self,
        business_id: str,
        names: Sequence[str],
        at_least: int | None = None,
        *,
        head: int | None = None,
        first: First | None = None,
    ) -> Iterator[Snapshot]:
        """The tables of these read models at one moment; `position` is the position they are true for.

        They are stale where the wait ran out before they were there. `head`: where the ledger is, where that was read
        already. `first`: see `ReadTables.snapshot`. Raises as `fresh` does.
        """
        if head is None:
            head = self._store.ledger(business_id).head().position
        with self._views.snapshot(business_id, names, first) as snapshot:
            if _lowest(snapshot.checkpoints, names) >= head:
                yield replace(snapshot, head=head)
                return
        self._wait(business_id, names, head, at_least)
        with self._views.snapshot(business_id, names, first) as snapshot:
            _enough(snapshot.checkpoints, names, head, at_least)
            yield replace(snapshot, head=head)

    def fresh(self, business_id: str, names: Sequence[str], at_least: int | None = None) -> int:
        """Wait until these read models reach the current head; returns the position they are true for.

        The position is below the head when the wait runs out. Raises ProjectionStopped at once,
        ProjectionLagging when `at_least` is not reached in time, ProjectionBuilding when the head is not and the
        table is not complete yet, ProjectionMissing, UnknownBusiness, LedgerUnavailable. A command line, which sets
        no limit, raises UnreadableFact where newer code must apply the facts.
        """
        return self._wait(business_id, names, self._store.ledger(business_id).head().position, at_least)

    def _wait(self, business_id: str, names: Sequence[str], head: int, at_least: int | None) -> int:
        deadline = None if self._patience_s is None else time.monotonic() + self._patience_s
        polls = 0
        while True:
            found = self._checkpoints(business_id, names)
            if (position := _lowest(found, names)) >= head:
                return position
            if deadline is not None and time.monotonic() >= deadline:
                return _enough(found, names, head, at_least)
            caught_up = None
            if self._runner is not None and polls % POLLS_PER_TRY == 0:
                caught_up = self._catch_up(self._runner, business_id, found, head, deadline)
            if not caught_up:
                # Another process applies them: its progress shows in the checkpoints.
                Event().wait(POLL_S)
            polls += 1

    @staticmethod
    def _catch_up(
        runner: Runner,
        business_id: str,
        found: Mapping[str, Checkpoint],
        head: int,
        deadline: float | None,
    ) -> int | None:
        """Apply the facts in this thread, to those of the tables that lack some and can be brought there in time."""
        lacking = [each for each in found.values() if each.position < head]
        caught_up = None
        try:
            if any(not each.building for each in lacking):
                caught_up = runner.catch_up(business_id, head, deadline)
            if any(each.building and (deadline is None or _is_near(each, head)) for each in lacking):
                caught_up = runner.catch_up(business_id, head, deadline, building=True)
        except RoleNeeded:
            if deadline is None:
                raise
            return None  # a user who only reads waits for a worker
        if deadline is None and (kept := runner.unreadable.get(business_id)) is not None:
            raise UnreadableFact(kept.reason, position=kept.position)
        return caught_up

    def _checkpoints(self, business_id: str, names: Sequence[str]) -> Mapping[str, Checkpoint]:
        wanted = [self._views.projections[name] for name in names]
        with self._views.reading() as connection:
            return checkpoints.read(connection, wanted, business_id)


def _is_near(checkpoint: Checkpoint, head: int) -> bool:
    return head - checkpoint.position <= NEARLY_BUILT


def _lowest(checkpoints: Mapping[str, Checkpoint], names: Sequence[str]) -> int:
    if missing := [name for name in names if name not in checkpoints]:
        raise ProjectionMissing(", ".join(missing))
    for checkpoint in checkpoints.values():
        if checkpoint.stop is not None:
            raise ProjectionStopped(checkpoint.projection, checkpoint.stop.position, checkpoint.stop.error)
    return min(checkpoint.position for checkpoint in checkpoints.values())


def _enough(found: Mapping[str, Checkpoint], names: Sequence[str], head: int, at_least: int | None) -> int:
    """The position they are true for, where it may be told."""
    position = _lowest(found, names)
    lacking = [each.position for each in found.values() if each.building and each.position < head]
    if lacking:
        raise ProjectionBuilding(min(lacking), head, at_least)
    if at_least is not None and position < at_least:
        raise ProjectionLagging(position, at_least)
    return position
