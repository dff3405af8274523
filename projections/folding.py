"""Taking a page of facts into the rows of one read table: the one way, live and in a rebuild.

Facts are folded in memory first and written afterwards, so that a page costs one SELECT of the rows it
touches and one write, and so that a fact that fails leaves nothing of itself behind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, StatementError

from domain.events import UnreadableFact
from domain.ledger.envelope import StoredFact
from domain.ledger.mapper import Recorded
from domain.ledger.recorder import LedgerRecorder
from projections.definition import Key, Keyed, Projection, Row, added_rows, changed_rows
from projections.positions import Checkpoint, Stop, error_text
from projections.rows import add_rows, copy_rows, delete_rows, put_rows, read_rows

Decode = Callable[[StoredFact], Recorded]


@dataclass(frozen=True, slots=True)
class Page:
    """Facts in order of position as far as they can be read, and what could not be read after them."""

    facts: Sequence[Recorded]
    stop: Stop | None
    full: bool
    """Whether more facts may follow."""


def read_page(
    ledger: LedgerRecorder, after: int, limit: int, decode: Decode, upto: int | None = None
) -> Page:
    """The next facts of a ledger, each decoded once for every read model."""
    stored = ledger.facts(after=after, limit=limit, upto=upto)
    facts: list[Recorded] = []
    for fact in stored:
        try:
            facts.append(decode(fact))
        except UnreadableFact as error:
            return Page(facts, Stop(fact.position, error_text(error)), full=False)
    return Page(facts, None, full=len(stored) == limit)


class Folding:
    """The rows of one business in one read table, on their way from facts to the database.

    `empty` says that the table holds no row of this business yet: then nothing need be looked up, and the
    first write may be a COPY. Rows stay in memory until `forget()`.
    """

    def __init__(
        self, projection: Projection, table: Table, business_id: str, *, empty: bool = False
    ) -> None:
        self._projection = projection
        self._table = table
        self._business_id = business_id
        self._rows: dict[Key, Row | None] = {}
        self._unwritten: dict[Key, Row | None] = {}
        self._all_known = empty
        self._table_empty = empty

    @property
    def unwritten(self) -> int:
        """How many rows wait to be written."""
        return len(self._unwritten)

    @property
    def held(self) -> int:
        """How many rows lie in memory."""
        return len(self._rows)

    def take(self, connection: Connection, facts: Sequence[Recorded]) -> Stop | None:
        """Fold facts up to the first that fails, which is told; it leaves nothing behind."""
        handled = [recorded for recorded in facts if type(recorded.fact) in self._projection.handles]
        if isinstance(self._projection, Keyed):
            return self._replace(connection, self._projection, handled)
        for recorded in handled:
            try:
                added = added_rows(self._projection, recorded)
            except Exception as error:  # whatever a read model raises stops it here, visibly
                return Stop(recorded.position, error_text(error))
            for key, row in added.items():
                self._unwritten.setdefault(key, row)
        return None

    def _replace(self, connection: Connection, projection: Keyed, facts: Sequence[Recorded]) -> Stop | None:
        touched: list[tuple[Recorded, Sequence[Key]]] = []
        stop: Stop | None = None
        for recorded in facts:
            try:
                touched.append((recorded, projection.keys(recorded)))
            except Exception as error:  # as above
                stop = Stop(recorded.position, error_text(error))
                break
        self._look_up(connection, {key for _, keys in touched for key in keys})
        for recorded, keys in touched:
            try:
                changed = changed_rows(projection, self._rows, recorded, keys)
            except Exception as error:  # as above
                return Stop(recorded.position, error_text(error))
            self._rows.update(changed)
            self._unwritten.update(changed)
        return stop

    def _look_up(self, connection: Connection, keys: set[Key]) -> None:
        if not self._all_known and (missing := keys - self._rows.keys()):
            self._rows.update(dict.fromkeys(missing))
            self._rows.update(read_rows(connection, self._table, self._business_id, missing))

    def write(self, connection: Connection) -> None:
        """Write what changed. Belongs in the transaction that moves the checkpoint."""
        rows = [row for row in self._unwritten.values() if row is not None]
        gone = [key for key, row in self._unwritten.items() if row is None]
        if self._table_empty:
            copy_rows(connection, self._table, rows)
        elif isinstance(self._projection, Keyed):
            put_rows(connection, self._table, rows)
            delete_rows(connection, self._table, self._business_id, gone)
        else:
            add_rows(connection, self._table, rows)
        self._unwritten = {}
        self._table_empty = False

    def forget(self) -> None:
        """Let the written rows go from memory; what is touched next is read from the table again."""
        self._rows = {}
        self._all_known = False


def apply(
    connection: Connection,
    projection: Projection,
    table: Table,
    business_id: str,
    checkpoint: Checkpoint,
    page: Page,
    *,
    carefully: bool = False,
) -> Checkpoint:
    """Take a page into a table and tell where its checkpoint belongs now.

    Raises what the database makes of the rows; `carefully` finds the fact whose rows it will not take, and
    stops there.
    """
    facts = [recorded for recorded in page.facts if recorded.position > checkpoint.position]
    take = _take_carefully if carefully else _take
    stop = take(connection, projection, table, business_id, facts)
    # A table may be past what can no longer be read: older code could.
    if stop is None and page.stop is not None and page.stop.position > checkpoint.position:
        stop = page.stop
    reached = facts[-1].position if facts else checkpoint.position
    return replace(checkpoint, position=reached if stop is None else stop.position - 1, stop=stop)


def _take(
    connection: Connection, projection: Projection, table: Table, business_id: str, facts: Sequence[Recorded]
) -> Stop | None:
    folding = Folding(projection, table, business_id)
    stop = folding.take(connection, facts)
    folding.write(connection)
    return stop


def _take_carefully(
    connection: Connection, projection: Projection, table: Table, business_id: str, facts: Sequence[Recorded]
) -> Stop | None:
    """Halve the facts until the one is found that the database refuses; all before it are taken."""
    try:
        with connection.begin_nested():
            return _take(connection, projection, table, business_id, facts)
    except Exception as error:  # what is not of the data is raised again
        if not is_of_the_data(error):
            raise
        if len(facts) == 1:
            return Stop(facts[0].position, error_text(error))
    half = len(facts) // 2
    stop = _take_carefully(connection, projection, table, business_id, facts[:half])
    return stop or _take_carefully(connection, projection, table, business_id, facts[half:])


def is_of_the_data(error: Exception) -> bool:
    """Whether the database refused these rows and always will, unlike a lost connection or a full disk."""
    if isinstance(error, ProgrammingError):
        # The driver's own refusal of a value; a complaint of the server (a missing table) has a state.
        return getattr(error.orig, "sqlstate", None) is None
    if isinstance(error, DBAPIError):
        return isinstance(error, DataError | IntegrityError)
    return isinstance(error, StatementError | OverflowError)
