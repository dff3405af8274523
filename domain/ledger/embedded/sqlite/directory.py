"""The directory beside a ledger in a SQLite file: people, their texts and photos, and what they are searched by."""

import sqlite3
from collections.abc import Mapping, Sequence
from json import dumps
from typing import Any

from domain.ledger.numbers import number_of, numbers_in_bytes
from domain.ledger.proof import digest_of_answer
from domain.ledger.records import Append
from domain.people.directory import ERASED_NAME, PLACES, Person, Photo, Place, Text

NUMBER_BITS = 32
"""Each business has the numbers of search texts between two multiples of 2³²."""

OTHERS = "people INDEXED BY people_of_owner WHERE business_id = ?1 AND owner_id = ?2 AND id <> owner_id"
"""The rows of whom somebody answers for. The index is named, because SQLite would choose the primary key, and walk
through all people of the business."""
ROWS: Mapping[Place, str] = {
    "photos": f"photos WHERE business_id = ?1 AND id IN (SELECT id FROM {OTHERS})",
    "people": "people WHERE business_id = ?1 AND owner_id = ?2"
    f" AND id IN (SELECT ?2 UNION ALL SELECT id FROM {OTHERS})",
    "search": "people_search WHERE business_id = ?1 AND person_id = ?2",
    "texts": "texts WHERE business_id = ?1 AND owner_id = ?2",
    "answers": "requests WHERE ledger = ?3 AND body IS NOT NULL"
    " AND instr(people, ?4) % 8 = 1",  # a whole number of those in it
    "messages": "messages WHERE business_id = ?1 AND customer_id = ?2",
    "keys": f"api_keys WHERE business_id = ?1 AND actor_id = ?2 AND name <> '{ERASED_NAME}'",
}
"""The rows of a customer in each place; photos before the people that name them."""
COUNTS: Mapping[Place, str] = {place: f"SELECT count(*) FROM {rows}" for place, rows in ROWS.items()}
DELETIONS = tuple(
    f"DELETE FROM {rows}" for place, rows in ROWS.items() if place not in ("search", "answers", "keys")
)
ANSWERS = f"SELECT key, salt, body FROM {ROWS['answers']}"


class SqliteDirectory:
    """The directory of one business, in a transaction."""

    def __init__(self, business_id: str, connection: sqlite3.Connection) -> None:
        self.business_id = business_id
        self._connection = connection

    def _row(self, sql: str, *parameters: object) -> Any:
        return self._connection.execute(sql, (self.business_id, *parameters)).fetchone()

    def _rows(self, sql: str, *parameters: object) -> list[Any]:
        return self._connection.execute(sql, (self.business_id, *parameters)).fetchall()

    def people(self, ids: Sequence[str]) -> list[Person]:
        sql = "SELECT id, owner_id, data FROM people WHERE business_id = ? AND id = ?"
        return [Person(*row) for id in ids if (row := self._row(sql, id)) is not None]

    def people_of(self, owner_id: str) -> list[Person]:
        rows = self._rows(
            "SELECT id, owner_id, data FROM people WHERE business_id = ?1 AND id = ?2 AND owner_id = ?2"
            f" UNION ALL SELECT id, owner_id, data FROM {OTHERS} ORDER BY id",
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

    def born_on(self, days: Sequence[int], after: str, at_most: int) -> list[str]:
        # Named, because SQLite would choose the primary key, and read the data of all people of the business.
        rows = self._rows(
            "SELECT id FROM people INDEXED BY people_by_birthday WHERE business_id = ?"
            " AND birthday IN (SELECT value FROM json_each(?)) AND id > ? LIMIT ?",
            dumps(list(days)),
            after,
            at_most,
        )
        return [id for (id,) in rows]

    def personal_data(self, customer_id: str) -> Mapping[Place, int]:
        return {place: self._place(COUNTS[place], customer_id).fetchone()[0] for place in PLACES}

    def erase(self, customer_id: str, now_ms: int) -> None:
        self._connection.execute(
            "INSERT INTO copies (one, mark) VALUES (1, random()) ON CONFLICT (one) DO UPDATE SET mark = excluded.mark"
        )
        # The search text goes with the row of the person; the photos are found by theirs, and go before them.
        for sql in DELETIONS:
            self._place(sql, customer_id)
        self._connection.executemany(
            "UPDATE requests SET answered = ?, body = NULL, salt = NULL WHERE ledger = ? AND key = ?",
            [
                (digest_of_answer(salt, body), number_of(self.business_id), key)
                for key, salt, body in self._place(ANSWERS, customer_id).fetchall()
            ],
        )
        self._connection.execute(
            "UPDATE api_keys SET name = ?, revoked_at = coalesce(revoked_at, ?)"
            " WHERE business_id = ? AND actor_id = ?",
            (ERASED_NAME, now_ms, self.business_id, customer_id),
        )

    def _place(self, sql: str, customer_id: str) -> sqlite3.Cursor:
        parameters = (self.business_id, customer_id)
        if "?3" in sql:
            numbers = (number_of(self.business_id), numbers_in_bytes([customer_id]))
            return self._connection.execute(sql, (*parameters, *numbers))
        return self._connection.execute(sql, parameters)

    def write(self, command: Append) -> None:
        for person in command.people:
            self._connection.execute(
                "INSERT INTO people (business_id, id, owner_id, data, salt) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (business_id, id)"
                " DO UPDATE SET owner_id = excluded.owner_id, data = excluded.data, salt = excluded.salt",
                (self.business_id, person.id, person.owner_id, person.data, person.salt),
            )
            _write_search(self._connection, self.business_id, person)
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


def _write_search(connection: sqlite3.Connection, business_id: str, person: Person) -> None:
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
