"""One business's ledger in PostgreSQL. Every method is one round trip."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, LiteralString, Protocol
from uuid import UUID

from eventsourcing.persistence import ApplicationRecorder, Notification, StoredEvent, Subscription

from domain.decision import Reads
from domain.ledger.contract import LedgerRecorder
from domain.ledger.envelope import Head, NewFact, StoredFact
from domain.ledger.errors import UnknownBusiness
from domain.ledger.eventsourcing_adapter import Tail, event_of, fact_of, first_position, notification_of
from domain.ledger.numbers import behind, is_of_another, last_number, number_of
from domain.ledger.postgres.beside import as_one, write_beside
from domain.ledger.postgres.binary_format import BinaryFormat, beyond
from domain.ledger.postgres.choosing import chosen
from domain.ledger.postgres.connections import FOR_BUSINESS, PatientConnection, host_ms, our_errors
from domain.ledger.postgres.keys import LIVE
from domain.ledger.postgres.packed_facts import SHAPES, Row, kept_apart, unpacking
from domain.ledger.postgres.rows import loaded, outcome
from domain.ledger.records import Append, Conflict, FactFilter, Loaded, Stored, StoredKey
from domain.ledger.request_keys import as_uuids
from domain.ledger.shapes import Shapes
from domain.people.directory import PLACES, Person, Photo, Place, Text

# The business is a setting of the transaction, made as the function's arguments are evaluated: one statement.
APPEND = (
    "SELECT first, last, recorded_at, conflict"
    " FROM append(set_config('carnet.business', %s, true), moment_for(%s::int8, %s::int8), %s)"
)
LOAD = (
    "SELECT part, position, moment, last, stream, version, name_version, kind, id, name, data, meta, hash"
    " FROM load(set_config('carnet.business', %s, true), %s::int8[], %s::int4[], %s::int8[],"
    " %s::text[], %s::text[], %s, %s::text[], %s::text[], %s::uuid[], %s::int8[])"
)
SEARCH = (
    "SELECT found FROM search_people(set_config('carnet.business', %s, true), %s::text[], %s::text[], %s, %s::int4)"
    " AS found"
)
BORN_ON: LiteralString = (
    "SELECT id FROM people WHERE business_id = %s AND birthday = ANY (%s::int4[]) AND id || '' > %s LIMIT %s"
)
"""The id is compared so that no index finds it: the primary key would name everybody of the business."""
ROWS: Mapping[Place, LiteralString] = {
    "people": "people_of(business, customer) AS p",
    "search": "people_search AS s WHERE s.business_id = business AND s.person_id = customer",
    "texts": "texts AS t WHERE t.business_id = business AND t.owner_id = customer",
    "photos": "photos AS i WHERE i.business_id = business AND i.id IN"
    " (SELECT p.id FROM people_of(business, customer) AS p)",
    "answers": "requests AS q WHERE q.ledger = number_of(business) AND q.body IS NOT NULL"
    " AND position(int8send(number_of(customer)) IN q.people) %% 8 = 1",
    "messages": "messages AS m WHERE m.business_id = business AND m.customer_id = customer",
    "keys": "api_keys AS k WHERE k.business_id = business AND k.actor_id = customer AND k.name <> '(erased)'",
}
"""The rows of a customer in each place, as the function `erase` deletes them (0007_installation.sql)."""
PERSONAL_DATA: LiteralString = (
    "SELECT counted.* FROM (SELECT %s AS business, %s AS customer) AS asked, LATERAL ("
    + " UNION ALL ".join(
        "SELECT '" + place + "', (SELECT count(*) FROM " + ROWS[place] + ")" for place in PLACES
    )
    + ") AS counted"
)
LOCK = "SELECT lock_head(set_config('carnet.business', %s, true))"
FACT: LiteralString = (
    "position, stream, CASE WHEN stream_id <> '' THEN stream_id ELSE (SELECT o.stream_id FROM facts AS o"
    " WHERE o.ledger = facts.ledger AND o.stream = facts.stream AND o.stream_id <> '' ORDER BY o.version LIMIT 1) END,"
    " version, shape, data, meta_shape, meta, recorded_at, hash"
)
"""A fact as `Shapes.facts` reads it: with the id of its stream, which the first fact of the stream has."""
STREAM_ID: LiteralString = (
    "(SELECT f.stream_id FROM facts AS f WHERE f.ledger = found.ledger AND f.stream = found.stream"
    " AND f.stream_id <> '' ORDER BY f.version LIMIT 1)"
)
"""The id of the stream of a row `found`."""
NAMED: LiteralString = "shape IN (SELECT number FROM shapes WHERE name = ANY (%s::text[]))"

EVERYTHING = 2**62
"""Above any position, version or limit."""


class PostgresDatabase(Protocol):
    """The store as the recorder sees it."""

    wire: BinaryFormat
    shapes: Shapes

    def connection(self) -> AbstractContextManager[PatientConnection]: ...

    def clock_ms(self) -> int | None:
        """Milliseconds since 1970 by an injected clock, or None when the database's clock decides."""

    def announce(self) -> None:
        """Wake the waiting readers: a ledger has grown."""

    def wait_for_news(self, timeout_s: float) -> bool: ...


