"""Ledgers in one SQLite file, shared by the threads of a process and by several processes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_bytes
from time import time_ns

from domain.decision import Reads
from domain.ledger.contract import LedgerRecorder
from domain.ledger.embedded.recorder import LOCK_WAIT_S, EmbeddedRecorder
from domain.ledger.embedded.sqlite import growth, keys
from domain.ledger.embedded.sqlite.checkpoint import IDLE_S
from domain.ledger.embedded.sqlite.connection import (
    told_as_ledger_errors,
)
from domain.ledger.embedded.sqlite.evidence import (
    SqliteEvidence,
    SqliteMending,
    business_ids,
    damaged_indexes,
)
from domain.ledger.embedded.sqlite.gaps import UnknownFormat
from domain.ledger.embedded.sqlite.ledger_file import LedgerFile
from domain.ledger.embedded.sqlite.outbox import SqliteOutbox
from domain.ledger.embedded.sqlite.overwriting import Overwriting
from domain.ledger.embedded.sqlite.report_sums import SqliteReportSums
from domain.ledger.embedded.sqlite.server_lock import place_of, whereabouts
from domain.ledger.embedded.sqlite.space import space
from domain.ledger.embedded.sqlite.transaction import SqliteTransaction
from domain.ledger.embedded.sqlite.verifications import SqliteVerifications
from domain.ledger.embedded.sqlite.webhooks import SqliteWebhooks
from domain.ledger.embedded.transaction import append, load
from domain.ledger.envelope import StoredFact, first_hash
from domain.ledger.errors import UnknownBusiness
from domain.ledger.evidence import Evidence, Mending
from domain.ledger.growth_signal import GrowthSignal
from domain.ledger.key_roster import UNPROVED, Roster
from domain.ledger.numbers import number_of
from domain.ledger.records import (
    Append,
    Conflict,
    FoundKey,
    KnownPepper,
    Loaded,
    RunningServer,
    Stored,
    StoredKey,
    Whereabouts,
)
from domain.ledger.shapes import Shapes
from domain.ledger.space import TableSpace

AT_ONCE_BYTES_MAX = 64 * 2**20
"""The largest file in which the copies of erased rows are overwritten before the erasure is answered."""


class SqliteStore:
    """All that a migrated ledger file holds. `clock` gives milliseconds since 1970; the default is the system's clock.

    In a file that is `read_only` here, what would write raises ReadOnlyBooks. Raises WrongSchema, LedgerUnavailable.
    """

    def __init__(
        self,
        path: Path | str,
        clock: Callable[[], int] | None = None,
        lock_wait_s: float = LOCK_WAIT_S,
        idle_s: float = IDLE_S,
        at_once_bytes_max: int = AT_ONCE_BYTES_MAX,
    ) -> None:
        self._path = Path(path)
        self._clock = clock
        self._at_once_bytes_max = at_once_bytes_max
        self._file = LedgerFile(self._path, lock_wait_s, idle_s)
        self._read, self._write = self._file.read, self._file.write
        self._shapes = Shapes()
        self._news = GrowthSignal(self._file.changed_by_others)
        self.outbox = SqliteOutbox(self._path, self._read, self._write)
        self.webhooks = SqliteWebhooks(self._path, self._read, self._write)
        self.verifications = SqliteVerifications(self._read, self._write)
        self.report_sums = SqliteReportSums(self._read, self._write)
        self._overwriting = Overwriting(self._file.identity, self._file.write_lock)
        if not self.read_only and self._has_copies():
            self._overwriting.start()

    @property
    def read_only(self) -> bool:
        return self._file.read_only

    def make_ready(self) -> None: ...

    def ledger(self, business_id: str) -> LedgerRecorder:
        return EmbeddedRecorder(business_id, self)

    def open_ledger(self, business_id: str) -> None:
        with self._write() as connection:
            connection.execute(
                "INSERT INTO ledgers (business_id, number, position, hash, recorded_at, secret)"
                " SELECT ?1, ?4, 0, ?2, 0, ?3 WHERE NOT EXISTS (SELECT 1 FROM ledgers WHERE business_id = ?1)",
                (business_id, first_hash(business_id), token_bytes(32), number_of(business_id)),
            )

    def load_all(self, asked: Mapping[str, tuple[Reads, Sequence[str]]]) -> Mapping[str, Loaded]:
        loaded: dict[str, Loaded] = {}
        with self._read() as connection:
            for business_id, (wanted, keys) in asked.items():
                with suppress(UnknownBusiness):
                    loaded[business_id] = load(
                        SqliteTransaction(business_id, connection, self._shapes), wanted, keys
                    )
        return loaded

    def append_all(
        self, batches: Mapping[str, Sequence[Append]]
    ) -> Mapping[str, Sequence[Stored | Conflict]]:
        outcomes: dict[str, Sequence[Stored | Conflict]] = {}
        added = set[int]()
        with self._write() as connection:
            for business_id, batch in batches.items():
                with suppress(UnknownBusiness):
                    transaction = SqliteTransaction(business_id, connection, self._shapes)
                    outcomes[business_id] = append(transaction, batch, self.now_ms())
                    added |= transaction.added_shapes
        self._shapes.believe(added)
        self._news.announce()
        return outcomes

    def facts_of(self, asked: Mapping[str, tuple[int, int]]) -> Mapping[str, Sequence[StoredFact]]:
        with self._read() as connection:
            found = {
                id: SqliteTransaction(id, connection, self._shapes).facts(after, None, limit, ())
                for id, (after, limit) in asked.items()
            }
        return {id: facts for id, facts in found.items() if facts}

    def heads(self, since: object = None) -> Iterator[tuple[str, int]]:
        with self._read() as connection:
            return iter(growth.heads(connection, since, self.now_ms()))

    def growth_mark(self) -> object:
        with self._file.watch() as connection:
            return growth.mark(connection, self.now_ms())

    def may_record(self) -> bool:
        return True

    def follows_another(self) -> bool:
        return False

    def business_ids(self) -> Sequence[str]:
        with self._read() as connection:
            return business_ids(connection)

    def space(self) -> Sequence[TableSpace]:
        with self._read() as connection:
            return space(connection)

    @contextmanager
    def evidence(self, business_id: str) -> Iterator[Evidence]:
        with self._read() as connection:
            yield SqliteEvidence(business_id, connection)

    @contextmanager
    def mending(self, business_id: str) -> Iterator[Mending]:
        with self._write() as connection:
            mending = SqliteMending(business_id, connection)
            mending.begin()
            yield mending
            mending.end()
        self._news.announce()

    def damaged_indexes(self) -> Sequence[str]:
        with self._write() as connection:
            return damaged_indexes(connection)

    def make_indexes_anew(self) -> None:
        with self._write() as connection:
            connection.execute("INSERT INTO people_grams (people_grams) VALUES ('rebuild')")

    def gather_statistics(self) -> None:
        """Nothing: no plan depends on them."""

    def overwrite_copies(self) -> bool:
        if self.read_only:
            return not self._has_copies()
        with told_as_ledger_errors(self._path), suppress(UnknownFormat):
            return self._overwriting.within()
        return False

    def add_key(self, key: StoredKey, roster: Roster = UNPROVED) -> None:
        with self._write() as connection:
            keys.add_key(connection, key, roster)

    def find_key(self, key_id: str) -> StoredKey | None:
        with self._read() as connection:
            return keys.find_key(connection, key_id)

    def find_keys(self, key_ids: Sequence[str]) -> Sequence[FoundKey]:
        with self._read() as connection:
            return keys.find_keys(connection, key_ids)

    def keys_of(self, business_id: str) -> Sequence[StoredKey]:
        with self._read() as connection:
            return keys.keys_of(connection, business_id)

    def key_names(self, business_id: str, key_ids: Sequence[str]) -> Mapping[str, str]:
        with self._read() as connection:
            return keys.key_names(connection, business_id, key_ids)

    def live_keys_of(self, business_id: str, role: str) -> Sequence[StoredKey]:
        with self._read() as connection:
            return keys.live_keys_of(connection, business_id, role)

    def revoke_key(
        self,
        business_id: str,
        key_id: str,
        revoked_at: int,
        guard: bytes = b"",
        *,
        check: Callable[[LedgerRecorder], None] | None = None,
    ) -> bool:
        with self._write() as connection:
            if check is not None:
                held = SqliteTransaction(business_id, connection, self._shapes)
                check(EmbeddedRecorder(business_id, self, held))
            return keys.revoke_key(connection, business_id, key_id, revoked_at, guard)

    def has_keys(self) -> bool:
        with self._read() as connection:
            return keys.has_keys(connection)

    def peppers(self) -> Sequence[KnownPepper]:
        with self._read() as connection:
            return keys.peppers(connection)

    def settle_pepper(self, mark: bytes, replacing: bytes | None) -> bytes:
        with self._write() as connection:
            return keys.settle_pepper(connection, mark, replacing, self.now_ms())

    def place(self) -> str:
        return place_of(self._path)

    def whereabouts(self, place: str) -> Whereabouts:
        return whereabouts(self._path, place)

    def servers(self) -> Sequence[RunningServer]:
        with self._read() as connection:
            rows = connection.execute(
                "SELECT id, place, address, started_at FROM servers ORDER BY started_at, id"
            ).fetchall()
        return [RunningServer(*row) for row in rows]

    def add_server(self, server: RunningServer, gone: Sequence[str]) -> None:
        with self._write() as connection:
            connection.executemany("DELETE FROM servers WHERE id = ?", [(id,) for id in gone])
            connection.execute(
                "INSERT INTO servers (id, place, address, started_at) VALUES (?, ?, ?, ?)",
                (server.id, server.place, server.address, server.started_at),
            )

    def remove_server(self, id: str) -> None:
        with self._write() as connection:
            connection.execute("DELETE FROM servers WHERE id = ?", (id,))

    def wait_for_news(self, timeout_s: float) -> bool:
        return self._news.wait(timeout_s)

    def close(self) -> None:
        """As `LedgerFile.close`."""
        self._overwriting.close()
        self._file.close()

    def now_ms(self) -> int:
        return time_ns() // 1_000_000 if self._clock is None else self._clock()

    @contextmanager
    def reading(self, business_id: str) -> Iterator[SqliteTransaction]:
        with self._read() as connection:
            transaction = SqliteTransaction(business_id, connection, self._shapes)
            transaction.head()  # raises UnknownBusiness
            yield transaction

    @contextmanager
    def writing(self, business_id: str) -> Iterator[SqliteTransaction]:
        with self._write() as connection:
            transaction = SqliteTransaction(business_id, connection, self._shapes)
            transaction.head()  # raises UnknownBusiness
            yield transaction
        self._shapes.believe(transaction.added_shapes)
        self._news.announce()
        if transaction.has_erased:
            self._overwriting.begin(self._at_once_bytes_max)

    def _has_copies(self) -> bool:
        with self._file.watch() as connection:
            (found,) = connection.execute("SELECT EXISTS (SELECT 1 FROM copies)").fetchone()
        return bool(found)
