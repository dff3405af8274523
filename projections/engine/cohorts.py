"""Checkpoints that tables share: one row for a business, whatever the number of tables that stand there.

A runner locks and moves that row alone. Whoever gives a table of a business another row holds it, so that each table
has its place in one row only. A table that falls behind or stops gets a row of its own, and comes back when it stands
where the others do.

    held = cohorts.lock(connection, business_ids, now_ms)
    …
    cohorts.move(connection, {business_id: (held[business_id], reached)}, now_ms)
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection, Dialect, select, text, update

from projections.engine.checkpoint import Checkpoint, Stop
from projections.engine.checkpoint_tables import CHECKPOINTS, COHORTS, LOCK_SHARED, SHARED
from projections.engine.checkpoints import Move, Served, move, stop_columns
from projections.engine.cohort_rows import (
    END,
    END_ARRAYS,
    MOVE_SHARED,
    MOVE_SHARED_ARRAYS,
    NOBODY,
    Names,
    make,
    row,
    write_each,
)
from projections.engine.definition import Projection, fingerprint
from projections.engine.questions import ask, plain
from projections.engine.rows import array
from projections.engine.served import BUILDING, Which, chosen
from projections.engine.sqlite_engine import HeldElsewhere, as_json

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Held:
    """Where the tables of a business stand."""

    position: int
    """Of the row that is shared."""
    members: frozenset[str]
    """The tables that stand there, also those that are not ours."""
    together: Sequence[Served]
    """Ours among them."""
    alone: Sequence[Checkpoint]
    """Ours that have a row of their own."""
    cohorts: Mapping[str, frozenset[str]]
    """The tables of every cohort, by its name."""

    @property
    def tables(self) -> int:
        """The number of our tables."""
        return len(self.together) + len(self.alone)

    @property
    def is_level(self) -> bool:
        """Whether all of our tables share a row, and nobody else's do."""
        return bool(self.together) and not self.alone and len(self.together) == len(self.members)

    @property
    def ours(self) -> tuple[Checkpoint, ...]:
        return (
            *(
                Checkpoint(
                    each.projection, each.physical, self.position, None, each.building, each.generation
                )
                for each in self.together
            ),
            *self.alone,
        )


Reached: TypeAlias = int | Mapping[str, Checkpoint]
"""Where the tables of a business have come: all together, or table → checkpoint of those that were at work."""


class _Own(NamedTuple):
    """The row of a table that stands alone."""

    position: int
    stopped_at: int | None
    error: str | None
    stopped_by: str | None


_BEGINNING = _Own(0, None, None, None)


@dataclass(frozen=True, slots=True)
class _Found:
    """What was there when businesses were locked."""

    tables: Sequence[Served]
    cohorts: Mapping[str, frozenset[str]]
    shared: Mapping[str, tuple[int, frozenset[str]]]
    own: Mapping[str, Mapping[str, _Own]]


@dataclass(slots=True)
class _Changes:
    """The rows that a transaction writes."""

    shared: list[tuple[str, int, int, frozenset[str]]] = field(default_factory=list)
    """Business, position before and after, members after."""
    made: list[tuple[str, Checkpoint]] = field(default_factory=list)
    moved: list[Move] = field(default_factory=list)
    gone: list[tuple[str, Checkpoint]] = field(default_factory=list)


