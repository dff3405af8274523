"""What the SQL functions of the ledger return, as values."""

from collections.abc import Iterable

from domain.decision import Reads
from domain.ledger.answer_bytes import unpacked
from domain.ledger.envelope import Head, StoredFact
from domain.ledger.errors import UnknownBusiness
from domain.ledger.numbers import number_of
from domain.ledger.postgres.packed_facts import Row, Unpack
from domain.ledger.records import Answered, Conflict, Loaded, Stored
from domain.ledger.request_keys import unpacked_key
from domain.people.directory import Person

HEAD, FACTS, PEOPLE, COUNTS, ANSWERS = range(5)


def loaded(business_id: str, wanted: Reads, rows: Iterable[Row], unpack: Unpack) -> Loaded:
    """Parse the rows of the SQL function `load` (0006_load.sql lists its parts).

    Raises UnknownBusiness when there is no row of the head.
    """
    head: Head | None = None
    facts: list[StoredFact] = []
    people: list[Person] = []
    counts: dict[str, int] = {}
    answered: dict[str, Answered] = {}
    ids = {number_of(id): id for id in wanted.streams}
    for part, position, moment, last, stream, version, name_version, kind, id, name, data, meta, hash in rows:
        if part == FACTS:
            if id:
                ids[stream] = id
            fact = (position, stream, ids.get(stream), version, name_version, data, last, meta, moment, hash)
            facts.append(unpack(business_id, fact))
        elif part == HEAD:
            head = Head(position, hash, moment)
        elif part == PEOPLE:
            people.append(Person(id, kind, name))
        elif part == COUNTS:
            counts[wanted.counted[int(id) - 1]] = position
        elif part == ANSWERS:
            key = unpacked_key(hash, name)
            answered[key] = Answered(
                key, data, position, last, moment, None if meta is None else unpacked(meta)
            )
    if head is None:
        raise UnknownBusiness(business_id)
    return Loaded(facts, counts, people, answered, head)


def outcome(first: int, last: int, recorded_at: int, conflict: str | None) -> Stored | Conflict:
    """A row of the type `outcome` (0005_append.sql)."""
    return Stored(first, last, recorded_at) if conflict is None else Conflict(conflict)
