"""Folding pages of facts into the rows of one read table, live and in a rebuild.

Facts are folded in memory first and written afterwards. A page of any number of businesses then costs one SELECT
of the rows it touches and one or two writes, and a fact that fails leaves nothing behind.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, StatementError

from domain.fact import UnreadableFact
from domain.ledger.envelope import StoredFact
from domain.ledger.mapper import Recorded
from domain.zone_rules import UnknownZone
from projections.engine.checkpoints import Checkpoint, Stop, error_text
from projections.engine.definition import Key, Keyed, Place, Projection, Row, added_rows, changed_rows
from projections.engine.rows import (
    add_rows,
    change_rows,
    copy_rows,
    delete_rows,
    put_rows,
    read_all,
    read_rows,
)

SHAPES_MAX = 4
"""UPDATE statements of one write, each for one set of changed columns. Rows with rarer sets are written whole."""

Decode = Callable[[StoredFact], Recorded]


# Pages


@dataclass(frozen=True, slots=True)
class Page:
    """Facts in order of position as far as they can be read, and the stop at the first unreadable one."""

    facts: Sequence[Recorded]
    stop: Stop | None
    last: int = 0
    """The position it reaches to. Not every fact up to there is in it; 0: there was none."""

    def after(self, position: int) -> Sequence[Recorded]:
        if not self.facts or self.facts[0].position > position:
            return self.facts
        return self.facts[bisect_right(self.facts, position, key=lambda recorded: recorded.position) :]


def page_of(stored: Iterable[StoredFact], decode: Decode) -> Page:
    """Decode facts once for all read models, up to the first unreadable one."""
    facts: list[Recorded] = []
    for fact in stored:
        try:
            facts.append(decode(fact))
        except UnreadableFact as error:
            return Page(facts, Stop(fact.position, error_text(error)), fact.position - 1)
    return Page(facts, None, facts[-1].position if facts else 0)


# Rows in memory


class Folding:
    """Rows of one read table, of any number of businesses, on their way from facts to the database.

    `empty`: the table holds no row of these businesses yet, so nothing is looked up and the first write may be
    a COPY. Rows stay in memory until `forget()`.
    """

    def __init__(self, projection: Projection, table: Table, *, empty: bool = False) -> None:
        self._projection = projection
        self.table = table
        self._rows: defaultdict[str, dict[Key, Row | None]] = defaultdict(dict)
        """By business, as folded so far."""
        self._written: dict[Place, Row | None] = {}
        """As they are in the table."""
        self._unwritten: dict[Place, Row | None] = {}
        self._all_known = empty
        self._table_empty = empty

    @property
    def unwritten(self) -> int:
        """Rows waiting to be written."""
        return len(self._unwritten)

    @property
    def held(self) -> int:
        """Rows in memory."""
        return sum(map(len, self._rows.values()))

    def take(self, connection: Connection, facts: Sequence[Recorded]) -> dict[str, Stop]:
        """Fold the facts of each business up to the first that fails; returns business → that stop."""
        handled = [recorded for recorded in facts if type(recorded.fact) in self._projection.handles]
        if isinstance(self._projection, Keyed):
            return self._replace(connection, self._projection, handled)
        stops: dict[str, Stop] = {}
        for recorded in handled:
            business_id = recorded.business_id
            if business_id in stops:
                continue
            try:
                added = added_rows(self._projection, recorded)
            except UnknownZone:  # of this machine, not of the fact
                raise
            except Exception as error:  # any error of a read model stops it here, visibly
                stops[business_id] = Stop(recorded.position, error_text(error))
                continue
            for key, row in added.items():
                self._unwritten.setdefault((business_id, *key), row)
        return stops

    def _replace(
        self, connection: Connection, projection: Keyed, facts: Sequence[Recorded]
    ) -> dict[str, Stop]:
        touched: list[tuple[Recorded, Sequence[Key]]] = []
        stops: dict[str, Stop] = {}
        for recorded in facts:
            if recorded.business_id not in stops:
                try:
                    touched.append((recorded, projection.keys(recorded)))
                except UnknownZone:
                    raise
                except Exception as error:  # as above
                    stops[recorded.business_id] = Stop(recorded.position, error_text(error))
        self._look_up(connection, touched)
        failed: dict[str, Stop] = {}
        for recorded, keys in touched:
            business_id = recorded.business_id
            if business_id in failed:
                continue
            rows = self._rows[business_id]
            try:
                changed = changed_rows(projection, rows, recorded, keys)
            except UnknownZone:
                raise
            except Exception as error:  # as above
                failed[business_id] = Stop(recorded.position, error_text(error))
                continue
            rows.update(changed)
            self._unwritten.update(((business_id, *key), row) for key, row in changed.items())
        return stops | failed  # a fact in `failed` precedes the one whose keys failed

    def _look_up(self, connection: Connection, touched: Sequence[tuple[Recorded, Sequence[Key]]]) -> None:
        missing = self._unknown(touched)
        self.hold(missing, read_rows(connection, self.table, missing))

    def lacking(self, facts: Sequence[Recorded]) -> Collection[Place]:
        """The places of rows that have to be read before these facts are taken."""
        touched = []
        if isinstance(self._projection, Keyed) and not self._all_known:
            for recorded in facts:
                if type(recorded.fact) in self._projection.handles:
                    with suppress(Exception):  # `take` meets it again, and tells
                        touched.append((recorded, self._projection.keys(recorded)))
        return self._unknown(touched)

    def _unknown(self, touched: Sequence[tuple[Recorded, Sequence[Key]]]) -> Collection[Place]:
        unknown: dict[Place, None] = {}
        if not self._all_known:
            for recorded, keys in touched:
                known = self._rows[recorded.business_id]
                unknown.update(((recorded.business_id, *key), None) for key in keys if key not in known)
        return unknown

    def hold(self, places: Collection[Place], found: Mapping[Place, Row]) -> None:
        """Know the rows of these places as they are in the table."""
        self._written.update(found)
        for business_id, *key in places:
            self._rows[business_id][tuple(key)] = found.get((business_id, *key))

    def write(self, connection: Connection) -> None:
        """Write what changed. Belongs in the transaction that moves the checkpoint."""
        rows = [row for row in self._unwritten.values() if row is not None]
        if self._table_empty:
            copy_rows(connection, self.table, rows)
        elif isinstance(self._projection, Keyed):
            self._write_changes(connection)
            gone = [place for place, row in self._unwritten.items() if row is None]
            delete_rows(connection, self.table, gone)
        else:
            add_rows(connection, self.table, rows)
        if isinstance(self._projection, Keyed):
            self._written.update(self._unwritten)
        self._unwritten = {}
        self._table_empty = False

    def _write_changes(self, connection: Connection) -> None:
        """Write new rows whole, and only the changed columns of others: most facts change few of many columns."""
        whole: list[Row] = []
        changed: defaultdict[tuple[str, ...], list[Row]] = defaultdict(list)
        for place, row in self._unwritten.items():
            if row is None:
                continue
            before = self._written.get(place)
            if before is None:
                whole.append(row)
            elif names := _changed(before, row):
                changed[names].append(row)
        kept = Counter({names: len(rows) for names, rows in changed.items()}).most_common(SHAPES_MAX)
        for names, _ in kept:
            change_rows(connection, self.table, names, changed.pop(names))
        whole.extend(row for rows in changed.values() for row in rows)
        put_rows(connection, self.table, whole)

    def forget(self) -> None:
        """Drop the written rows from memory; rows touched later are read from the table again."""
        self._rows.clear()
        self._written = {}
        self._all_known = False


def _changed(before: Row, after: Row) -> tuple[str, ...]:
    return tuple(name for name, value in after.items() if value is not before[name] and value != before[name])


# Applying pages


def apply(
    connection: Connection,
    projection: Projection,
    table: Table,
    checkpoints: Mapping[str, Checkpoint],
    pages: Mapping[str, Page],
) -> dict[str, Checkpoint]:
    """Apply the pages of businesses to a table; returns each checkpoint as it has to be now.

    Finds the facts whose rows the database refuses, and stops there. Raises the other errors of the database.
    """
    facts = facts_after(checkpoints, pages)
    stops = take_carefully(connection, projection, table, facts) if facts else {}
    return {
        business_id: advanced(checkpoint, pages[business_id], stops.get(business_id))
        for business_id, checkpoint in checkpoints.items()
    }


def facts_after(checkpoints: Mapping[str, Checkpoint], pages: Mapping[str, Page]) -> list[Recorded]:
    """The facts of these pages that a table has not taken yet."""
    return [
        recorded
        for business_id, checkpoint in checkpoints.items()
        for recorded in pages[business_id].after(checkpoint.position)
    ]


def look_up_together(connection: Connection, taking: Iterable[tuple[Folding, Sequence[Recorded]]]) -> None:
    """Read the rows that these foldings need for these facts, in one round trip."""
    lacking = [(folding, places) for folding, facts in taking if (places := folding.lacking(facts))]
    found = read_all(connection, [(folding.table, places) for folding, places in lacking])
    for (folding, places), rows in zip(lacking, found, strict=True):
        folding.hold(places, rows)


def advanced(before: Checkpoint, page: Page, stop: Stop | None) -> Checkpoint:
    """Where a table is that has taken a page, up to where it stopped."""
    # A table may be past an unreadable fact: older code could read it.
    if stop is None and page.stop is not None and page.stop.position > before.position:
        stop = page.stop
    if stop is not None:
        return Checkpoint(before.projection, before.physical, stop.position - 1, stop)
    if page.last <= before.position:
        return before
    return Checkpoint(before.projection, before.physical, page.last)


def take(connection: Connection, folding: Folding, facts: Sequence[Recorded]) -> dict[str, Stop]:
    """Take facts and write their rows; business → where it stops. Raises the errors of the database."""
    stops = folding.take(connection, facts)
    folding.write(connection)
    return stops


def take_carefully(
    connection: Connection, projection: Projection, table: Table, facts: Sequence[Recorded]
) -> dict[str, Stop]:
    """Halve the facts until each one that the database refuses is found; those before it are taken."""
    try:
        with connection.begin_nested():
            return take(connection, Folding(projection, table), facts)
    except Exception as error:  # errors that are not of the data are raised again
        if not is_of_the_data(error):
            raise
        if len(facts) == 1:
            return {facts[0].business_id: Stop(facts[0].position, error_text(error))}
    half = len(facts) // 2
    stops = take_carefully(connection, projection, table, facts[:half])
    if rest := [recorded for recorded in facts[half:] if recorded.business_id not in stops]:
        stops |= take_carefully(connection, projection, table, rest)
    return stops


def is_of_the_data(error: Exception) -> bool:
    """Whether the database refused these rows and always will, unlike a lost connection or a full disk."""
    if isinstance(error, ProgrammingError):
        # The driver itself refused a value. An error of the server (a missing table) has an SQLSTATE.
        return getattr(error.orig, "sqlstate", None) is None
    if isinstance(error, DBAPIError):
        return isinstance(error, DataError | IntegrityError)
    return isinstance(error, StatementError | OverflowError)
