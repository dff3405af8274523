"""Making a read table anew beside the live one, which serves until the switch.

A rebuild can be interrupted anywhere and started again: rows and their checkpoint are written in one transaction,
and rows that were only in memory are folded again. The new table is its only side effect.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, select, update

from domain.ledger.contract import Store
from domain.ledger.reading import reading
from projections.engine import checkpoints, shares
from projections.engine.checkpoints import BUILDING, CHECKPOINTS, LIVE, OLD, PLACES, read_tables
from projections.engine.cohorts import set_apart
from projections.engine.comparison import Difference, compare
from projections.engine.definition import Projection, physical_name
from projections.engine.drop_old import drop, drop_replaced
from projections.engine.filling import Filling, Limits, Progress, create_bare, limits_of
from projections.engine.fold import Decode
from projections.engine.in_order import InOrder, now_ms
from projections.engine.ownership import share
from projections.engine.patience import Waiting, patiently
from projections.engine.tables import ReadTables

TRIES = 20


class RebuildStopped(Exception):
    """The new table stops at a fact that the live one has taken, so the live one stays."""

    def __init__(self, name: str, business_id: str, stop: checkpoints.Stop) -> None:
        super().__init__(f"{name} of {business_id} stops at position {stop.position}: {stop.error}")
        self.name = name
        self.business_id = business_id
        self.stop = stop


class Rebuild:
    """A rebuild of read models, in one pass over the facts. Several processes can share it, and a new one continues
    one that was killed.

    `restart` discards the tables of an interrupted rebuild: needed when a read model was repaired since.
    """

    def __init__(
        self,
        store: Store,
        views: ReadTables,
        *projections: Projection,
        decode: Decode = reading,
        limits: Limits | None = None,
        restart: bool = False,
        waiting: Waiting | None = None,
    ) -> None:
        """`waiting` is called while a reader of a table that goes keeps it. Raises StillRead."""
        self._store = store
        self._views = views
        self._projections = projections
        self._decode = decode
        self._limits = limits or limits_of(views)
        self._waiting = waiting
        self.physicals: dict[str, str] = {}
        """Read model → the table that is filled for it."""
        made = None if not restart and self._are_begun() else shares.cut(store, self._limits.facts_per_share)
        what = "the table of an earlier rebuild"
        self.physicals = patiently(lambda: self._begin(restart, made), what, waiting)

    @property
    def physical(self) -> str:
        """The table that is filled, of the one read model."""
        (physical,) = self.physicals.values()
        return physical

    # Beginning

    def _are_begun(self) -> bool:
        with self._views.reading() as connection:
            return all(
                self._is_building(connection, self._shadow(connection, each)) for each in self._projections
            )

    def _shadow(self, connection: Connection, projection: Projection) -> str:
        found = (
            checkpoints.live_tables(connection, [projection]),
            checkpoints.served_tables(connection, [projection]),
        )
        physical = physical_name(projection)
        # The table of this version that is building is left to the runner.
        is_taken = any(tables.get(projection.name) == physical for tables in found)
        return physical_name(projection, shadow=True) if is_taken else physical

    def _is_building(self, connection: Connection, physical: str) -> bool:
        state = connection.scalar(select(read_tables.c.state).where(read_tables.c.physical == physical))
        return bool(state == BUILDING)

    def _begin(self, restart: bool, made: shares.Cut | None) -> dict[str, str]:
        """The tables to fill: those of an interrupted rebuild, or new ones."""
        with self._views.altering() as connection:
            checkpoints.metadata.create_all(connection)
            physicals = {each.name: self._shadow(connection, each) for each in self._projections}
            new = [
                each
                for each in self._projections
                if restart or not self._goes_on(connection, physicals[each.name])
            ]
            for projection in new:
                self._make(connection, projection, physicals[projection.name])
            if new:
                made = made or shares.cut(self._store, self._limits.facts_per_share)
                by_stream = [physicals[each.name] for each in new if each.by_stream]
                in_order = [physicals[each.name] for each in new if not each.by_stream]
                shares.begin(connection, made, by_stream, in_order)
            if new and self._views.on_postgres:
                share(connection, self._views.schema)
            return physicals

    def _goes_on(self, connection: Connection, physical: str) -> bool:
        """Whether a table is there that this code can go on with: it knows all that are filled with it."""
        if not self._is_building(connection, physical):
            return False
        planned = shares.plans(connection)
        beside = {each for each, plan in planned.items() if plan == planned.get(physical)}
        return beside <= set(self._known(connection))

    def _known(self, connection: Connection) -> dict[str, Projection]:
        return _filled(connection, [*self._views.projections.values(), *self._projections])

    def _make(self, connection: Connection, projection: Projection, physical: str) -> None:
        drop(connection, physical)
        shares.forget(connection, physical)
        create_bare(connection, self._views.table(projection, physical))
        connection.execute(
            read_tables.insert(),
            {
                "physical": physical,
                "projection": projection.name,
                "version": projection.version,
                "state": BUILDING,
                "generation": 1,
            },
        )

    # Filling

    def fill(self, progress: Progress | None = None) -> int:
        """Fill the new tables from every ledger; returns the number of facts they have taken.

        Facts recorded meanwhile are taken in further rounds, until a round is at most one page. The live runner
        takes the rest after the switch.
        """
        with self._views.reading() as connection:
            known = self._known(connection)
        limits = self._limits
        filling = Filling(self._store, self._views, known, decode=self._decode, limits=limits)
        for physical in self.physicals.values():
            filling.fill(physical, progress)
        return max((self._catch_up(each, progress) for each in self._projections), default=0)

    def _catch_up(self, projection: Projection, progress: Progress | None) -> int:
        order = self._in_order(projection)
        while True:
            heads = dict(self._store.heads())
            reached = self._reached(self.physicals[projection.name])
            done = at_first = sum(reached.values())
            for business_id, head in heads.items():
                before = reached.get(business_id, 0)
                for position in order.fill(business_id, head) if before < head else ():
                    done, before = done + position - before, position
                    if progress is not None:
                        progress(done, sum(heads.values()))
            if done - at_first <= self._limits.facts_per_page:
                return done

    def _reached(self, physical: str) -> dict[str, int]:
        found = select(PLACES.c.business_id, PLACES.c.position)
        with self._views.reading() as connection:
            rows = connection.execute(found.where(PLACES.c.physical == physical))
            return {row.business_id: row.position for row in rows}

    def _in_order(self, projection: Projection) -> InOrder:
        physical = self.physicals[projection.name]
        return InOrder(self._store, self._views, projection, physical, self._decode, self._limits)

    # Comparing

    def differences(self) -> Iterator[Difference]:
        """`all_differences` without the read models."""
        return (difference for _, difference in self.all_differences())

    def all_differences(self) -> Iterator[tuple[Projection, Difference]]:
        """The rows that differ between the live and the new tables, both at the same position of each ledger.

        Leaves out a ledger where either table has stopped: they cannot reach the same position. Raises
        RuntimeError when a ledger grows too fast to be compared.
        """
        for projection in self._projections:
            if not self._has_live(projection):
                continue
            for business_id in self._reached(self.physicals[projection.name]):
                for difference in self._differences(projection, business_id):
                    yield projection, difference

    def _differences(self, projection: Projection, business_id: str) -> Iterator[Difference]:
        physical = self.physicals[projection.name]
        for _ in range(TRIES):
            if not self._level(projection, business_id):
                return
            with self._views.reading() as connection:
                live = self._live(connection, projection)
                at = [self._position(connection, each, business_id) for each in (live, physical)]
                if at[0] == at[1]:
                    tables = [self._views.table(projection, each) for each in (live, physical)]
                    yield from compare(connection, projection, business_id, *tables)
                    return
        raise RuntimeError(f"{business_id} moves too fast to be compared")

    def _level(self, projection: Projection, business_id: str) -> bool:
        """Bring both tables to the position of the further one; False when one has stopped."""
        return patiently(lambda: self._leveled(projection, business_id), "a checkpoint")

    def _leveled(self, projection: Projection, business_id: str) -> bool:
        ledger, order = self._store.ledger(business_id), self._in_order(projection)
        physical = self.physicals[projection.name]
        with self._views.writing() as connection:
            found = self._live(connection, projection)
            for each in (found, physical):
                set_apart(connection, each, business_id, now_ms())
            live = order.checkpoint(connection, found, business_id)
            new = order.checkpoint(connection, physical, business_id)
            while live.position != new.position and live.stop is None and new.stop is None:
                if live.position < new.position:
                    live = order.apply(connection, ledger, live, new.position)
                else:
                    new = order.apply(connection, ledger, new, live.position)
        return live.stop is None and new.stop is None

    def _has_live(self, projection: Projection) -> bool:
        with self._views.reading() as connection:
            return bool(checkpoints.live_tables(connection, [projection]))

    def _live(self, connection: Connection, projection: Projection) -> str:
        return checkpoints.live_tables(connection, [projection])[projection.name]

    def _position(self, connection: Connection, physical: str, business_id: str) -> int:
        own = (PLACES.c.physical == physical) & (PLACES.c.business_id == business_id)
        return connection.scalar(select(PLACES.c.position).where(own)) or 0

    # Switching

    def switch(self) -> None:
        """Make the new tables the live ones, each in one short transaction.

        Raises RebuildStopped when a new table has stopped at a fact that the live one has taken: that one then
        stays, and the others have been switched. Raises StillRead.
        """
        stopped: list[RebuildStopped] = []
        for projection in self._projections:
            try:
                patiently(partial(self._switch, projection), self.physicals[projection.name], self._waiting)
            except RebuildStopped as error:
                stopped.append(error)
        if stopped:
            raise stopped[0]

    def _switch(self, projection: Projection) -> None:
        physical = self.physicals[projection.name]
        with self._views.altering() as connection:
            live = checkpoints.live_tables(connection, [projection]).get(projection.name)
            if live == physical:
                return
            self._refuse_stops(connection, projection, live)
            served = checkpoints.served_tables(connection, [projection]).get(projection.name)
            for each, state in ((served, OLD), (physical, LIVE)):
                connection.execute(
                    update(read_tables).where(read_tables.c.physical == each).values(state=state)
                )

    def _refuse_stops(self, connection: Connection, projection: Projection, live: str | None) -> None:
        own = CHECKPOINTS.c.physical == self.physicals[projection.name]
        for row in connection.execute(select(CHECKPOINTS).where(own, CHECKPOINTS.c.stopped_at.is_not(None))):
            if live is not None and self._position(connection, live, row.business_id) > row.position:
                stop = checkpoints.Stop(row.stopped_at, row.error)
                raise RebuildStopped(projection.name, row.business_id, stop)


def _filled(connection: Connection, projections: Sequence[Projection]) -> dict[str, Projection]:
    """Table → read model, of the tables that are being filled, as far as this code knows their version."""
    known = {each.name: each for each in projections}
    return {
        row.physical: known[row.projection]
        for row in connection.execute(select(read_tables).where(read_tables.c.state == BUILDING))
        if row.projection in known and known[row.projection].version == row.version
    }


def help_filling(
    store: Store,
    views: ReadTables,
    physicals: Sequence[str],
    *,
    decode: Decode = reading,
    limits: Limits | None = None,
) -> None:
    """Share the work of another process at these tables until they are filled; nothing where they are."""
    with views.reading() as connection:
        known = _filled(connection, list(views.projections.values()))
    filling = Filling(store, views, known, decode=decode, limits=limits or limits_of(views))
    for physical in physicals:
        filling.fill(physical)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The outcome of a rebuild of one read model."""

    name: str
    physical: str
    facts: int
    differences: int
    dropped: Sequence[str]


