"""Arguments of the ledger's SQL functions in PostgreSQL's binary format: `command[]` and `question[]`.

Written by hand because it is the hot path: the driver's own dumpers of lists and composites take several times
as long as the append itself. The layouts are those of `array_recv` and `record_recv`. The fields have the
order of the types in 0005_append.sql and 0006_load.sql; the server refuses any other type in a field.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct
from typing import Generic, TypeVar

from psycopg import Connection
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

from domain.claims import Claim
from domain.decision import NewStream, Reads
from domain.ledger.envelope import NewFact
from domain.ledger.errors import WrongSchema
from domain.ledger.numbers import number_of
from domain.ledger.records import Append, with_openings
from domain.ledger.request_keys import KEY_BYTES, packed_key, text_beside
from domain.ledger.shapes import PackedFact
from domain.people.directory import Person, Text

BOOLEAN, BYTEA, NUMBER, INTEGER, TEXT, KEY = 16, 17, 20, 23, 25, 2950
INTEGERS, TEXTS, NUMBERS, KEYS = 1007, 1009, 1016, 2951
NULL = -1

MAX_CODE_POINT = 0x10FFFF
SURROGATES = range(0xD800, 0xE000)

Item = TypeVar("Item")

_int = Struct("!i").pack
_field = Struct("!ii").pack
_integer_field = Struct("!iii").pack
_number_field = Struct("!iiq").pack
_long = Struct("!q").pack
_array_head = Struct("!iiiii").pack
_empty_array = Struct("!iii").pack

_TWO_FIELDS, _THREE_FIELDS, _FACT_FIELDS = _int(2), _int(3), _int(13)


@dataclass(frozen=True, slots=True)
class Batch:
    """The bytes of an array of composites."""

    data: bytes


class BatchDumper(Dumper):
    """Sends a Batch as it is; the server knows its type from the function."""

    format = Format.BINARY

    def dump(self, obj: Batch) -> Buffer:
        return obj.data


class BinaryFormat:
    """Encodes batches for one schema: its composite types have oids of their own."""

    TYPES = ("question", "command", "seen", "new_fact", "new_claim", "new_stream", "new_person", "new_text")

    def __init__(self, oids: Mapping[str, tuple[int, int]]) -> None:
        """`oids`: type name → (its oid, its array's oid)."""
        self._question = oids["question"][0]
        self._command = oids["command"][0]
        self._reads = _ArrayField(oids["seen"], _seen)
        self._facts = _ArrayField(oids["new_fact"], _fact)
        self._claims = _ArrayField(oids["new_claim"], _claim)
        self._streams = _ArrayField(oids["new_stream"], _stream)
        self._people = _ArrayField(oids["new_person"], _person)
        self._texts = _ArrayField(oids["new_text"], _text_row)

    @classmethod
    def of(cls, connection: Connection) -> "BinaryFormat":
        """The encoder of the schema that the connection's search_path names."""
        rows = connection.execute(
            "SELECT typname, oid::int8, typarray::int8 FROM pg_type"
            " WHERE typnamespace = current_schema()::regnamespace AND typname = ANY (%s)",
            [list(cls.TYPES)],
        ).fetchall()
        found = {name: (oid, array_oid) for name, oid, array_oid in rows}
        if missing := sorted(set(cls.TYPES) - set(found)):
            raise WrongSchema(
                f"the ledger's schema is not whole (no type {missing[0]}): restore the whole dump"
            )
        return cls(found)

    def batch(self, commands: Iterable[Append], kept: Iterable[PackedFact]) -> Batch:
        """`kept`: the facts of all commands, in order."""
        facts = iter(kept)
        return Batch(_array(self._command, [self._row(command, facts) for command in commands]))

    def questions(self, asked: Iterable[tuple[str, Reads, Sequence[str]]]) -> Batch:
        """`asked`: (business id, its reads, request keys) each."""
        return Batch(_array(self._question, [_question(*each) for each in asked]))

    def _row(self, command: Append, kept: Iterator[PackedFact]) -> bytes:
        request = command.request
        if request is None:
            asked = _null(KEY) + _null(TEXT) + _null(BYTEA) * 3
            proofs = _null(BYTEA) + _null(BYTEA)
        else:
            asked = (
                _field(KEY, KEY_BYTES)
                + packed_key(request.key)
                + _text(text_beside(request.key))
                + _bytes(request.fingerprint)
                + _bytes(request.kept)
                + _bytes(request.shown)
            )
            proofs = _bytes(request.salt) + _bytes(request.answered)
        return b"".join(
            (
                _int(16),
                asked,
                self._reads(command.read.items()),
                self._facts([(fact, next(kept), opens) for fact, opens in with_openings(command)]),
                self._claims(command.claims),
                self._streams(command.streams),
                self._people(command.people),
                self._texts(command.texts),
                proofs,
                _numbers(command.unspent_of),
                _long_field(command.seen_upto),
                self._reads(command.spent.items()),
            )
        )


class _ArrayField(Generic[Item]):
    """A field of a command: an array of one composite type, mostly empty."""

    def __init__(self, oids: tuple[int, int], row: Callable[[Item], bytes]) -> None:
        self._oid, array_oid = oids
        self._row = row
        self._array_oid = array_oid
        self._empty = self._field([])

    def __call__(self, items: Collection[Item]) -> bytes:
        return self._field([self._row(item) for item in items]) if items else self._empty

    def _field(self, rows: Sequence[bytes]) -> bytes:
        data = _array(self._oid, rows)
        return _field(self._array_oid, len(data)) + data


def _question(business_id: str, wanted: Reads, keys: Sequence[str]) -> bytes:
    return b"".join(
        (
            _int(11),
            _text(business_id),
            _numbers(wanted.streams),
            _integers(wanted.streams.values()),
            _numbers(wanted.packages_of),
            _texts(wanted.claimed),
            _texts(map(beyond, wanted.claimed)),
            _flag(wanted.with_customers),
            _texts(wanted.counted),
            _texts(map(beyond, wanted.counted)),
            _keys(map(packed_key, keys)),
            _numbers(wanted.unspent_of),
        )
    )


def _seen(item: tuple[str, int]) -> bytes:
    return _THREE_FIELDS + _number(item[0]) + _text(item[0]) + _integer(item[1])


def _fact(item: tuple[NewFact, PackedFact, bool]) -> bytes:
    fact, (data, meta), opens = item
    return b"".join(
        (
            _FACT_FIELDS,
            _known_text(fact.kind),
            _number(fact.stream_id),
            _text(fact.stream_id),
            _integer(fact.version),
            _known_text(fact.name),
            _integer(fact.name_version),
            _bytes(fact.data),
            _bytes(fact.meta),
            _integer(data.shape.number),
            _bytes(data.values),
            _integer(meta.shape.number),
            _bytes(meta.values),
            _OPENS if opens else _GOES_ON,
        )
    )


def _claim(claim: Claim) -> bytes:
    return _TWO_FIELDS + _text(claim.claim) + _number(claim.stream_id)


def _stream(stream: NewStream) -> bytes:
    customer = _null(NUMBER) if stream.customer_id is None else _number(stream.customer_id)
    return _THREE_FIELDS + _known_text(stream.kind) + _number(stream.id) + customer


def _person(person: Person) -> bytes:
    return _int(4) + _text(person.id) + _text(person.owner_id) + _text(person.data) + _bytes(person.salt)


def _text_row(text: Text) -> bytes:
    return _int(4) + _text(text.id) + _text(text.owner_id) + _bytes(text.salt) + _text(text.text)


def _text(value: str) -> bytes:
    data = value.encode()
    return _field(TEXT, len(data)) + data


_known_text = lru_cache(maxsize=256)(_text)
"""For stream kinds and names of facts: few texts, used again and again."""


def _bytes(value: bytes) -> bytes:
    return _field(BYTEA, len(value)) + value


def _integer(value: int) -> bytes:
    return _integer_field(INTEGER, 4, value)


def _number(id: str) -> bytes:
    return _number_field(NUMBER, 8, number_of(id))


def _long_field(value: int) -> bytes:
    return _number_field(NUMBER, 8, value)


def _numbers(ids: Iterable[str]) -> bytes:
    data = _array(NUMBER, [_long(number_of(id)) for id in ids])
    return _field(NUMBERS, len(data)) + data


def _texts(values: Iterable[str]) -> bytes:
    data = _array(TEXT, [value.encode() for value in values])
    return _field(TEXTS, len(data)) + data


def _keys(values: Iterable[bytes]) -> bytes:
    data = _array(KEY, list(values))
    return _field(KEYS, len(data)) + data


def _integers(values: Iterable[int]) -> bytes:
    data = _array(INTEGER, [_int(value) for value in values])
    return _field(INTEGERS, len(data)) + data


def _flag(value: bool) -> bytes:
    return _field(BOOLEAN, 1) + (b"\1" if value else b"\0")


_OPENS, _GOES_ON = _flag(True), _flag(False)


def _null(oid: int) -> bytes:
    return _field(oid, NULL)


def _array(oid: int, items: Sequence[bytes]) -> bytes:
    if not items:
        return _empty_array(0, 0, oid)
    return b"".join([_array_head(1, 0, oid, len(items), 1), *[_int(len(item)) + item for item in items]])


def beyond(prefix: str) -> str:
    """The lowest text, by code points, above every text that begins with `prefix`."""
    while prefix and ord(prefix[-1]) == MAX_CODE_POINT:
        prefix = prefix[:-1]
    if not prefix:
        return chr(MAX_CODE_POINT)
    following = ord(prefix[-1]) + 1
    return prefix[:-1] + chr(SURROGATES.stop if following in SURROGATES else following)