class Cohorts:
    """The checkpoints of the tables of one kind. For one thread at a time of each connection."""

    def __init__(self, projections: Sequence[Projection], which: Which, dialect: Dialect) -> None:
        self._projections = projections
        self._leads = which == "live"
        self._fingerprints = {each.name: fingerprint(each) for each in projections}
        named = tuple((each.name, each.version) for each in projections)
        self._on_postgres = dialect.name == "postgresql"
        ids = "= ANY (%(ids)s::text[])" if self._on_postgres else "IN (SELECT value FROM json_each(:ids))"
        self._are_asked = "= ANY (:ids)" if self._on_postgres else "IN (SELECT value FROM json_each(:ids))"
        skipping = " FOR UPDATE SKIP LOCKED" if self._on_postgres else ""
        self._shared = plain(
            "SELECT business_id, position, cohort FROM checkpoints"
            f" WHERE business_id {ids} AND physical = '{SHARED}'{skipping}",
            "ids",
            columns=("business_id", "position", "cohort"),
        )
        self._own = plain(
            "SELECT business_id, physical, position, stopped_at, error, stopped_by FROM checkpoints"
            f" WHERE business_id {ids} AND physical <> '{SHARED}'",
            "ids",
            columns=("business_id", "physical", *_Own._fields),
        )
        self._tables = plain(
            "SELECT NULL AS cohort, physical, projection, generation, state FROM read_tables"
            f" WHERE {chosen(named, which)} UNION ALL SELECT cohort, physical, NULL, NULL, NULL FROM cohorts",
            columns=("cohort", "physical", "projection", "generation", "state"),
        )

    # Locking

    def lock(self, connection: Connection, business_ids: Collection[str], now_ms: int) -> dict[str, Held]:
        """Business → where these tables stand there, locked until the transaction ends. What is missing is made.

        Leaves out businesses that are locked elsewhere: never waits for one. Belongs in a transaction that is feeding
        (`ReadTables.writing`).
        """
        found = self._found(connection, business_ids)
        absent = business_ids - found.shared.keys()
        if absent and self._make_shared(connection, found, absent, now_ms):
            found = self._found(connection, business_ids)
        together = {
            members: [each for each in found.tables if each.physical in members]
            for _, members in found.shared.values()
        }
        held = {
            business_id: Held(
                position,
                members,
                together[members],
                self._alone(found, found.own.get(business_id, {}), members),
                found.cohorts,
            )
            for business_id, (position, members) in found.shared.items()
        }
        lacking = [
            row(business_id, each.physical, each.position)
            for business_id, of in sorted(held.items())
            for each in of.alone
            if each.physical not in found.own.get(business_id, ())
        ]
        self._empty(connection, lacking)
        make(connection, lacking, now_ms)()
        return held

    def _empty(self, connection: Connection, lacking: Sequence[Mapping[str, Any]]) -> None:
        """Delete the rows of tables that begin: those that are there were folded to a place that is lost."""
        businesses: dict[str, list[str]] = {}
        for each in lacking:
            businesses.setdefault(each["physical"], []).append(each["business_id"])
        for physical, ids in businesses.items():
            statement = text(f"DELETE FROM {physical} WHERE business_id {self._are_asked}")
            connection.execute(statement, {"ids": ids if self._on_postgres else as_json(ids)})

    def _found(self, connection: Connection, business_ids: Collection[str]) -> _Found:
        ids = array(business_ids) if self._on_postgres else as_json(list(business_ids))
        # Each question sees what was committed when it is asked: the shared rows are locked before the others are read.
        questions = self._shared.with_(ids=ids), self._own.with_(ids=ids), self._tables.with_()
        shared, own, tables = ask(connection, *questions)
        cohorts: dict[str, set[str]] = {}
        for each in tables:
            if each["cohort"] is not None:
                cohorts.setdefault(each["cohort"], set()).add(each["physical"])
        known = {name: frozenset(physicals) for name, physicals in cohorts.items()}
        alone: dict[str, dict[str, _Own]] = {}
        for each in own:
            place = _Own(*(each[name] for name in _Own._fields))
            alone.setdefault(each["business_id"], {})[each["physical"]] = place
        return _Found(
            [
                Served(each["projection"], each["physical"], each["generation"], each["state"] == BUILDING)
                for each in tables
                if each["cohort"] is None
            ],
            known,
            {each["business_id"]: (each["position"], known.get(each["cohort"], _NONE)) for each in shared},
            alone,
        )

    def _alone(
        self, found: _Found, own: Mapping[str, _Own], members: frozenset[str]
    ) -> tuple[Checkpoint, ...]:
        """Those that are not members. One that has no place yet stands at the beginning."""
        alone = []
        for each in found.tables:
            if each.physical in members:
                continue
            place, stop = own.get(each.physical, _BEGINNING), None
            if place.stopped_at is not None and place.stopped_by == self._fingerprints[each.projection]:
                stop = Stop(place.stopped_at, place.error or "")
            alone.append(
                Checkpoint(
                    each.projection, each.physical, place.position, stop, each.building, each.generation
                )
            )
        return tuple(alone)

    def _make_shared(
        self, connection: Connection, found: _Found, business_ids: Iterable[str], now_ms: int
    ) -> bool:
        """Make the shared row of those that have none; False when there is one of each, locked elsewhere.

        In the same order everywhere, so that two processes that make the same rows cannot deadlock.
        """
        there = select(CHECKPOINTS.c.business_id).where(
            CHECKPOINTS.c.business_id.in_(business_ids), CHECKPOINTS.c.physical == SHARED
        )
        new = sorted(set(business_ids) - set(connection.scalars(there)))
        ours = frozenset(each.physical for each in found.tables)
        named = Names(connection, found.cohorts)
        rows = [
            row(business_id, SHARED, 0, cohort=named.of(ours.difference(found.own.get(business_id, ()))))
            for business_id in new
        ]
        make(connection, rows, now_ms)()
        return bool(rows)

    # Moving

    def move(
        self,
        connection: Connection,
        reached: Mapping[str, tuple[Held, Reached]],
        now_ms: int,
    ) -> set[str]:
        """Write where the tables of businesses stand now; those businesses in which one has moved.

        Raises HeldElsewhere when somebody has moved one meanwhile.
        """
        changes = _Changes()
        moved = {
            business_id
            for business_id, (held, after) in reached.items()
            if self._arrange(changes, business_id, held, after)
        }
        if moved:
            held, _ = next(iter(reached.values()))  # all were locked together
            self._write(connection, changes, Names(connection, held.cohorts), now_ms)
        return moved

    def _write(self, connection: Connection, changes: _Changes, names: Names, now_ms: int) -> None:
        made = [
            row(business_id, each.physical, each.position, **stop_columns(each, self._fingerprints))
            for business_id, each in changes.made
        ]
        gone = [
            {"of_business": business_id, "of_table": each.physical, "from_position": each.position}
            for business_id, each in changes.gone
        ]
        shared = [
            {
                "of_business": business_id,
                "of_table": SHARED,
                "from_position": before,
                "position": after,
                "cohort": names.of(members),
            }
            for business_id, before, after, members in changes.shared
        ]
        counts = [
            write_each(connection, gone, END_ARRAYS, END, now_ms),
            make(connection, made, now_ms),
            write_each(connection, shared, MOVE_SHARED_ARRAYS, MOVE_SHARED, now_ms),
        ]
        are_moved = move(connection, changes.moved, now_ms, self._projections)
        # A guard: impossible while the shared rows are locked, unless a rebuild ends meanwhile.
        if not are_moved or sum(count() for count in counts) != len(gone) + len(made) + len(shared):
            raise HeldElsewhere("checkpoints were moved meanwhile")

    def _arrange(self, changes: _Changes, business_id: str, held: Held, after: Reached) -> bool:
        """Say which rows change for a business; False when none of its tables has moved."""
        if isinstance(after, int):
            if after != held.position:
                changes.shared.append((business_id, held.position, after, held.members))
            return after != held.position
        ours = held.ours
        now = {each.physical: after.get(each.physical, each) for each in ours}
        if all(now[each.physical] == each for each in ours):
            return False
        others = held.members - now.keys()
        position, members = held.position, held.members
        if self._leads or not others:
            position, members = _most(now)
            if not members:
                position = held.position
            changes.made += ((business_id, Checkpoint("", each, held.position)) for each in others)
        else:
            members -= {each.physical for each in ours if now[each.physical] != each}
        for before in ours:
            is_member, was_member = before.physical in members, before.physical in held.members
            if was_member and not is_member:
                changes.made.append((business_id, now[before.physical]))
            elif is_member and not was_member:
                changes.gone.append((business_id, before))
            elif not is_member and now[before.physical] != before:
                changes.moved.append((business_id, before, now[before.physical]))
        if position != held.position or members != held.members:
            changes.shared.append((business_id, held.position, position, members))
        return True


