"""One PostgreSQL database of many ledgers: the pool of connections, the API keys and the growth signals."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from secrets import token_bytes
from typing import Any, LiteralString

from psycopg_pool import ConnectionPool

from domain.decision import Reads
from domain.ledger.contract import LedgerRecorder
from domain.ledger.envelope import StoredFact
from domain.ledger.errors import Contention, UnknownBusiness
from domain.ledger.evidence import Evidence, Mending
from domain.ledger.key_roster import UNPROVED, Roster
from domain.ledger.postgres import keys
from domain.ledger.postgres.beside import as_one, beside, write_beside
from domain.ledger.postgres.binary_format import Batch, BatchDumper, BinaryFormat
from domain.ledger.postgres.breaker import Breaker
from domain.ledger.postgres.connections import (
    ANSWER_S,
    FOR_BUSINESS,
    PatientConnection,
    host_ms,
    lent,
    our_errors,
)
from domain.ledger.postgres.evidence import PostgresEvidence, PostgresMending
from domain.ledger.postgres.listen_notify import ListenNotify
from domain.ledger.postgres.making_ready import make_ready
from domain.ledger.postgres.migrations import SCHEMA, owning, require_current
from domain.ledger.postgres.outbox import PostgresOutbox
from domain.ledger.postgres.packed_facts import Row, kept_apart, unpacking
from domain.ledger.postgres.recorder import PostgresRecorder
from domain.ledger.postgres.report_sums import PostgresReportSums
from domain.ledger.postgres.roles import OWNER, TO_SERVE
from domain.ledger.postgres.rows import loaded, outcome
from domain.ledger.postgres.session import of_ledgers, refuse_pooler
from domain.ledger.postgres.statements import APPEND_ALL, APPEND_ONE, LOAD_ALL
from domain.ledger.postgres.verifications import PostgresVerifications
from domain.ledger.postgres.webhooks import PostgresWebhooks
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
from domain.ledger.tables import OF_POSTGRESQL, TABLES

FACTS_OF = (
    "SELECT business_id, position, stream, stream_id, version, shape, data, meta_shape, meta, recorded_at, hash"
    " FROM facts_of(%s::text[], %s::int8[], %s::int4[])"
)
POOL_SIZE_MIN = 1
READY = 3
"""Connections that a server keeps ready: for the commands that are carried out, a question, and a key."""
RECONNECT_S = 2.0
"""Seconds the pool retries by itself. After that each request tries anew, so recovery is immediate."""


class PostgresStore:
    """Implements `domain.ledger.contract.Store`; a process holds one.

    `clock` gives milliseconds since 1970 and is for tests: without it the database's clock decides.
    At most `pool_size` connections are used, and two more for growth signals. The wait for a connection, and for
    each answer, is at most `answer_s` seconds.

    Raises WrongSchema when the database is not migrated or newer than this code, LedgerUnavailable when it
    cannot be reached.
    """

    read_only = False

    def __init__(
        self,
        url: str,
        clock: Callable[[], int] | None = None,
        pool_size: int = 8,
        schema: str = SCHEMA,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._url = url
        self._clock = clock
        self._schema = schema
        self._answer_s = answer_s
        self._session = of_ledgers(url, schema, answer_s)
        with our_errors(), self._connect() as connection:
            with self._connect() as another:
                refuse_pooler(connection, another)
            require_current(connection, schema)
            self.wire = BinaryFormat.of(connection)
        self.shapes = Shapes()
        self._makes_ready = False
        self._breaker = Breaker(self._probe)
        self._wakening = ListenNotify(self._connect, f"{schema}_news")
        self._pool = ConnectionPool(
            url,
            connection_class=PatientConnection,
            kwargs=dict(self._session.arguments),
            configure=self._configure,
            min_size=POOL_SIZE_MIN,
            max_size=pool_size,
            timeout=answer_s,
            reconnect_timeout=RECONNECT_S,
            open=True,
        )
        self.outbox = PostgresOutbox(schema, self.connection, self._connect)
        self.webhooks = PostgresWebhooks(schema, self.connection, self._connect, self._for)
        self.verifications = PostgresVerifications(self._for)
        self.report_sums = PostgresReportSums(self._for)

    def make_ready(self) -> None:
        self._makes_ready = True
        with self.connection() as connection:
            make_ready(connection, self.wire)
        self._pool.resize(min(READY, self._pool.max_size), self._pool.max_size)

    def ledger(self, business_id: str) -> LedgerRecorder:
        return PostgresRecorder(self, business_id)

    def open_ledger(self, business_id: str) -> None:
        self._for(business_id, "SELECT open_ledger(%s, %s)", business_id, token_bytes(32))

    def load_all(self, asked: Mapping[str, tuple[Reads, Sequence[str]]]) -> Mapping[str, Loaded]:
        businesses = list(asked)
        questions = self.wire.questions((id, wanted, keys) for id, (wanted, keys) in asked.items())
        with self.connection() as connection:
            rows = connection.execute(LOAD_ALL, [questions], binary=True).fetchall()
            parts: dict[str, list[Row]] = {}
            for nth, *row in rows:
                parts.setdefault(businesses[nth - 1], []).append(tuple(row))
            found: dict[str, Loaded] = {}
            unpack = unpacking(self.shapes, connection)
            for business_id, of_business in parts.items():
                with suppress(UnknownBusiness):
                    found[business_id] = loaded(business_id, asked[business_id][0], of_business, unpack)
        return found

    def append_all(
        self, batches: Mapping[str, Sequence[Append]]
    ) -> Mapping[str, Sequence[Stored | Conflict]]:
        businesses = list(batches)
        sizes = [len(batch) for batch in batches.values()]
        commands = [command for batch in batches.values() for command in batch]
        if len(businesses) == len(commands) == 1 and not beside(commands):
            return self._append_one(businesses[0], commands)
        outcomes: dict[str, list[Stored | Conflict]] = {}
        with (
            self.connection() as connection,
            kept_apart(self.shapes, connection, commands) as packed,
            as_one(connection, commands),
        ):
            arguments = [businesses, sizes, self.clock_ms(), host_ms(), self.wire.batch(commands, packed)]
            for nth, *row in connection.execute(APPEND_ALL, arguments, binary=True).fetchall():
                outcomes.setdefault(businesses[nth - 1], []).append(outcome(*row))
            for business_id, found in outcomes.items():
                write_beside(connection, business_id, batches[business_id], found)
        self.announce()
        return outcomes

    def _append_one(
        self, business_id: str, command: Sequence[Append]
    ) -> Mapping[str, Sequence[Stored | Conflict]]:
        """As `append_all`: alone, a command takes the database a quarter less work by `append`."""
        with suppress(Contention, UnknownBusiness):
            with self.connection() as connection, kept_apart(self.shapes, connection, command) as packed:
                arguments = [business_id, self.clock_ms(), host_ms(), self.wire.batch(command, packed)]
                rows = connection.execute(APPEND_ONE, arguments, binary=True).fetchall()
            self.announce()
            return {business_id: [outcome(*row) for row in rows]}
        return {}

    def facts_of(self, asked: Mapping[str, tuple[int, int]]) -> Mapping[str, Sequence[StoredFact]]:
        arguments = [
            list(asked),
            [after for after, _ in asked.values()],
            [limit for _, limit in asked.values()],
        ]
        with self.connection() as connection:
            rows = connection.execute(FACTS_OF, arguments, binary=True).fetchall()
            found: dict[str, list[StoredFact]] = {}
            unpack = unpacking(self.shapes, connection)
            for business_id, *row in rows:
                found.setdefault(business_id, []).append(unpack(business_id, tuple(row)))
        return found

    def heads(self, since: object = None) -> Iterator[tuple[str, int]]:
        with self.connection() as connection:
            if since is None:
                rows = connection.execute("SELECT business_id, position FROM heads()").fetchall()
            else:
                grown = "SELECT business_id, position FROM grown_heads(%s)"
                rows = connection.execute(grown, [since]).fetchall()
        return iter([(business_id, position) for business_id, position in rows])

    def growth_mark(self) -> object:
        # The same transactions had ended: nothing was committed between.
        return self._value("SELECT pg_current_snapshot()::text")

    def business_ids(self) -> Sequence[str]:
        with self.connection() as connection:
            found = connection.execute("SELECT DISTINCT id FROM business_ids() AS id").fetchall()
        return sorted(id for (id,) in found)

    def space(self) -> Sequence[TableSpace]:
        with self.connection() as connection:
            rows = connection.execute("SELECT * FROM table_space(%s)", [[*TABLES, *OF_POSTGRESQL]]).fetchall()
        return [TableSpace(*row) for row in rows]

    @contextmanager
    def evidence(self, business_id: str) -> Iterator[Evidence]:
        with self.connection() as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            connection.execute(FOR_BUSINESS, [business_id])
            yield PostgresEvidence(business_id, connection)

    @contextmanager
    def mending(self, business_id: str) -> Iterator[Mending]:
        with our_errors(OWNER), owning(self._url, self._schema, "carnet repair") as connection:
            connection.execute(FOR_BUSINESS, [business_id])
            connection.execute("SELECT set_config('carnet.mending', %s, true)", [business_id])
            connection.execute("SELECT FROM ledgers WHERE business_id = %s FOR UPDATE", [business_id])
            yield PostgresMending(business_id, connection)
        self.announce()

    def damaged_indexes(self) -> Sequence[str]:
        return []

    def make_indexes_anew(self) -> None:
        """Nothing: there are none."""

    def gather_statistics(self) -> None:
        with our_errors(), self._connect() as connection:
            connection.answer_s = None
            connection.execute("SET statement_timeout = 0")
            connection.execute("SELECT gather_statistics()")

    def overwrite_copies(self) -> bool:
        return True

    def add_key(self, key: StoredKey, roster: Roster = UNPROVED) -> None:
        business_id = key.business_id
        with self.connection() as connection, connection.transaction():
            connection.execute(FOR_BUSINESS, [business_id])
            keys.add_key(connection, key, roster)

    def find_key(self, key_id: str) -> StoredKey | None:
        with self.connection() as connection:
            row = connection.execute("SELECT " + keys.KEY + " FROM find_key(%s)", [key_id]).fetchone()
        return None if row is None else StoredKey(*row)

    def find_keys(self, key_ids: Sequence[str]) -> Sequence[FoundKey]:
        with self.connection() as connection:
            rows = connection.execute(keys.FOUND, [list(key_ids)], binary=True).fetchall()
        return [FoundKey(StoredKey(*row), version) for *row, version in rows]

    def keys_of(self, business_id: str) -> Sequence[StoredKey]:
        of_business: LiteralString = " FROM api_keys WHERE business_id = %s ORDER BY created_at, id"
        rows = self._for(business_id, "SELECT " + keys.KEY + of_business, business_id)
        return [StoredKey(*row) for row in rows]

    def key_names(self, business_id: str, key_ids: Sequence[str]) -> Mapping[str, str]:
        named = "SELECT id, name FROM api_keys WHERE business_id = %s AND id = ANY(%s)"
        return dict(self._for(business_id, named, business_id, list(key_ids)))

    def revoke_key(
        self,
        business_id: str,
        key_id: str,
        revoked_at: int,
        guard: bytes = b"",
        *,
        check: Callable[[LedgerRecorder], None] | None = None,
    ) -> bool:
        with self.connection() as connection, connection.transaction():
            if check is None:
                connection.execute(FOR_BUSINESS, [business_id])
            else:
                check(PostgresRecorder.holding_head(self, business_id, connection))
            return keys.revoke_key(connection, business_id, key_id, revoked_at, guard)

    def has_keys(self) -> bool:
        return bool(self._value("SELECT has_keys()"))

    def peppers(self) -> Sequence[KnownPepper]:
        with self.connection() as connection:
            rows = connection.execute("SELECT mark, since FROM known_peppers()").fetchall()
        return [KnownPepper(*row) for row in rows]

    def settle_pepper(self, mark: bytes, replacing: bytes | None) -> bytes:
        now_ms = self.clock_ms() or host_ms()
        return bytes(
            self._value("SELECT settle_pepper(%s::bytea, %s::bytea, %s::int8)", mark, replacing, now_ms)
        )

    def place(self) -> str:
        return str(self._value("SELECT current_place()"))

    def whereabouts(self, place: str) -> Whereabouts:
        here = self.place()
        if place == here:
            return Whereabouts.HERE
        server, _, database = place.partition("/")
        if server != here.partition("/")[0]:
            return Whereabouts.UNKNOWN
        # Another database of the same server: that somebody is connected to it can be seen from here, and by what
        # program where it is the same user.
        with self.connection() as connection:
            programs = connection.execute(
                "SELECT application_name FROM pg_stat_activity WHERE datid::text = %s", [database]
            ).fetchall()
        if (self._session.arguments["application_name"],) in programs:
            return Whereabouts.SERVED
        return Whereabouts.UNKNOWN if programs else Whereabouts.GONE

    def servers(self) -> Sequence[RunningServer]:
        with self.connection() as connection:
            rows = connection.execute(
                "SELECT id, place, address, started_at FROM registered_servers()"
            ).fetchall()
        return [RunningServer(*row) for row in rows]

    def add_server(self, server: RunningServer, gone: Sequence[str]) -> None:
        arguments = (server.id, server.place, server.address, server.started_at, list(gone))
        self._value("SELECT add_server(%s, %s, %s, %s::int8, %s::text[])", *arguments)

    def remove_server(self, id: str) -> None:
        self._value("SELECT remove_server(%s)", id)

    def may_record(self) -> bool:
        return bool(
            self._value("SELECT has_function_privilege('append(text, bigint, command[])', 'EXECUTE')")
        )

    def follows_another(self) -> bool:
        return bool(self._value("SELECT pg_is_in_recovery()"))

    def wait_for_news(self, timeout_s: float) -> bool:
        return self._wakening.wait(timeout_s)

    def close(self) -> None:
        self._breaker.close()
        self._wakening.close()
        self._pool.close()

    # For the recorders

    def connection(self) -> AbstractContextManager[PatientConnection]:
        """A connection lent from the pool. Raises the errors of `our_errors`."""
        return lent(self._pool, self._answer_s, self._breaker)

    def clock_ms(self) -> int | None:
        return None if self._clock is None else self._clock()

    def announce(self) -> None:
        self._wakening.announce()

    def _for(self, business_id: str, query: LiteralString, *arguments: object) -> list[Row]:
        """Run one statement for a business, in one round trip, and return its rows."""
        with self.connection() as connection, connection.pipeline():
            connection.execute(FOR_BUSINESS, [business_id])
            cursor = connection.execute(query, arguments)
        return cursor.fetchall() if cursor.description else []

    def _value(self, query: LiteralString, *arguments: object) -> Any:
        """The one value that a query returns."""
        with self.connection() as connection:
            row = connection.execute(query, arguments).fetchone()
        return None if row is None else row[0]

    def _connect(self) -> PatientConnection:
        connection = PatientConnection.connect(self._url, **self._session.arguments)
        self._session.settle(connection, TO_SERVE, self._schema)
        return connection

    def _probe(self) -> None:
        """Raises an error of the driver where the database does not answer."""
        with self._connect() as connection:
            connection.execute("SELECT 1")

    def _configure(self, connection: PatientConnection) -> None:
        connection.answer_s = self._answer_s
        self._session.settle(connection, TO_SERVE, self._schema)
        connection.adapters.register_dumper(Batch, BatchDumper)
        if self._makes_ready:
            make_ready(connection, self.wire)
