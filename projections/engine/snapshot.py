"""A look at read tables and their checkpoints, all of one moment: one round trip where the tables are known."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple, Protocol, TypeAlias

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.exc import DBAPIError

from domain.ledger.postgres.roles import for_business
from projections.engine import checkpoints
from projections.engine.checkpoint import ProjectionMissing
from projections.engine.checkpoints import Checkpoint
from projections.engine.definition import Projection, Row, physical_table
from projections.engine.index_walk import INDEXES_ONLY
from projections.engine.questions import Asked, Question, ask, plain

UNDEFINED_TABLE = "42P01"
"""SQLSTATE of PostgreSQL."""


@dataclass(frozen=True)
class Snapshot:
    """Read tables and their checkpoints in one ledger, all of one moment."""

    connection: Connection
    tables: Mapping[str, Table]
    checkpoints: Mapping[str, Checkpoint]
    head: int = 0
    """Where the ledger was when the tables were asked for."""
    told: dict[str, bool] = field(default_factory=dict)
    """What was found out of these tables, for the questions that follow."""
    first: Sequence[list[Row]] = ()
    """The answers to the questions that were asked when it was opened."""

    @property
    def position(self) -> int:
        """The position that all of these tables are true for: their lowest checkpoint."""
        return min(checkpoint.position for checkpoint in self.checkpoints.values())

    @property
    def is_stale(self) -> bool:
        """Whether the ledger had facts that are not in these tables yet."""
        return self.position < self.head

    def is_whole_at(self, head: int) -> bool:
        """Whether nothing is missing of what the ledger held at this head, and no table has stopped."""
        found = self.checkpoints
        return found.keys() == self.tables.keys() and all(
            each.stop is None and each.position >= head for each in found.values()
        )


First: TypeAlias = Callable[[Dialect, str, Mapping[str, Table]], Sequence[Asked]]
"""Questions for a snapshot, made of the dialect, the business and the tables."""


class Places(Protocol):
    """The question for the places of a page (`PlacesOf` in projections/queries)."""

    @property
    def is_short(self) -> bool:
        """Whether `first` asks it; else the list has to be found the long way."""

    def first(self, dialect: Dialect, business_id: str, tables: Mapping[str, Table]) -> list[Asked]: ...


class Wanted(NamedTuple):
    """A snapshot that is opened together with others."""

    business_id: str
    names: tuple[str, ...]
    first: First


class Snapshots:
    """Opens snapshots, and knows by which tables they were opened before."""

    def __init__(self, projections: Mapping[str, Projection], *, on_postgres: bool) -> None:
        self._projections = projections
        self._on_postgres = on_postgres
        self._live: dict[str, str] = {}
        self._looks: dict[tuple[str, ...], checkpoints.Look] = {}

    def opened(
        self, connection: Connection, business_id: str, names: tuple[str, ...], first: First | None
    ) -> Snapshot | None:
        """The snapshot; None where the tables are not those that were known, so that it must be opened again.

        On PostgreSQL a table can be dropped under a snapshot, so it is locked before the snapshot is taken, by its last
        known name.
        """
        known = {name: self._live[name] for name in names if name in self._live}
        tables = self._tables(known)
        dialect, whole = connection.dialect, len(known) == len(names)
        asked = first(dialect, business_id, tables) if first is not None and whole else ()
        look = self._look_at(names, dialect)
        before = _before(known.values(), business_id, walks=bool(asked)) if self._on_postgres else ()
        try:
            answers = ask(connection, *before, look.asked(business_id), *asked)
        except DBAPIError as error:
            if not tells_missing(error):
                raise
            self._live = {}
            if not known:
                raise
            return None
        found = look.found(answers[len(before)])
        live = {name: checkpoint.physical for name, checkpoint in found.items()}
        if any(known.get(name) != physical for name, physical in live.items()):
            self._live.update(live)
            return None
        _refuse_missing(names, live)
        return Snapshot(connection, tables, found, first=answers[len(before) + 1 :])

    def opened_together(self, connection: Connection, wanted: Sequence[Wanted]) -> list[Snapshot | None]:
        """Snapshots of one moment, opened in one round trip; those of one business should stand together.

        None where `opened` has to open it, by more round trips: its tables are not known, or it asks nothing at first.
        """
        live = dict(self._live)
        dialect = connection.dialect
        asking = [_Opening(each, {name: live.get(name, "") for name in each.names}) for each in wanted]
        for each in asking:
            if all(each.known.values()):
                each.tables = self._tables(each.known)
                each.asked = each.wanted.first(dialect, each.wanted.business_id, each.tables)
        opening = [each for each in asking if each.asked]
        if not opening:
            return [None for _ in wanted]
        sent: list[Asked] = []
        if self._on_postgres:
            sent.append(
                _keep(tuple(sorted({name for each in opening for name in each.known.values()}))).with_()
            )
        for business_id, of_business in groupby(opening, key=lambda each: each.wanted.business_id):
            if self._on_postgres:
                sent.append(_SEEN_BY_INDEXES.with_(business_id=business_id))
            looks: dict[tuple[str, ...], int] = {}
            for each in of_business:
                names = each.wanted.names
                if names not in looks:
                    looks[names] = len(sent)
                    sent.append(self._look_at(names, dialect).asked(business_id))
                each.look_at, each.first_at = looks[names], len(sent)
                sent += each.asked
        try:
            answers = ask(connection, *sent)
        except DBAPIError as error:
            if not tells_missing(error):
                raise
            self._live = {}
            return [None for _ in wanted]
        return [self._snapshot(connection, each, answers) if each.asked else None for each in asking]

    def _snapshot(
        self, connection: Connection, opening: "_Opening", answers: Sequence[list[Row]]
    ) -> Snapshot | None:
        found = self._look_at(opening.wanted.names, connection.dialect).found(answers[opening.look_at])
        if opening.known != {name: checkpoint.physical for name, checkpoint in found.items()}:
            return None
        first = answers[opening.first_at : opening.first_at + len(opening.asked)]
        return Snapshot(connection, opening.tables, found, first=first)

    def _tables(self, known: Mapping[str, str]) -> dict[str, Table]:
        return {
            name: physical_table(self._projections[name].table, physical) for name, physical in known.items()
        }

    def _look_at(self, names: tuple[str, ...], dialect: Dialect) -> checkpoints.Look:
        if names not in self._looks:
            self._looks[names] = checkpoints.Look([self._projections[name] for name in names], dialect)
        return self._looks[names]


@dataclass(slots=True)
class _Opening:
    """A snapshot that is being opened with others: what is asked for it, and the places of the answers."""

    wanted: Wanted
    known: Mapping[str, str]
    tables: Mapping[str, Table] = field(default_factory=dict)
    asked: Sequence[Asked] = ()
    look_at: int = 0
    first_at: int = 0


def _before(tables: Collection[str], business_id: str, *, walks: bool) -> list[Asked]:
    """What PostgreSQL is told before it is asked: to keep these tables, and which rows may be seen."""
    if not tables:
        # Not a SELECT: that would begin the snapshot, and a table may be dropped before it is locked.
        return [plain(for_business(business_id)).with_()]
    keep = _keep(tuple(sorted(tables))).with_()
    return [keep, (_SEEN_BY_INDEXES if walks else _SEEN).with_(business_id=business_id)]


@lru_cache(maxsize=256)
def _keep(tables: tuple[str, ...]) -> Question:
    return plain(f"LOCK TABLE {', '.join(tables)} IN ACCESS SHARE MODE")


_SEEN = plain("SELECT set_config('carnet.business', %(business_id)s, true)", "business_id")
_SEEN_BY_INDEXES = plain(
    f"{_SEEN.statement}, {INDEXES_ONLY.removeprefix('SELECT ')},"
    " set_config('plan_cache_mode', 'force_generic_plan', true)",
    "business_id",
)
"""Questions that are composed once are planned once: to plan the look at the checkpoints takes longer than to look."""


def tells_missing(error: DBAPIError) -> bool:
    """Whether a table that was asked for is not there."""
    return getattr(error.orig, "sqlstate", None) == UNDEFINED_TABLE or "no such table" in str(error.orig)


def _refuse_missing(names: Sequence[str], live: Mapping[str, str]) -> None:
    if missing := [name for name in names if name not in live]:
        raise ProjectionMissing(", ".join(missing))