def rebuild_all(
    store: Store,
    views: ReadTables,
    projections: Sequence[Projection],
    *,
    decode: Decode = reading,
    progress: Progress | None = None,
    differing: Callable[[Projection, Difference], None] | None = None,
    keep_old: bool = False,
    restart: bool = False,
    waiting: Waiting | None = None,
    helped: Callable[[Sequence[str]], AbstractContextManager[object]] | None = None,
) -> list[Rebuilt]:
    """Fill new tables in one pass over the facts, pass the rows that differ to `differing` if given, switch, and drop
    the tables they replace. Those of other versions stay.

    `helped` brings others who fill the tables of these names. `waiting` is called while a reader keeps a table that
    goes: the old one then stays until the next rebuild.
    Raises RebuildStopped, StillRead, and what `Rebuild.differences` raises; the live table then stays.
    """
    making = Rebuild(store, views, *projections, decode=decode, restart=restart, waiting=waiting)
    with nullcontext() if helped is None else helped(list(making.physicals.values())):
        facts = making.fill(progress)
    differences = dict.fromkeys(making.physicals, 0)
    if differing is not None:
        for projection, difference in making.all_differences():
            differences[projection.name] += 1
            differing(projection, difference)
    making.switch()
    return [
        Rebuilt(
            each.name,
            making.physicals[each.name],
            facts,
            differences[each.name],
            [] if keep_old else drop_replaced(views, each, waiting),
        )
        for each in projections
    ]


def rebuild(
    store: Store,
    views: ReadTables,
    projection: Projection,
    *,
    decode: Decode = reading,
    progress: Progress | None = None,
    differing: Callable[[Difference], None] | None = None,
    keep_old: bool = False,
    restart: bool = False,
    waiting: Waiting | None = None,
) -> Rebuilt:
    """`rebuild_all` of one read model."""
    (made,) = rebuild_all(
        store,
        views,
        [projection],
        decode=decode,
        progress=progress,
        differing=None if differing is None else lambda _, found: differing(found),
        keep_old=keep_old,
        restart=restart,
        waiting=waiting,
    )
    return made