def _most(places: Mapping[str, Checkpoint]) -> tuple[int, frozenset[str]]:
    """The position at which most tables stand that go on, and these tables; of two such positions the higher."""
    at: dict[int, list[str]] = {}
    for physical, each in places.items():
        if each.stop is None:
            at.setdefault(each.position, []).append(physical)
    position = max(at, key=lambda position: (len(at[position]), position), default=0)
    return position, frozenset(at.get(position, ()))


def set_apart(connection: Connection, physical: str, business_id: str, now_ms: int) -> bool:
    """Give a table a row of its own, at position 0 where it had no place; False where it had one.

    Nobody else changes the places of this business, and nobody makes or drops tables, until the transaction ends: waits
    for both.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT {LOCK_SHARED}")
    make(connection, [row(business_id, SHARED, 0, cohort=NOBODY)], now_ms)()
    shared = (CHECKPOINTS.c.business_id == business_id) & (CHECKPOINTS.c.physical == SHARED)
    held = connection.execute(select(CHECKPOINTS).where(shared).with_for_update()).one()
    cohorts: dict[str, set[str]] = {}
    for each in connection.execute(select(COHORTS)):
        cohorts.setdefault(each.cohort, set()).add(each.physical)
    members = cohorts.get(held.cohort, set())
    if physical not in members:
        return make(connection, [row(business_id, physical, 0)], now_ms)() == 1
    names = Names(connection, {name: frozenset(of) for name, of in cohorts.items()})
    fewer = names.of(frozenset(members - {physical}))
    connection.execute(update(CHECKPOINTS).where(shared).values(cohort=fewer))
    make(connection, [row(business_id, physical, held.position)], now_ms)()
    return False
