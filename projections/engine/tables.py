"""The database of the read tables: a schema of their own on PostgreSQL, a file of their own on SQLite.

Nothing in it is the truth: the schema or the file can be thrown away and made again from the ledger.
"""

import re
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Table, delete, inspect, select, text
from sqlalchemy.exc import DBAPIError

from domain.ledger.errors import RoleNeeded
from domain.ledger.postgres.roles import APP, WORKER, role_needed
from domain.ledger.postgres.short_attempts import ATTEMPT_MS
from projections.engine import asking, checkpoints
from projections.engine.asking import LOCK_WAIT_S, Ask
from projections.engine.checkpoint import ProjectionMissing
from projections.engine.checkpoint_tables import ALTERING, INDEX_STOPPED, LOCK_SHARED, TRY_SHARED
from projections.engine.checkpoints import (
    BUILDING,
    CHECKPOINTS,
    DROPPING,
    LIVE,
    STOPPED,
    read_tables,
    served_tables,
)
from projections.engine.definition import Projection, physical_name, physical_table
from projections.engine.ownership import be_owner, own, share
from projections.engine.patience import patiently
from projections.engine.served import Named
from projections.engine.shares import rebuild_shares
from projections.engine.snapshot import First, Snapshot, Snapshots, Wanted, tells_missing
from projections.engine.sqlite_engine import (
    HeldElsewhere,
    begin_immediate,
    sqlite_engine,
    use_write_ahead_log,
)
from projections.engine.views_file import damage_of, inode_of, refuse_ledger, set_aside, tells_damage

SCHEMA = "carnet_views"
CREATE_WAIT_S = 60
READ_TRIES = 10
KEYED_WRITES = (
    "SELECT set_config('synchronous_commit', 'off', true), set_config('plan_cache_mode',"
    " 'force_generic_plan', true), set_config('enable_hashjoin', 'off', true),"
    " set_config('enable_mergejoin', 'off', true), set_config('enable_seqscan', 'off', true)"
)
"""Settings of a writing transaction on PostgreSQL. It does not wait for the flush: a crash may lose the last rows
together with their checkpoint, and the ledger still has their facts. Rows are found by their keys, even while a
table grows faster than its statistics."""


class ViewsDamaged(ProjectionMissing):
    """The file of the read tables was found damaged. It was set aside, and an empty one has taken its place."""