class PostgresRecorder(LedgerRecorder):
    """Bound to one business. `held` is the connection of `locked()`, inside its transaction."""

    def __init__(
        self, database: PostgresDatabase, business_id: str, held: PatientConnection | None = None
    ) -> None:
        self.business_id = business_id
        self._database = database
        self._held = held
        self.is_locked = held is not None

    @classmethod
    def holding_head(
        cls, database: PostgresDatabase, business_id: str, connection: PatientConnection
    ) -> "PostgresRecorder":
        """As of `locked()`, in a transaction of somebody else. Raises UnknownBusiness, Contention."""
        connection.execute(LOCK, [business_id])
        return cls(database, business_id, connection)

    def load(self, wanted: Reads, keys: Sequence[str] = ()) -> Loaded:
        arguments = [
            self.business_id,
            [number_of(id) for id in wanted.streams],
            list(wanted.streams.values()),
            [number_of(id) for id in wanted.packages_of],
            list(wanted.claimed),
            [beyond(prefix) for prefix in wanted.claimed],
            wanted.with_customers,
            list(wanted.counted),
            [beyond(prefix) for prefix in wanted.counted],
            as_uuids(keys),
            [number_of(id) for id in wanted.unspent_of],
        ]
        with self._connection() as connection:
            rows = connection.execute(LOAD, arguments, binary=True).fetchall()
            return loaded(self.business_id, wanted, rows, unpacking(self._database.shapes, connection))

    def append(self, batch: Sequence[Append]) -> Sequence[Stored | Conflict]:
        if not batch:
            return []
        with (
            self._connection() as connection,
            kept_apart(self._database.shapes, connection, batch) as packed,
            as_one(connection, batch),
        ):
            arguments = [
                self.business_id,
                self._database.clock_ms(),
                host_ms(),
                self._database.wire.batch(batch, packed),
            ]
            rows = connection.execute(APPEND, arguments, binary=True).fetchall()
            outcomes = [outcome(*row) for row in rows]
            write_beside(connection, self.business_id, batch, outcomes)
        if self._held is None:
            self._database.announce()
        return outcomes

    @contextmanager
    def locked(self) -> Iterator[LedgerRecorder]:
        with self._database.connection() as connection, connection.transaction():
            yield self.holding_head(self._database, self.business_id, connection)
        self._database.announce()

    def head(self) -> Head:
        rows = self._select("SELECT position, hash, recorded_at FROM ledgers WHERE business_id = %s")
        return Head(*self._existing(rows))

    def facts(
        self, after: int = 0, limit: int = 1000, upto: int | None = None, without: Sequence[str] = ()
    ) -> Sequence[StoredFact]:
        others: LiteralString = " AND NOT " + NAMED if without else ""
        return self._facts(
            "position > %s AND position <= %s" + others + " ORDER BY position LIMIT %s",
            after,
            EVERYTHING if upto is None else upto,
            *([list(without)] if without else ()),
            limit,
        )

    def chosen_facts(
        self, wanted: FactFilter, after: int, upto: int, limit: int, *, newest_first: bool = False
    ) -> Sequence[StoredFact]:
        condition, values = chosen(wanted, newest_first=newest_first)
        return self._facts(condition + " LIMIT %s", after, upto, *values, limit)

    def cuts(self, facts: int) -> Sequence[tuple[str, int]]:
        rows = self._select(
            "SELECT "
            + STREAM_ID
            + ", max(n) FROM (SELECT ledger, stream, row_number() OVER (ORDER BY stream, version)"
            " AS n FROM facts WHERE ledger = number_of(%s)) AS found WHERE n %% %s = 0 GROUP BY ledger, stream"
            " ORDER BY stream",
            facts,
        )
        return [(id, n) for id, n in rows]

    def by_stream(
        self, after: tuple[str, int], last: str, upto: int, without: Sequence[str], limit: int
    ) -> Sequence[StoredFact]:
        return self._facts(
            "(stream, version) > (%s::int8, %s::int4) AND stream <= %s::int8 AND position <= %s AND NOT "
            + NAMED
            + " ORDER BY stream, version LIMIT %s",
            behind(after[0]),
            after[1],
            last_number(last),
            upto,
            list(without),
            limit,
        )

    def stream(self, stream_id: str, upto_version: int | None = None) -> Sequence[StoredFact]:
        found = self._facts(
            "stream = number_of(%s) AND version <= %s::int8 ORDER BY version",
            stream_id,
            EVERYTHING if upto_version is None else upto_version,
        )
        return [] if any(is_of_another(fact.stream_id, stream_id) for fact in found) else found

    def streams(self, kind: str, after: str = "", limit: int = 1000) -> Sequence[str]:
        rows = self._select(
            "SELECT " + STREAM_ID + " FROM streams AS found"
            " WHERE ledger = number_of(%s) AND stream > %s::int8 AND kind = %s ORDER BY stream LIMIT %s",
            behind(after),
            kind,
            limit,
        )
        return [id for (id,) in rows]

    def streams_of(self, customer_id: str, kind: str) -> Sequence[str]:
        rows = self._select(
            "SELECT " + STREAM_ID + " FROM streams AS found"
            " WHERE ledger = number_of(%s) AND customer = number_of(%s) AND kind = %s ORDER BY opened",
            customer_id,
            kind,
        )
        return [id for (id,) in rows]

    def claimants(self, prefix: str) -> Sequence[str]:
        rows = self._select(
            "SELECT " + STREAM_ID + " FROM (SELECT ledger, stream, min(claim) AS first FROM claims"
            " WHERE ledger = number_of(%s) AND claim >= %s AND claim < %s GROUP BY ledger, stream) AS found"
            " ORDER BY first",
            prefix,
            beyond(prefix),
        )
        return [stream_id for (stream_id,) in rows]

    def people(self, ids: Sequence[str]) -> Sequence[Person]:
        rows = self._select(
            "SELECT found.id, owner_id, data FROM (SELECT %s AS business, %s::text[] AS ids) AS asked,"
            " unnest(ids) WITH ORDINALITY AS w (id, place), LATERAL ("
            "SELECT * FROM people AS p WHERE p.business_id = business AND p.id = w.id OFFSET 0) AS found"
            " ORDER BY place",
            list(ids),
        )
        return [Person(*row) for row in rows]

    def texts(self, ids: Sequence[str]) -> Sequence[Text]:
        rows = self._select(
            "SELECT found.id, owner_id, salt, text FROM (SELECT %s AS business, %s::text[] AS ids) AS asked,"
            " unnest(ids) WITH ORDINALITY AS w (id, place), LATERAL ("
            "SELECT * FROM texts AS t WHERE t.business_id = business AND t.id = w.id OFFSET 0) AS found"
            " ORDER BY place",
            list(ids),
        )
        return [Text(*row) for row in rows]

    def photo(self, id: str) -> Photo | None:
        rows = self._select("SELECT id, media_type, data FROM photos WHERE business_id = %s AND id = %s", id)
        return Photo(*rows[0]) if rows else None

    def personal_data(self, customer_id: str) -> Mapping[Place, int]:
        rows = self._select(PERSONAL_DATA, customer_id)
        found: dict[Place, int] = dict(rows)
        return found

    def search(self, words: Sequence[str], after: str, at_most: int) -> Sequence[str]:
        from domain.people.name_search import grams_of_words

        arguments = [self.business_id, list(words), grams_of_words(words), after, at_most]
        with self._connection() as connection:
            rows = connection.execute(SEARCH, arguments, binary=True).fetchall()
        return [id for (id,) in rows]

    def born_on(self, days: Sequence[int], after: str, at_most: int) -> Sequence[str]:
        rows = self._select(BORN_ON, list(days), after, at_most)
        return [id for (id,) in rows]

    def live_keys(self, role: str) -> Sequence[StoredKey]:
        return [StoredKey(*row) for row in self._select(LIVE, role)]

    def secret(self) -> bytes:
        rows = self._select("SELECT secret FROM ledgers WHERE business_id = %s")
        secret: bytes = self._existing(rows)[0]
        return secret

    # The contract of the library

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        facts: tuple[NewFact, ...] = tuple(fact_of(event) for event in stored_events)
        if not facts:
            return []
        # No stream is named as read: the table refuses a version that is taken.
        (stored,) = self.append([Append(facts, {})])
        assert isinstance(stored, Stored)
        return list(range(stored.first, stored.last + 1))

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        order: LiteralString = " ORDER BY version DESC" if desc else " ORDER BY version"
        facts = self._facts(
            "stream = number_of(%s) AND version > %s::int8 AND version <= %s::int8" + order + " LIMIT %s",
            str(originator_id),
            -1 if gt is None else gt,
            EVERYTHING if lte is None else lte,
            EVERYTHING if limit is None else limit,
        )
        return [event_of(fact) for fact in facts]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        facts = self._facts(
            "position > %s AND position <= %s AND (cardinality(%s::text[]) = 0 OR " + NAMED + ")"
            " ORDER BY position LIMIT %s",
            first_position(start, inclusive=inclusive_of_start),
            EVERYTHING if stop is None else stop,
            list(topics),
            list(topics),
            limit,
        )
        return [notification_of(fact) for fact in facts]

    def max_notification_id(self) -> int | None:
        return self.head().position or None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        return Tail(self, gt, topics, self._database.wait_for_news)

    @contextmanager
    def _connection(self) -> Iterator[PatientConnection]:
        if self._held is not None:
            with our_errors():
                yield self._held
            return
        with self._database.connection() as connection:
            yield connection

    def _select(self, query: LiteralString, *arguments: object) -> list[Row]:
        """Rows of this business. The first %s of the query is the business."""
        with self._connection() as connection, connection.pipeline():
            # One pipeline is one round trip and one transaction, so the setting holds for the query alone.
            connection.execute(FOR_BUSINESS, [self.business_id])
            return connection.execute(query, [self.business_id, *arguments], binary=True).fetchall()

    def _facts(self, condition: LiteralString, *arguments: object) -> list[StoredFact]:
        query = "SELECT " + FACT + " FROM facts WHERE ledger = number_of(%s) AND " + condition
        rows = self._select(query, *arguments)
        return self._database.shapes.facts(self.business_id, rows, self._find_shapes)

    def _find_shapes(self) -> list[Row]:
        with self._connection() as connection:
            return connection.execute(SHAPES).fetchall()

    def _existing(self, rows: list[Row]) -> Row:
        if not rows:
            raise UnknownBusiness(self.business_id)
        return rows[0]
