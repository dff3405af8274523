"""The SQL of one transaction on one business's ledger."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from json import dumps
from typing import Any

from domain.decision import NewStream
from domain.ledger.answer_bytes import unpacked
from domain.ledger.embedded.sqlite.choosing import chosen
from domain.ledger.embedded.sqlite.directory import SqliteDirectory
from domain.ledger.embedded.transaction import Written
from domain.ledger.envelope import Head, StoredFact
from domain.ledger.errors import UnknownBusiness
from domain.ledger.numbers import behind, is_of_another, last_number, number_of
from domain.ledger.proof import moment_in, seal_of_request
from domain.ledger.records import Answered, FactFilter, Request
from domain.ledger.request_keys import packed_key, text_beside, unpacked_key
from domain.ledger.shapes import SHAPES_MAX, WHOLE, Shape, Shapes
from domain.people.directory import Person, Photo, Place, Text

FACT = (
    "position, stream, CASE WHEN stream_id <> '' THEN stream_id ELSE (SELECT o.stream_id FROM facts AS o"
    " WHERE o.ledger = facts.ledger AND o.stream = facts.stream AND o.stream_id <> '' ORDER BY o.version LIMIT 1) END,"
    " version, shape, data, meta_shape, meta, recorded_at, hash"
)
"""A fact as `Shapes.facts` reads it: with the id of its stream, which the first fact of the stream has."""
OF_STREAM = (
    "position, stream, coalesce(nullif(stream_id, ''), ?), version, shape, data, meta_shape, meta, recorded_at,"
    " hash"
)
"""The same where the id is known: the first fact of the stream tells its own."""
STREAM_ID = (
    "(SELECT f.stream_id FROM facts AS f WHERE f.ledger = found.ledger AND f.stream = found.stream"
    " AND f.stream_id <> '' ORDER BY f.version LIMIT 1)"
)
"""The id of the stream of a row `found`."""
SHAPES = "SELECT number, kind, name, name_version, text FROM shapes"
NO_LIMIT = -1
LAST = 2**63 - 1


class SqliteTransaction:
    """Many small statements: each takes a few microseconds inside the process, and no round trip."""

    def __init__(self, business_id: str, connection: sqlite3.Connection, shapes: Shapes) -> None:
        self.business_id = business_id
        self._ledger = number_of(business_id)
        self.has_erased = False
        self.added_shapes = set[int]()
        self._shapes = shapes
        self._connection = connection
        self._directory = SqliteDirectory(business_id, connection)

    def _row(self, sql: str, *parameters: object) -> Any:
        return self._connection.execute(sql, (self.business_id, *parameters)).fetchone()

    def _numbered(self, sql: str, *parameters: object) -> list[Any]:
        """Rows of a table where the number of the business stands."""
        return self._connection.execute(sql, (self._ledger, *parameters)).fetchall()

    def _facts(self, rows: Iterable[Sequence[Any]]) -> list[StoredFact]:
        return self._shapes.facts(self.business_id, rows, lambda: self._connection.execute(SHAPES))

    def _keep(self, shapes: Sequence[Shape]) -> Iterator[int]:
        (count,) = self._connection.execute("SELECT count(*) FROM shapes").fetchone()
        for shape in shapes:
            wanted = (*shape[:4], shape.text.decode())
            known = self._connection.execute(f"{SHAPES} WHERE number = ?", (shape.number,)).fetchone()
            if known is None and (count < SHAPES_MAX or shape.text == WHOLE):
                self._connection.execute("INSERT INTO shapes VALUES (?, ?, ?, ?, ?)", wanted)
                known, count = wanted, count + 1
            if known == wanted:
                yield shape.number

    def head(self) -> Head:
        row = self._row("SELECT position, hash, recorded_at FROM ledgers WHERE business_id = ?")
        if row is None:
            raise UnknownBusiness(self.business_id)
        return Head(*row)

    def secret(self) -> bytes:
        row = self._row("SELECT secret FROM ledgers WHERE business_id = ?")
        if row is None:
            raise UnknownBusiness(self.business_id)
        return bytes(row[0])

    def facts(
        self, after: int, upto: int | None, limit: int, names: Sequence[str], without: Sequence[str] = ()
    ) -> list[StoredFact]:
        named = f"AND {_is_named('IN', names)}" if names else ""
        named += f" AND {_is_named('NOT IN', without)}" if without else ""
        rows = self._numbered(
            f"SELECT {FACT} FROM facts WHERE ledger = ? AND position > ? AND position <= ? {named}"
            " ORDER BY position LIMIT ?",
            after,
            LAST if upto is None else upto,
            *names,
            *without,
            limit,
        )
        return self._facts(rows)

    def chosen_facts(
        self, wanted: FactFilter, after: int, upto: int, limit: int, *, newest_first: bool = False
    ) -> list[StoredFact]:
        rows, values = chosen(wanted, after, upto, newest_first=newest_first)
        return self._facts(self._numbered(f"SELECT {FACT} {rows} LIMIT ?", *values, limit))

    def stream(
        self,
        stream_id: str,
        after: int | None = None,
        upto: int | None = None,
        *,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[StoredFact]:
        rows = self._connection.execute(
            f"SELECT {OF_STREAM} FROM facts WHERE ledger = ? AND stream = ?"
            f" AND version > ? AND version <= ? ORDER BY version {'DESC' if desc else 'ASC'} LIMIT ?",
            (
                stream_id,
                self._ledger,
                number_of(stream_id),
                -1 if after is None else after,
                LAST if upto is None else upto,
                NO_LIMIT if limit is None else limit,
            ),
        ).fetchall()
        return [] if any(is_of_another(row[2], stream_id) for row in rows) else self._facts(rows)

    def cuts(self, facts: int) -> list[tuple[str, int]]:
        # Steps through the index alone. To number all facts takes seven times as long.
        every = (
            "SELECT stream, version FROM facts WHERE ledger = ? AND (stream, version) > (?, ?)"
            " ORDER BY stream, version LIMIT 1 OFFSET ?"
        )
        cuts: dict[int, int] = {}
        at, seen = (-1, 0), 0
        while found := self._numbered(every, *at, facts - 1):
            (at,), seen = found, seen + facts
            cuts[at[0]] = seen
        named = f"SELECT {STREAM_ID} FROM (SELECT ? AS ledger, ? AS stream) AS found"
        return [(self._numbered(named, stream)[0][0], upto) for stream, upto in cuts.items()]

    def by_stream(
        self, after: tuple[str, int], last: str, upto: int, without: Sequence[str], limit: int
    ) -> list[StoredFact]:
        rows = self._numbered(
            f"SELECT {FACT} FROM facts WHERE ledger = ? AND (stream, version) > (?, ?) AND stream <= ?"
            f" AND position <= ? AND {_is_named('NOT IN', without)}"
            " ORDER BY stream, version LIMIT ?",
            behind(after[0]),
            after[1],
            last_number(last),
            upto,
            *without,
            limit,
        )
        return self._facts(rows)

    def version(self, stream_id: str) -> int:
        version = "SELECT max(version) FROM facts WHERE ledger = ? AND stream = ?"
        ((found,),) = self._numbered(version, number_of(stream_id))
        return found or 0

    def registered(self, stream_id: str) -> NewStream | None:
        customer = STREAM_ID.replace("found.stream", "found.customer")
        rows = self._numbered(
            f"SELECT kind, {customer} FROM streams AS found WHERE ledger = ? AND stream = ?",
            number_of(stream_id),
        )
        return NewStream(rows[0][0], stream_id, rows[0][1]) if rows else None

    def streams(self, kind: str, after: str, limit: int) -> list[str]:
        rows = self._numbered(
            f"SELECT {STREAM_ID} FROM streams AS found WHERE ledger = ? AND stream > ? AND kind = ?"
            " ORDER BY stream LIMIT ?",
            behind(after),
            kind,
            limit,
        )
        return [id for (id,) in rows]

    def streams_of(self, customer_id: str, kind: str) -> list[str]:
        rows = self._numbered(
            f"SELECT {STREAM_ID} FROM streams AS found WHERE ledger = ? AND customer = ? AND kind = ? ORDER BY opened",
            number_of(customer_id),
            kind,
        )
        return [id for (id,) in rows]

    def unspent(self, customer_id: str) -> list[str]:
        rows = self._numbered(
            f"SELECT {STREAM_ID} FROM streams AS found WHERE ledger = ?1 AND customer = ?2 AND kind = 'package'"
            " AND (spent IS NULL OR spent <>"
            " (SELECT max(version) FROM facts WHERE ledger = ?1 AND stream = found.stream)) ORDER BY opened",
            number_of(customer_id),
        )
        return [id for (id,) in rows]

    def packages_moved(self, customers: Sequence[str], after: int) -> list[str]:
        # CROSS JOIN: the new facts first, as there are few of them.
        rows = self._numbered(
            f"SELECT {STREAM_ID} FROM facts AS moved CROSS JOIN streams AS found"
            " ON found.ledger = moved.ledger AND found.stream = moved.stream"
            " WHERE moved.ledger = ? AND moved.position > ? AND kind = 'package'"
            " AND customer IN (SELECT value FROM json_each(?))",
            after,
            dumps([number_of(id) for id in customers]),
        )
        return [id for (id,) in rows]

    def claimed(self, claims: Sequence[str]) -> list[str]:
        rows = self._numbered(
            "SELECT claim FROM claims WHERE ledger = ? AND claim IN (SELECT value FROM json_each(?))",
            dumps(claims),
        )
        return [claim for (claim,) in rows]

    def claimants(self, prefix: str) -> list[str]:
        rows = self._numbered(
            f"SELECT {STREAM_ID} FROM claims AS found WHERE ledger = ? AND claim >= ? AND claim < ? ORDER BY claim",
            prefix,
            beyond(prefix),
        )
        return list(dict.fromkeys(stream_id for (stream_id,) in rows))

    def claim_count(self, prefix: str) -> int:
        ((count,),) = self._numbered(
            "SELECT count(*) FROM claims WHERE ledger = ? AND claim >= ? AND claim < ?",
            prefix,
            beyond(prefix),
        )
        return int(count)

    def people(self, ids: Sequence[str]) -> list[Person]:
        return self._directory.people(ids)

    def people_of(self, owner_id: str) -> list[Person]:
        return self._directory.people_of(owner_id)

    def texts(self, ids: Sequence[str]) -> list[Text]:
        return self._directory.texts(ids)

    def photo(self, id: str) -> Photo | None:
        return self._directory.photo(id)

    def search(self, words: Sequence[str], after: str, at_most: int) -> list[str]:
        return self._directory.search(words, after, at_most)

    def born_on(self, days: Sequence[int], after: str, at_most: int) -> list[str]:
        return self._directory.born_on(days, after, at_most)

    def personal_data(self, customer_id: str) -> Mapping[Place, int]:
        return self._directory.personal_data(customer_id)

    def erase(self, customer_id: str, now_ms: int) -> None:
        self.has_erased = True
        self._directory.erase(customer_id, now_ms)

    def answered(self, keys: Sequence[str]) -> list[Answered]:
        rows = self._numbered(
            "SELECT key, key_text, fingerprint, first, facts, seal, body, (SELECT recorded_at FROM facts"
            " WHERE facts.ledger = requests.ledger AND position = first) FROM requests"
            f" WHERE ledger = ? AND key IN ({', '.join('?' * len(keys))})",
            *map(packed_key, keys),
        )
        return [
            Answered(
                unpacked_key(key, text),
                fingerprint,
                first,
                first + max(facts - 1, 0),
                recorded_at if facts else moment_in(seal),
                None if body is None else unpacked(body),
            )
            for key, text, fingerprint, first, facts, seal, body, recorded_at in rows
        ]

    def write_facts(self, facts: Sequence[StoredFact]) -> None:
        packed, added = self._shapes.packed(facts, self._keep)
        self.added_shapes |= added
        self._connection.executemany(
            "INSERT INTO facts (ledger, position, stream, stream_id, version, shape, data, meta_shape, meta,"
            " recorded_at, hash) SELECT ?1, ?2, ?3, CASE WHEN ?5 > 1 AND EXISTS"
            " (SELECT 1 FROM facts WHERE ledger = ?1 AND stream = ?3) THEN '' ELSE ?4 END,"
            " ?5, ?6, ?7, ?8, ?9, ?10, ?11",
            (
                (
                    self._ledger,
                    fact.position,
                    number_of(fact.stream_id),
                    fact.stream_id,
                    fact.version,
                    data.shape.number,
                    data.values,
                    meta.shape.number,
                    meta.values,
                    fact.recorded_at,
                    fact.hash,
                )
                for fact, (data, meta) in zip(facts, packed, strict=True)
            ),
        )

    def write_beside(self, commands: Sequence[Written]) -> None:
        self._write_streams(commands)
        self._mark_spent(commands)
        self._write_claims(commands)
        for command, _, _ in commands:
            self._directory.write(command)
        self._write_answers(commands)

    def _write_streams(self, commands: Sequence[Written]) -> None:
        rows = []
        for command, facts, _ in commands:
            for stream in command.streams:
                opened = next(fact.position for fact in facts if fact.stream_id == stream.id)
                customer = None if stream.customer_id is None else number_of(stream.customer_id)
                rows.append((self._ledger, number_of(stream.id), stream.kind, customer, opened))
        self._connection.executemany(
            "INSERT INTO streams (ledger, stream, kind, customer, opened) VALUES (?, ?, ?, ?, ?)", rows
        )

    def _mark_spent(self, commands: Sequence[Written]) -> None:
        marks = [mark for command, _, _ in commands for mark in command.spent.items()]
        if marks:
            self._connection.executemany(
                "UPDATE streams SET spent = nullif(?, 0) WHERE ledger = ? AND stream = ?",
                [(version, self._ledger, number_of(id)) for id, version in marks],
            )

    def _write_claims(self, commands: Sequence[Written]) -> None:
        self._connection.executemany(
            "INSERT INTO claims (ledger, claim, stream) VALUES (?, ?, ?)",
            [
                (self._ledger, claim.claim, number_of(claim.stream_id))
                for command, _, _ in commands
                for claim in command.claims
            ],
        )

    def _write_answers(self, commands: Sequence[Written]) -> None:
        self._connection.executemany(
            "INSERT INTO requests (ledger, key, key_text, fingerprint, first, facts,"
            " people, answered, seal, body, salt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                self._answer_row(answer, command.request, len(facts))
                for command, facts, answer in commands
                if command.request is not None and answer is not None
            ],
        )

    def _answer_row(self, answer: Answered, request: Request, facts: int) -> tuple[object, ...]:
        return (
            self._ledger,
            packed_key(answer.key),
            text_beside(answer.key),
            answer.fingerprint,
            answer.first,
            facts,
            request.shown,
            b"",
            b""
            if facts  # the first one commits to the request
            else seal_of_request(
                self.secret(),
                answer.key,
                answer.fingerprint,
                request.shown,
                request.answered,
                answer.last,
                answer.recorded_at,
            ),
            request.kept,
            request.salt,
        )

    def move_head(self, head: Head) -> None:
        self._connection.execute(
            "UPDATE ledgers SET position = ?, hash = ?, recorded_at = ? WHERE business_id = ?",
            (head.position, head.hash, head.recorded_at, self.business_id),
        )


def _is_named(membership: str, names: Sequence[str]) -> str:
    return f"shape {membership} (SELECT number FROM shapes WHERE name IN ({', '.join('?' * len(names))}))"


def beyond(prefix: str) -> str | bytes:
    """The smallest value above every string that begins with `prefix`. Prefixes are ours and end in ASCII.

    For the empty prefix it is a blob: SQLite sorts every string before any blob.
    """
    return prefix[:-1] + chr(ord(prefix[-1]) + 1) if prefix else b""