class ReadTables:
    """The read tables of one installation. `where` is `postgresql://…` or the path of an SQLite file.

    Connections are opened on demand, so the database need not be reachable yet. Raises TypeError when two read
    models share a name, ValueError for a bad schema name.
    """

    def __init__(
        self,
        where: str | Path,
        projections: Sequence[Projection],
        *,
        schema: str = SCHEMA,
        pool_size: int = 5,
        lock_wait_s: float = LOCK_WAIT_S,
    ) -> None:
        self.projections = {projection.name: projection for projection in projections}
        if len(self.projections) != len(projections):
            raise TypeError("two read models have the same name")
        self.where = where
        self.schema = schema
        self._lock_wait_s = lock_wait_s
        self.on_postgres = str(where).startswith(("postgresql:", "postgres:"))
        self._be_patient: Callable[[Connection], None] | None = None
        """On PostgreSQL: wait for an answer as long as the request may."""
        if self.on_postgres:
            from projections.engine.postgres_engine import be_patient, postgres_engine

            self.engine = postgres_engine(str(where), schema, pool_size, lock_wait_s)
            self._be_patient = be_patient
        else:
            self.engine = sqlite_engine(where, pool_size, lock_wait_s)
        self._reader = (
            self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            if self.on_postgres
            else self.engine
        )
        self._looker = (
            self.engine.execution_options(isolation_level="AUTOCOMMIT") if self.on_postgres else self.engine
        )
        self._writer = self.engine.execution_options(carnet_writes=True)
        self._snapshots = Snapshots(self.projections, on_postgres=self.on_postgres)
        self._mending = False
        self._unwritable: RoleNeeded | None = None

    def close(self) -> None:
        self.engine.dispose()

    def table(self, projection: Projection, physical: str) -> Table:
        return physical_table(projection.table, physical)

    def create(self, has_facts: Callable[[], bool] = lambda: False) -> list[str]:
        """Make the tables that are missing, and return their read models.

        `has_facts` is asked where one is missing: a table begins live where there is no fact that it could lack, and
        building otherwise. Tables of other versions stay as they are. Can be repeated, also by several processes at
        once. A damaged file is set aside first, and all tables are made anew. Raises NotReadTables for a file that is
        a ledger, StillRead.
        """
        if self.on_postgres:
            return self._created(has_facts)
        path = Path(self.where)
        refuse_ledger(path)
        if (why := damage_of(path)) is not None:
            set_aside(path, why)
            self.engine.dispose()
        try:
            with self._mended():
                use_write_ahead_log(self.engine)
            return self._created(has_facts)
        except ViewsDamaged:
            return list(self.projections)

    def _created(self, has_facts: Callable[[], bool]) -> list[str]:
        return patiently(lambda: self._create(has_facts), "a read table")

    def _create(self, has_facts: Callable[[], bool]) -> list[str]:
        with self.altering() as connection:
            if self.on_postgres:
                own(connection, self.schema)
            checkpoints.metadata.create_all(connection)
            _bring_up_to_date(connection)
            made = []
            there = self._tables(connection)
            served = served_tables(connection, self.projections.values())
            for projection in self.projections.values():
                physical = served.get(projection.name)
                if physical is not None and physical in there and asking.is_kept(_ask(connection), physical):
                    continue
                if physical is None and self._goes_on(connection, projection, there):
                    continue
                self.begin_anew(connection, projection, physical, live=not has_facts())
                made.append(projection.name)
            if self.on_postgres:
                share(connection, self.schema)
        return made

    def _goes_on(self, connection: Connection, projection: Projection, there: Collection[str]) -> bool:
        """Let a table that a rebuild replaced go on as the one that is building; False where there is none."""
        physical = physical_name(projection)
        state = select(read_tables.c.state).where(read_tables.c.physical == physical)
        if physical not in there or connection.scalar(state) in (None, DROPPING):
            return False
        if not asking.is_kept(_ask(connection), physical):
            return False
        self._register(connection, projection, physical, BUILDING)
        return True

    def begin_anew(
        self, connection: Connection, projection: Projection, before: str | None = None, *, live: bool = False
    ) -> None:
        """Make the table of this version empty, instead of the one `before`, which is not whole.

        It is building unless it begins `live`. Call it within `altering()`.
        """
        physical = physical_name(projection)
        for name in {physical, before or physical}:
            checkpoints.forget(connection, name)
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
            if name != physical:
                connection.execute(delete(read_tables).where(read_tables.c.physical == name))
        self.table(projection, physical).create(connection)
        if self.on_postgres:
            share(connection, self.schema)
        self._register(connection, projection, physical, LIVE if live else BUILDING)

    def missing(self) -> list[str]:
        """The read models without a table, or with rows that no checkpoint speaks for: `create()` makes them anew."""
        with self.asking() as ask:
            return asking.missing(ask, self._own_schema, self.named)

    @contextmanager
    def asking(self) -> Iterator[Ask]:
        """Questions that need no SQLAlchemy, by a connection of this pool. Raises what `reading` raises."""
        with self.reading() as connection:
            yield _ask(connection)

    @property
    def named(self) -> tuple[Named, ...]:
        return tuple((each.name, each.version) for each in self.projections.values())

    def may_write(self) -> bool:
        """Whether the user of the database may keep these tables fresh. On PostgreSQL that depends on its roles."""
        if not self.on_postgres:
            return True
        with self.reading() as connection:
            may = text("SELECT has_table_privilege(to_regclass(:name), 'UPDATE')")
            return connection.scalar(may, {"name": f"{self.schema}.{CHECKPOINTS.name}"}) is not False

    def _tables(self, connection: Connection) -> set[str]:
        return asking.tables(_ask(connection), self._own_schema)

    @property
    def _own_schema(self) -> str | None:
        return self.schema if self.on_postgres else None

    def _register(self, connection: Connection, projection: Projection, physical: str, state: str) -> None:
        connection.execute(
            checkpoints.inserting(connection.dialect, read_tables).on_conflict_do_update(
                index_elements=[read_tables.c.physical],
                set_={"state": state, "generation": read_tables.c.generation + 1},
            ),
            {
                "physical": physical,
                "projection": projection.name,
                "version": projection.version,
                "state": state,
                "generation": 1,
            },
        )

    @contextmanager
    def altering(self) -> Iterator[Connection]:
        """An exclusive transaction to make, switch or drop read tables; committed on leaving. Nobody is feeding any.

        On PostgreSQL it waits for readers of a table for `ATTEMPT_MS` only: call it through `patiently`.
        """
        with self.writing() as connection:
            if self.on_postgres:
                connection.execute(text(f"SET LOCAL lock_timeout = '{CREATE_WAIT_S}s'"))
                connection.execute(text(f"SELECT pg_advisory_xact_lock({ALTERING})"))
                be_owner(connection, self.schema)
                connection.execute(text(f"SET LOCAL lock_timeout = '{ATTEMPT_MS}ms'"))
            yield connection

    @contextmanager
    def writing(self, *, wait: bool = True, feeding: bool = False) -> Iterator[Connection]:
        """A transaction that writes, committed on leaving, rolled back on an exception.

        On SQLite it is the only writer of the file, and while `feeding` on PostgreSQL nobody is `altering`. Raises
        HeldElsewhere when another one is: at once if `wait` is false, else on SQLite after `lock_wait_s`. Raises
        RoleNeeded where the user of the database only reads.
        """
        if self._unwritable is not None:
            raise self._unwritable
        with (
            self._mended(),
            self._told_of_rights(WORKER),
            _told_when_missing(),
            self._writer.connect() as connection,
        ):
            if self._be_patient is None:
                begin_immediate(connection, self._lock_wait_s, wait=wait)
            else:
                self._be_patient(connection)
            with connection.begin():
                if self.on_postgres:
                    locked = f", {LOCK_SHARED if wait else TRY_SHARED}" if feeding else ""
                    if connection.exec_driver_sql(KEYED_WRITES + locked).one()[-1] is False:
                        raise HeldElsewhere("read tables are being made")
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees everything at one moment. Raises ProjectionMissing for a table that is not there."""
        with (
            self._mended(),
            self._told_of_rights(APP),
            _told_when_missing(),
            self._reader.connect() as connection,
        ):
            if self._be_patient is not None:
                self._be_patient(connection)
            with connection.begin():
                yield connection

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """A connection by which each question sees what there is by then. Raises as `reading` does."""
        if not self.on_postgres:
            with self.reading() as connection:
                yield connection
            return
        with self._told_of_rights(APP), _told_when_missing(), self._looker.connect() as connection:
            if self._be_patient is not None:
                self._be_patient(connection)
            yield connection

    @contextmanager
    def _mended(self) -> Iterator[None]:
        """Set a file aside whose damage shows now. Raises ViewsDamaged: the next transaction meets an empty file."""
        met = None if self.on_postgres else inode_of(Path(self.where))
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            damaged = tells_damage(error.orig if isinstance(error, DBAPIError) else error)
            if self.on_postgres or not damaged or self._mending:
                raise
            self._throw_away(error, met)
            raise ViewsDamaged("the read models, whose file was damaged") from error

    def _throw_away(self, error: Exception, met: int | None = None) -> None:
        """Begin with an empty file instead of the one whose damage was met, unless another process did."""
        path = Path(self.where)
        why = str(error.orig if isinstance(error, DBAPIError) else error)
        if set_aside(path, why, inode_of(path) if met is None else met) is not None:
            self._begin_with_an_empty_file()

    def _begin_with_an_empty_file(self) -> None:
        self.engine.dispose()
        self._mending = True  # a disk that damages this file too is told, not mended again and again
        try:
            use_write_ahead_log(self.engine)
            self._created(lambda: True)
        finally:
            self._mending = False

    @contextmanager
    def snapshot(
        self, business_id: str, names: Sequence[str], first: First | None = None
    ) -> Iterator[Snapshot]:
        """The live tables of these read models, or those that are building.

        No rebuild can drop them before the end of the snapshot. The questions of `first` are asked at once with those
        about the tables, and a PostgreSQL that is asked any uses indexes alone from then on.

        Raises ProjectionMissing.
        """
        for _ in range(READ_TRIES):
            with self.reading() as connection:
                opened = self._snapshots.opened(connection, business_id, tuple(names), first)
                if opened is not None:
                    yield opened
                    return
        raise ProjectionMissing(", ".join(names))

    @contextmanager
    def snapshots(self, wanted: Sequence[Wanted]) -> Iterator[list[Snapshot | None]]:
        """Several snapshots of one moment, in one transaction and one round trip. `wanted` in order of business.

        None for one that `snapshot` has to open, whatever the reason. Raises ProjectionMissing.
        """
        with self.reading() as connection:
            yield self._snapshots.opened_together(connection, wanted)

    @contextmanager
    def _told_of_rights(self, role: str) -> Iterator[None]:
        """Raise RoleNeeded for a right that the user of the database lacks, and remember it for writing."""
        try:
            yield
        except DBAPIError as error:
            needed = role_needed(error.orig, role)
            if needed is None:
                raise
            if role == WORKER:
                self._unwritable = needed
            raise needed from error


@contextmanager
def _told_when_missing() -> Iterator[None]:
    """Raise ProjectionMissing for a table that should be there: the database was restored in part."""
    try:
        yield
    except DBAPIError as error:
        if not tells_missing(error):
            raise
        found = re.search(r'relation "(\w+)"|no such table: (\w+)', str(error.orig))
        raise ProjectionMissing(next(filter(None, found.groups())) if found else "a read model") from error


def _bring_up_to_date(connection: Connection) -> None:
    """Give the checkpoints and shares of an older release what they lack."""
    columns = {column["name"] for column in inspect(connection).get_columns(CHECKPOINTS.name)}
    if CHECKPOINTS.c.stopped_by.name not in columns:
        connection.exec_driver_sql(f"ALTER TABLE {CHECKPOINTS.name} ADD COLUMN stopped_by TEXT")
    if CHECKPOINTS.c.cohort.name not in columns:
        connection.exec_driver_sql(f"ALTER TABLE {CHECKPOINTS.name} ADD COLUMN cohort TEXT")
    columns = {column["name"] for column in inspect(connection).get_columns(rebuild_shares.name)}
    if rebuild_shares.c.done_at.name not in columns:
        connection.exec_driver_sql(f"ALTER TABLE {rebuild_shares.name} ADD COLUMN done_at BIGINT")
    if STOPPED not in {index["name"] for index in inspect(connection).get_indexes(CHECKPOINTS.name)}:
        connection.exec_driver_sql(INDEX_STOPPED)


def _ask(connection: Connection) -> Ask:
    return lambda statement, **values: connection.execute(text(statement), values).all()
