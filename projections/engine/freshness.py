"""Fresh reads: a list waits briefly until its read tables have reached the head of the ledger."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import Event

from domain.ledger.contract import Store
from domain.ledger.errors import RoleNeeded
from projections.engine import checkpoints
from projections.engine.checkpoints import Checkpoint
from projections.engine.runner import Runner
from projections.engine.tables import ProjectionMissing, ReadTables, Snapshot

PATIENCE_S = 0.25
POLL_S = 0.004
POLLS_PER_TRY = 4
"""Looks at the checkpoints for each try to catch up: a look costs less than finding a checkpoint locked."""


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

    @contextmanager
    def snapshot(
        self, business_id: str, names: Sequence[str], at_least: int | None = None
    ) -> Iterator[Snapshot]:
        """The tables of these read models at one moment; `position` is the position they are true for.

        They are stale where the wait ran out before they were there. Raises as `fresh` does.
        """
        head = self._store.ledger(business_id).head().position
        with self._views.snapshot(business_id, names) as snapshot:
            if _lowest(snapshot.checkpoints, names) >= head:
                yield replace(snapshot, head=head)
                return
        self._wait(business_id, names, head, at_least)
        with self._views.snapshot(business_id, names) as snapshot:
            _enough(_lowest(snapshot.checkpoints, names), at_least)
            yield replace(snapshot, head=head)

    def fresh(self, business_id: str, names: Sequence[str], at_least: int | None = None) -> int:
        """Wait until these read models reach the current head; returns the position they are true for.

        The position is below the head when the wait runs out. Raises ProjectionStopped at once,
        ProjectionLagging when `at_least` is not reached in time, ProjectionMissing, UnknownBusiness,
        LedgerUnavailable.
        """
        return self._wait(business_id, names, self._store.ledger(business_id).head().position, at_least)

    def _wait(self, business_id: str, names: Sequence[str], head: int, at_least: int | None) -> int:
        deadline = None if self._patience_s is None else time.monotonic() + self._patience_s
        polls = 0
        while True:
            position = self._position(business_id, names)
            if position >= head:
                return position
            if deadline is not None and time.monotonic() >= deadline:
                return _enough(position, at_least)
            caught_up = None
            if self._runner is not None and polls % POLLS_PER_TRY == 0:
                caught_up = self._catch_up(self._runner, business_id, head, deadline)
            if not caught_up:
                # Another process applies them: its progress shows in the checkpoints.
                Event().wait(POLL_S)
            polls += 1

    @staticmethod
    def _catch_up(runner: Runner, business_id: str, head: int, deadline: float | None) -> int | None:
        try:
            return runner.catch_up(business_id, head, deadline)
        except RoleNeeded:
            if deadline is None:
                raise
            return None  # a user who only reads waits for a worker

    def _position(self, business_id: str, names: Sequence[str]) -> int:
        wanted = [self._views.projections[name] for name in names]
        with self._views.reading() as connection:
            return _lowest(checkpoints.read(connection, wanted, business_id), names)


def _lowest(checkpoints: Mapping[str, Checkpoint], names: Sequence[str]) -> int:
    if missing := [name for name in names if name not in checkpoints]:
        raise ProjectionMissing(", ".join(missing))
    for checkpoint in checkpoints.values():
        if checkpoint.stop is not None:
            raise ProjectionStopped(checkpoint.projection, checkpoint.stop.position, checkpoint.stop.error)
    return min(checkpoint.position for checkpoint in checkpoints.values())


def _enough(position: int, at_least: int | None) -> int:
    if at_least is not None and position < at_least:
        raise ProjectionLagging(position, at_least)
    return position
