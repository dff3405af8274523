"""What follows from the facts of a business, kept in a temporary file while they are read."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from domain.claims import HASH_CHARACTERS, LETTERS, Claim
from domain.ledger.derived import claims_of_use
from domain.ledger.numbers import number_of
from domain.values import ExternalRef
from replay.proof.row_sum import RowSums

CACHE_KB = 16_384
SCHEMA = """
CREATE TABLE streams (number INTEGER PRIMARY KEY, kind TEXT, customer_id TEXT, opened INTEGER);
CREATE TABLE packages (number INTEGER PRIMARY KEY, units INTEGER, version INTEGER);
CREATE TABLE claims (claim TEXT PRIMARY KEY, stream_id TEXT) WITHOUT ROWID;
CREATE TABLE uses (redemption_id TEXT, package_id TEXT, booking_id TEXT, position INTEGER,
                   PRIMARY KEY (redemption_id, package_id)) WITHOUT ROWID;
CREATE TABLE booked (redemption_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE texts (id TEXT, commitment TEXT, position INTEGER, stream_id TEXT,
                    PRIMARY KEY (id, commitment)) WITHOUT ROWID;
CREATE TABLE requests (position INTEGER PRIMARY KEY, proof TEXT);
CREATE TABLE people (id TEXT PRIMARY KEY, proof TEXT, position INTEGER, stream_id TEXT) WITHOUT ROWID;
CREATE TABLE photos (id TEXT PRIMARY KEY, image INTEGER, owner TEXT, is_whole INTEGER, owned_by TEXT,
                     taken_by TEXT) WITHOUT ROWID;
CREATE TABLE refs (customer_id TEXT PRIMARY KEY, source TEXT, ref TEXT) WITHOUT ROWID;
CREATE TABLE erased (number INTEGER, customer_id TEXT, position INTEGER,
                     PRIMARY KEY (number, customer_id)) WITHOUT ROWID;
CREATE TABLE merged (one TEXT, other TEXT, PRIMARY KEY (one, other)) WITHOUT ROWID;
"""


NOTES_PER_WRITE = 4_000
PACKAGES_MAX = 10_000
"""Packages whose units are counted in memory, before they are written: some 2 MB."""
PREFIX_CHARACTERS = 1 + HASH_CHARACTERS
"""Of the claims that are counted."""
COUNTED = (LETTERS["external"], LETTERS["booking"])
"""What they begin with."""
OF_MANY = {
    "texts": "INSERT OR IGNORE INTO texts VALUES (?, ?, ?, ?)",
    "requests": "INSERT INTO requests VALUES (?, ?)",
    "people": "INSERT OR REPLACE INTO people VALUES (?, ?, ?, ?)",
    "streams": "INSERT OR IGNORE INTO streams VALUES (?, ?, ?, ?)",
    "uses": "INSERT OR IGNORE INTO uses VALUES (?, ?, ?, ?)",
    "booked": "INSERT OR IGNORE INTO booked VALUES (?)",
    "refs": "INSERT OR IGNORE INTO refs VALUES (?, ?, ?)",
    "erased": "INSERT OR IGNORE INTO erased VALUES (?, ?, ?)",
    "merged": "INSERT OR IGNORE INTO merged VALUES (?, ?)",
    "claims": "INSERT OR IGNORE INTO claims VALUES (?, ?)",
}
"""Notes by table: they are written many at a time, as a statement costs more than what it writes."""


def texts_of_claims(rows: Iterable[tuple[str, int]]) -> list[str]:
    """Claim and number of the stream, for sums, as are the following. No text of ours holds a NUL."""
    return [f"{claim}\0{stream}" for claim, stream in rows]


def texts_of_requests(rows: Iterable[tuple[int, str]]) -> list[str]:
    """Position of the first fact, and what it commits to."""
    return [f"{position}\0{proof}" for position, proof in rows]


def texts_of_streams(rows: Iterable[tuple[int, str, int | None, int]]) -> list[str]:
    """Number, kind, number of the customer, position of the first fact."""
    return [f"{number}\0{kind}\0{customer}\0{opened}" for number, kind, customer, opened in rows]


def texts_of_spent(rows: Iterable[tuple[int, int]]) -> list[str]:
    """Number and version of a package with nothing left."""
    return [f"{number}\0{version}" for number, version in rows]


TEXTS: Mapping[str, Callable[[Iterable[Any]], list[str]]] = {
    "claims": texts_of_claims,
    "requests": texts_of_requests,
    "streams": texts_of_streams,
    "spent": texts_of_spent,
}
SUMMED = ("claims", "requests", "streams")
"""Notes of which there is about one for every fact. A sum tells whether the rows of their tables are right: they are
written only where it differs, to find the row that is wrong."""


class Workbook:
    """Implements `domain.ledger.derived.Claimed` over what was noted."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._waiting: dict[str, list[tuple[Any, ...]]] = {table: [] for table in OF_MANY}
        self._claimed: set[str] = set()
        """What the claims that wait begin with."""
        self._row_sums = RowSums()
        self._sums = dict.fromkeys(SUMMED, 0)
        self._summed: dict[str, list[tuple[Any, ...]]] = {table: [] for table in SUMMED}
        """Notes that wait to be added to their sum."""
        self._moved: dict[int, tuple[int, int]] = {}
        """Number of a package → the units by which what is left of it changed, and its last version, to be written."""
        self._all_written = False

    @property
    def is_written(self) -> bool:
        """Whether every note is written, as a sum differed."""
        return self._all_written

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        self.write()
        return self._connection.execute(sql, values)

    def note(self, table: str, row: tuple[Any, ...]) -> None:
        """Write a row, some time before the next question."""
        waiting = self._waiting[table]
        waiting.append(row)
        if len(waiting) >= NOTES_PER_WRITE:
            self._write(table)

    def _sum(self, table: str, row: tuple[Any, ...]) -> None:
        waiting = self._summed[table]
        waiting.append(row)
        if len(waiting) >= NOTES_PER_WRITE:
            self._add(table)

    def _add(self, table: str) -> None:
        self._sums[table] += self.sum_of(table, self._summed[table])
        self._summed[table] = []

    def sum_of(self, table: str, rows: Iterable[tuple[Any, ...]]) -> int:
        """Equal for equal rows in any order, of this workbook. `table`: one of TEXTS."""
        return self._row_sums.of(TEXTS[table](rows))

    def sum_noted(self, table: str) -> int:
        """The sum of what was noted of a table of SUMMED."""
        self._add(table)
        return self._sums[table]

    def sum_spent(self) -> int:
        """The sum of the packages with nothing left, at their last versions."""
        found = self.pages("SELECT number, version FROM packages WHERE units = 0", NOTES_PER_WRITE)
        return sum(self.sum_of("spent", page) for page in found)

    def move_units(self, package: int, change: int, version: int) -> None:
        """Note what a fact of a package changed: the units that are left, and its version."""
        if self._all_written:
            return  # in the second walk it is known
        before, _ = self._moved.get(package, (0, 0))
        self._moved[package] = before + change, version
        if len(self._moved) >= PACKAGES_MAX:
            self._write_moved()

    def _write_moved(self) -> None:
        self._connection.executemany(
            "INSERT INTO packages VALUES (?, ?, ?) ON CONFLICT (number) DO UPDATE"
            " SET units = units + excluded.units, version = excluded.version",
            [(number, units, version) for number, (units, version) in self._moved.items()],
        )
        self._moved = {}

    def begin_again(self) -> bool:
        """Write every note from now on; False: they are written already."""
        if self._all_written:
            return False
        self._all_written = True
        self.execute("DELETE FROM claims")
        self.execute("DELETE FROM streams")
        return True

    def write(self) -> None:
        """Write all notes that wait."""
        if self._moved:
            self._write_moved()
        for table, waiting in self._waiting.items():
            if waiting:
                self._write(table)

    def _write(self, table: str) -> None:
        self._connection.executemany(OF_MANY[table], self._waiting[table])
        self._waiting[table] = []
        if table == "claims":
            self._claimed.clear()

    def count(self, prefix: str) -> int:
        if len(prefix) < PREFIX_CHARACTERS or prefix[:PREFIX_CHARACTERS] in self._claimed:
            self._write("claims")
        beyond = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        counted = "SELECT count(*) FROM claims WHERE claim >= ? AND claim < ?"
        found = self._connection.execute(counted, (prefix, beyond))
        (number,) = found.fetchone()
        return int(number)

    def external_ref_of(self, customer_id: str) -> ExternalRef | None:
        row = self.execute("SELECT source, ref FROM refs WHERE customer_id = ?", (customer_id,)).fetchone()
        return None if row is None else ExternalRef.model_construct(source=row[0], ref=row[1])

    def request(self, position: int, proof: str) -> None:
        if self._all_written:
            self.note("requests", (position, proof))
        else:
            self._sum("requests", (position, proof))

    def open_stream(self, number: int, kind: str, customer_id: str | None, opened: int) -> None:
        """Note a stream that begins."""
        if self._all_written:
            self.note("streams", (number, kind, customer_id, opened))
        else:
            customer = None if customer_id is None else number_of(customer_id)
            self._sum("streams", (number, kind, customer, opened))

    def learn(self, registered: Iterable[tuple[int, str | None]]) -> None:
        """Note the customers of streams as they are stored, once sums have told that all streams are right."""
        self._connection.executemany(
            "INSERT OR IGNORE INTO streams (number, customer_id) VALUES (?, ?)", registered
        )

    def claim(self, claim: Claim) -> None:
        named = claim.claim
        if not self._all_written:
            self._sum("claims", (named, number_of(claim.stream_id)))
            if not named.startswith(COUNTED):
                return
        self._claimed.add(named[:PREFIX_CHARACTERS])
        self.note("claims", (named, claim.stream_id))

    def claim_uses(self) -> None:
        """Add the claims of uses for bookings, once all bookings are known: some made these claims themselves."""
        found = self.execute(
            "SELECT redemption_id, package_id, booking_id FROM uses WHERE NOT EXISTS"
            " (SELECT 1 FROM booked WHERE booked.redemption_id = uses.redemption_id) ORDER BY position"
        )
        for redemption_id, package_id, booking_id in found:
            for claim in claims_of_use(redemption_id, booking_id, package_id, self):
                self.claim(claim)

    def owner_of(self, stream_id: str) -> str:
        """The customer of a stream that was noted or learned, else the stream's own id."""
        row = self.execute(
            "SELECT customer_id FROM streams WHERE number = ?", (number_of(stream_id),)
        ).fetchone()
        return stream_id if row is None or row[0] is None else str(row[0])

    def names_of(self, customer_id: str) -> set[str]:
        """All customers with whom this one was ever merged, and itself."""
        names, new = {customer_id}, [customer_id]
        while new:
            rows = self.execute("SELECT other FROM merged WHERE one = ?", (new.pop(),)).fetchall()
            new += [other for (other,) in rows if other not in names]
            names |= {other for (other,) in rows}
        return names

    def is_erased(self, customer_id: str) -> bool:
        """Whether this customer, or one with whom it was ever merged, was erased."""
        return any(self.was_erased(name) for name in self.names_of(customer_id))

    def was_erased(self, customer_id: str) -> bool:
        """Whether this very customer was erased."""
        return any(id == customer_id for id, _ in self.erased_with(number_of(customer_id)))

    def erased_with(self, number: int) -> Sequence[tuple[str, int]]:
        """Customers with this number who were erased, each with the position at which that was: one at most, nearly."""
        return self.execute("SELECT customer_id, position FROM erased WHERE number = ?", (number,)).fetchall()

    def rows(self, sql: str) -> Iterator[Any]:
        """Rows of a query, while other queries go on."""
        for row in self.execute(sql):  # noqa: UP028 `yield from` would close a cursor of closed books
            yield row

    def pages(self, sql: str, rows: int) -> Iterator[list[Any]]:
        """The same, so many at a time."""
        cursor = self.execute(sql)
        while page := cursor.fetchmany(rows):
            yield page


@contextmanager
def workbook() -> Iterator[Workbook]:
    """A workbook that is deleted after the block. It has little in memory, and the rest in a temporary file."""
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        connection.execute("PRAGMA temp_store = FILE")
        connection.executescript(SCHEMA)
        connection.execute("BEGIN")
        yield Workbook(connection)
