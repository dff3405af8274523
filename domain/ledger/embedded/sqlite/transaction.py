"""The SQL of one transaction on one business's ledger."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from json import dumps
from typing import Any

from domain.decision import NewStream
from domain.ledger.answer_bytes import packed, unpacked
from domain.ledger.embedded.sqlite.choosing import chosen
from domain.ledger.embedded.transaction import Written
from domain.ledger.envelope import Head, StoredFact
from domain.ledger.errors import UnknownBusiness
from domain.ledger.proof import seal_of_request
from domain.ledger.records import Answered, Append, FactFilter, Request
from domain.ledger.shapes import SHAPES_MAX, WHOLE, Shape, Shapes
from domain.people.directory import ERASED_NAME, PLACES, Person, Photo, Place, Text

FACT = "position, stream_id, version, shape, data, meta_shape, meta, recorded_at, hash"
SHAPES = "SELECT number, kind, name, name_version, text FROM shapes"
NO_LIMIT = -1
LAST = 2**63 - 1
NUMBER_BITS = 32

ROWS: Mapping[Place, str] = {
    "photos": "photos WHERE business_id = ?1 AND id IN (SELECT id FROM people INDEXED BY people_of_owner"
    " WHERE business_id = ?1 AND owner_id = ?2)",
    "people": "people WHERE business_id = ?1 AND owner_id = ?2",
    "search": "people_search WHERE business_id = ?1 AND person_id = ?2",
    "texts": "texts WHERE business_id = ?1 AND owner_id = ?2",
    "answers": "requests WHERE business_id = ?1 AND body IS NOT NULL"
    " AND instr(' ' || people || ' ', ' ' || ?2 || ' ')",
    "messages": "messages WHERE business_id = ?1 AND customer_id = ?2",
    "keys": f"api_keys WHERE business_id = ?1 AND actor_id = ?2 AND name <> '{ERASED_NAME}'",
}
"""The rows of a customer in each place; photos before the people that name them."""
COUNTS: Mapping[Place, str] = {place: f"SELECT count(*) FROM {rows}" for place, rows in ROWS.items()}
DELETIONS = (
    *(f"DELETE FROM {rows}" for place, rows in ROWS.items() if place not in ("search", "answers", "keys")),
    ROWS["answers"].replace("requests", "UPDATE requests SET body = NULL, salt = NULL", 1),
)


class SqliteTransaction:
    """Many small statements: each takes a few microseconds inside the process, and no round trip."""

    def __init__(self, business_id: str, connection: sqlite3.Connection, shapes: Shapes) -> None:
        self.business_id = business_id
        self.has_erased = False
        self.added_shapes = set[int]()
        self._shapes = shapes
        self._connection = connection

    def _row(self, sql: str, *parameters: object) -> Any:
        return self._connection.execute(sql, (self.business_id, *parameters)).fetchone()

    def _rows(self, sql: str, *parameters: object) -> list[Any]:
        return self._connection.execute(sql, (self.business_id, *parameters)).fetchall()

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
        rows = self._rows(
            f"SELECT {FACT} FROM facts WHERE business_id = ? AND position > ? AND position <= ? {named}"
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
        return self._facts(self._rows(f"SELECT {FACT} {rows} LIMIT ?", *values, limit))

    def stream(
        self,
        stream_id: str,
        after: int | None = None,
        upto: int | None = None,
        *,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[StoredFact]:
        rows = self._rows(
            f"SELECT {FACT} FROM facts WHERE business_id = ? AND stream_id = ?"
            f" AND version > ? AND version <= ? ORDER BY version {'DESC' if desc else 'ASC'} LIMIT ?",
            stream_id,
            -1 if after is None else after,
            LAST if upto is None else upto,
            NO_LIMIT if limit is None else limit,
        )
        return self._facts(rows)

    def cuts(self, facts: int) -> list[tuple[str, int]]:
        # Steps through the index alone. To number all facts takes seven times as long.
        every = (
            "SELECT stream_id, version FROM facts WHERE business_id = ? AND (stream_id, version) > (?, ?)"
            " ORDER BY stream_id, version LIMIT 1 OFFSET ?"
        )
        cuts: dict[str, int] = {}
        at, seen = ("", 0), 0
        while found := self._row(every, *at, facts - 1):
            at, seen = found, seen + facts
            cuts[at[0]] = seen
        return list(cuts.items())

    def by_stream(
        self, after: tuple[str, int], last: str, upto: int, without: Sequence[str], limit: int
    ) -> list[StoredFact]:
        rows = self._rows(
            f"SELECT {FACT} FROM facts WHERE business_id = ? AND (stream_id, version) > (?, ?) AND stream_id <= ?"
            f" AND position <= ? AND {_is_named('NOT IN', without)}"
            " ORDER BY stream_id, version LIMIT ?",
            *after,
            last,
            upto,
            *without,
            limit,
        )
        return self._facts(rows)

    def version(self, stream_id: str) -> int:
        row = self._row("SELECT max(version) FROM facts WHERE business_id = ? AND stream_id = ?", stream_id)
        return row[0] or 0

    def registered(self, stream_id: str) -> NewStream | None:
        row = self._row(
            "SELECT kind, id, customer_id FROM streams WHERE business_id = ? AND id = ?", stream_id
        )
        return None if row is None else NewStream(*row)

    def streams(self, kind: str, after: str, limit: int) -> list[str]:
        rows = self._rows(
            "SELECT id FROM streams WHERE business_id = ? AND id > ? AND kind = ? ORDER BY id LIMIT ?",
            after,
            kind,
            limit,
        )
        return [id for (id,) in rows]

    def streams_of(self, customer_id: str, kind: str) -> list[str]:
        rows = self._rows(
            "SELECT id FROM streams WHERE business_id = ? AND customer_id = ? AND kind = ? ORDER BY opened",
            customer_id,
            kind,
        )
        return [id for (id,) in rows]

    def claimed(self, claims: Sequence[str]) -> list[str]:
        rows = self._rows(
            "SELECT claim FROM claims WHERE business_id = ? AND claim IN (SELECT value FROM json_each(?))",
            dumps(claims),
        )
        return [claim for (claim,) in rows]

    def claimants(self, prefix: str) -> list[str]:
        rows = self._rows(
            "SELECT stream_id FROM claims WHERE business_id = ? AND claim >= ? AND claim < ? ORDER BY claim",
            prefix,
            beyond(prefix),
        )
        return list(dict.fromkeys(stream_id for (stream_id,) in rows))

    def claim_count(self, prefix: str) -> int:
        (count,) = self._row(
            "SELECT count(*) FROM claims WHERE business_id = ? AND claim >= ? AND claim < ?",
            prefix,
            beyond(prefix),
        )
        return int(count)

    def people(self, ids: Sequence[str]) -> list[Person]:
        sql = "SELECT id, owner_id, data FROM people WHERE business_id = ? AND id = ?"
        return [Person(*row) for id in ids if (row := self._row(sql, id)) is not None]

    def people_of(self, owner_id: str) -> list[Person]:
        # Named, because SQLite would choose the primary key, and walk through all people of the business.
        rows = self._rows(
            "SELECT id, owner_id, data FROM people INDEXED BY people_of_owner"
            " WHERE business_id = ? AND owner_id = ? ORDER BY id",
            owner_id,
        )
        return [Person(*row) for row in rows]

    def texts(self, ids: Sequence[str]) -> list[Text]:
        sql = "SELECT id, owner_id, salt, text FROM texts WHERE business_id = ? AND id = ?"
        return [Text(*row) for id in ids if (row := self._row(sql, id)) is not None]

    def photo(self, id: str) -> Photo | None:
        row = self._row("SELECT id, media_type, data FROM photos WHERE business_id = ? AND id = ?", id)
        return None if row is None else Photo(*row)

    def search(self, words: Sequence[str], after: str, at_most: int) -> list[str]:
        found = self._row("SELECT number FROM people_search WHERE business_id = ? ORDER BY number LIMIT 1")
        if found is None:
            return []
        first = found[0] >> NUMBER_BITS << NUMBER_BITS
        from domain.people.name_search import grams_of_words

        grams = " AND ".join(f'"{gram}"' for gram in grams_of_words(words))
        rows = self._connection.execute(
            "SELECT person_id FROM people_grams CROSS JOIN people_search ON number = people_grams.rowid"
            " WHERE people_grams MATCH ?1 AND people_grams.rowid >= ?2 AND people_grams.rowid < ?3"
            " AND person_id > ?4"
            " AND NOT EXISTS (SELECT 1 FROM json_each(?5) WHERE instr(folded, value) = 0) LIMIT ?6",
            (grams, first, first + (1 << NUMBER_BITS), after, dumps(words), at_most),
        )
        return [id for (id,) in rows]

    def personal_data(self, customer_id: str) -> Mapping[Place, int]:
        return {place: self._row(COUNTS[place], customer_id)[0] for place in PLACES}

    def erase(self, customer_id: str, now_ms: int) -> None:
        self.has_erased = True
        self._connection.execute(
            "INSERT INTO copies (one, mark) VALUES (1, random()) ON CONFLICT (one) DO UPDATE SET mark = excluded.mark"
        )
        # The search text goes with the row of the person; the photos are found by theirs, and go before them.
        for sql in DELETIONS:
            self._connection.execute(sql, (self.business_id, customer_id))
        self._connection.execute(
            "UPDATE api_keys SET name = ?, revoked_at = coalesce(revoked_at, ?)"
            " WHERE business_id = ? AND actor_id = ?",
            (ERASED_NAME, now_ms, self.business_id, customer_id),
        )

    def answered(self, keys: Sequence[str]) -> list[Answered]:
        rows = self._rows(
            "SELECT key, fingerprint, first, last, recorded_at, body FROM requests"
            " WHERE business_id = ? AND key IN (SELECT value FROM json_each(?))",
            dumps(keys),
        )
        return [
            Answered(key, fingerprint, first, last, recorded_at, None if body is None else unpacked(body))
            for key, fingerprint, first, last, recorded_at, body in rows
        ]

    def write_facts(self, facts: Sequence[StoredFact]) -> None:
        packed, added = self._shapes.packed(facts, self._keep)
        self.added_shapes |= added
        self._connection.executemany(
            f"INSERT INTO facts (business_id, {FACT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    fact.business_id,
                    fact.position,
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
        self._write_claims(commands)
        for command, _, _ in commands:
            self._write_directory(command)
        self._write_answers(commands)

    def _write_streams(self, commands: Sequence[Written]) -> None:
        rows = []
        for command, facts, _ in commands:
            for stream in command.streams:
                opened = next(fact.position for fact in facts if fact.stream_id == stream.id)
                rows.append((self.business_id, stream.id, stream.kind, stream.customer_id, opened))
        self._connection.executemany(
            "INSERT INTO streams (business_id, id, kind, customer_id, opened) VALUES (?, ?, ?, ?, ?)", rows
        )

    def _write_claims(self, commands: Sequence[Written]) -> None:
        self._connection.executemany(
            "INSERT INTO claims (business_id, claim, stream_id) VALUES (?, ?, ?)",
            [
                (self.business_id, claim.claim, claim.stream_id)
                for command, _, _ in commands
                for claim in command.claims
            ],
        )

    def _write_directory(self, command: Append) -> None:
        for person in command.people:
            self._connection.execute(
                "INSERT INTO people (business_id, id, owner_id, data, salt) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (business_id, id)"
                " DO UPDATE SET owner_id = excluded.owner_id, data = excluded.data, salt = excluded.salt",
                (self.business_id, person.id, person.owner_id, person.data, person.salt),
            )
            write_search(self._connection, self.business_id, person)
        for text in command.texts:
            self._connection.execute(
                "INSERT INTO texts (business_id, id, owner_id, salt, text) VALUES (?, ?, ?, ?, ?)",
                (self.business_id, text.id, text.owner_id, text.salt, text.text),
            )
        for photo in command.photos:
            self._connection.execute(
                "INSERT INTO photos (business_id, id, media_type, data) VALUES (?, ?, ?, ?)",
                (self.business_id, photo.id, photo.media_type, photo.data),
            )

    def _write_answers(self, commands: Sequence[Written]) -> None:
        self._connection.executemany(
            "INSERT INTO requests (business_id, key, fingerprint, first, last, recorded_at,"
            " people, answered, seal, body, salt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                self._answer_row(answer, command.request, sealed=bool(facts))
                for command, facts, answer in commands
                if command.request is not None and answer is not None
            ],
        )

    def _answer_row(self, answer: Answered, request: Request, *, sealed: bool) -> tuple[object, ...]:
        """`sealed`: its first fact commits to the request."""
        people, answered = request.people, request.answered
        return (
            self.business_id,
            answer.key,
            answer.fingerprint,
            answer.first,
            answer.last,
            answer.recorded_at,
            " ".join(people),
            answered,
            b""
            if sealed
            else seal_of_request(
                self.secret(),
                answer.key,
                answer.fingerprint,
                people,
                answered,
                answer.last,
                answer.recorded_at,
            ),
            packed(request.body),
            request.salt,
        )

    def move_head(self, head: Head) -> None:
        self._connection.execute(
            "UPDATE ledgers SET position = ?, hash = ?, recorded_at = ? WHERE business_id = ?",
            (head.position, head.hash, head.recorded_at, self.business_id),
        )


def _is_named(membership: str, names: Sequence[str]) -> str:
    return f"shape {membership} (SELECT number FROM shapes WHERE name IN ({', '.join('?' * len(names))}))"


def write_search(connection: sqlite3.Connection, business_id: str, person: Person) -> None:
    """Write the search text of a customer; a person without one gets no row."""
    # Imported here: commands that write nothing start without the values of facts.
    from domain.people.name_search import grams_of_text
    from domain.people.profile import searched

    found_by = searched(person)
    if found_by is None:
        return
    # Each business has the numbers between two multiples of 2³², given in the order of registration.
    connection.execute(
        "INSERT INTO people_search (number, business_id, person_id, folded, grams) SELECT coalesce("
        f"(SELECT max(number) + 1 FROM people_search WHERE business_id = ?1),"
        f" (SELECT (coalesce(max(number), 0) >> {NUMBER_BITS}) + 1 << {NUMBER_BITS} FROM people_search)"
        "), ?1, ?2, ?3, ?4 WHERE true"
        " ON CONFLICT (business_id, person_id) DO UPDATE SET folded = excluded.folded, grams = excluded.grams"
        " WHERE folded <> excluded.folded",
        (business_id, person.id, found_by, " ".join(grams_of_text(found_by))),
    )


def beyond(prefix: str) -> str | bytes:
    """The smallest value above every string that begins with `prefix`. Prefixes are ours and end in ASCII.

    For the empty prefix it is a blob: SQLite sorts every string before any blob.
    """
    return prefix[:-1] + chr(ord(prefix[-1]) + 1) if prefix else b""
