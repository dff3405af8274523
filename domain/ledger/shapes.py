r"""Facts in few bytes: what facts have in common is kept once, and each fact keeps what it alone says.

    {"effective_at":"2026-11-29T21:03:17.793Z","allocation":1,"units":[5]}      as it was sealed
    {"effective_at":"%t","allocation":%s,"units":%s}                            its shape, kept once
    20261129210317793 in 13 bytes, 1 ␟ [5]                                      what the fact keeps

A shape belongs to one layout of one kind of fact, or to meta. It holds names of fields and words of ours (`WORDS`),
never a text of a business, as it stands for all of them. Its number is made from what it says: it means the same in
every database, and shapes are never changed. What fits no shape is kept whole, under the shape `%s`. The hash of a fact
covers it as it was, so that a wrong shape is found like any other change.

Values of one length, of letters and digits, come first, in base64 without their text form: four of their characters
take three bytes (domain/ledger/dense_values.py tells which). The others follow as text, with a separator between them.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from domain.ledger.dense_values import HOLE, KINDS, SEPARATOR, TEXT, Form, form_of, kind_of, pieces_of
from domain.ledger.envelope import NewFact, StoredFact
from domain.ledger.numbers import number_of

WHOLE = b"%s"
SHAPES_MAX = 4_000
"""Shapes that a database keeps, beside those of what is kept whole."""
SHAPE_BYTES_MAX = 2_000
_ID = rb"[0-9a-hjkmnp-tv-z]{26}"
_VALUE = re.compile(
    rb"((?<=_)" + _ID + rb'(?=")'  # of an id, behind its prefix
    rb'|(?<=[:\[,]")(?![a-z]{2,4}_' + _ID + rb'")(?:[^"\\]|\\.)+(?="(?!:))'  # of a text
    rb"|\[[0-9,\[\].-]+\]"  # numbers
    rb"|(?<=[:\[,])-?[0-9][0-9.eE+-]*(?=[,}\]]))"
)
_NO_SHAPE = re.compile(rb'[^a-z_ "{}\[\],:-]')
WORDS = frozenset(
    (
        b"active after_first_use after_purchase anniversary at_attendance at_booking attended auditor "
        b"business cancelled card cash completed confirmed correction customer days expired expiry "
        b"external forfeit gift household integration key late load manager manual months never no_show "
        b"none now on_date online other owner person purchase purchaser refund restore staff system "
        b"transfer visit weeks years"
    ).split()
) | {b"command line"}
"""Values that a shape may hold."""


class Shape(NamedTuple):
    """What facts of one layout have in common. Without `kind`, `name` and `name_version` it is of meta."""

    number: int
    kind: str
    name: str
    name_version: int
    text: bytes


Layout = tuple[str, str, int]
"""Kind, name and version of a fact."""
OF_META: Layout = ("", "", 0)
RECENT_MAX = 6


class Matcher(NamedTuple):
    match: Callable[[bytes], re.Match[bytes] | None]
    shape: Shape
    form: Form


@lru_cache(maxsize=SHAPES_MAX)
def shape_of(kind: str, name: str, name_version: int, text: bytes) -> Shape:
    """The number has 31 bits of the hash of the rest."""
    digest = sha256(b"\0".join((kind.encode(), name.encode(), str(name_version).encode(), text))).digest()
    return Shape(int.from_bytes(digest[:4], "big") >> 1, kind, name, name_version, text)


class Parted(NamedTuple):
    """Bytes of JSON as shape and values."""

    shape: Shape
    values: bytes


class PackedFact(NamedTuple):
    """A fact as a database keeps it."""

    data: Parted
    meta: Parted


def parted(plain: bytes, kind: str, name: str, name_version: int) -> Parted:
    text, values = _parted(plain)
    return Parted(shape_of(kind, name, name_version, text), values)


def whole(plain: bytes, kind: str, name: str, name_version: int) -> Parted:
    return Parted(shape_of(kind, name, name_version, WHOLE), plain)


def pattern_of(shape: Shape) -> re.Pattern[bytes]:
    """Matches what the shape makes of values without an escape. Its groups are the pieces of the values."""
    texts = HOLE.split(shape.text)
    matched = re.escape(texts[0])
    for before, kind, text in zip(texts[:-1:2], texts[1::2], texts[2::2], strict=True):
        if kind != TEXT:
            matched += KINDS[kind].pattern
        elif before[-1:] in b'"_':
            matched += rb'([^"\\\x1f]*)'
        else:
            matched += rb"([0-9,\[\].eE+-]+)"
        matched += re.escape(text)
    return re.compile(matched)


def _parted(plain: bytes) -> tuple[bytes, bytes]:
    parts = _VALUE.split(plain)
    texts, kinds, values = [parts[0]], list[bytes](), list[bytes]()
    for value, text in zip(parts[1::2], parts[2::2], strict=True):
        if value in WORDS:
            texts[-1] += value + text
        else:
            kinds.append(kind_of(value, texts[-1]))
            values.append(value)
            texts.append(text)
    if _NO_SHAPE.search(b"".join(texts)) or SEPARATOR in plain:
        return WHOLE, plain
    shape = texts[0] + b"".join(b"%" + kind + text for kind, text in zip(kinds, texts[1:], strict=True))
    if len(shape) > SHAPE_BYTES_MAX:
        return WHOLE, plain
    pieces = [piece for kind, value in zip(kinds, values, strict=True) for piece in pieces_of(kind, value)]
    return shape, form_of(shape).pack(pieces)


Keep = Callable[[Sequence[Shape]], Iterable[int]]
"""Adds shapes to the database, as far as it may keep more; the numbers of those that it keeps now."""
Find = Callable[[], Iterable[Sequence[Any]]]
"""Every shape of the database: number, kind, name, name_version and text."""


class Shapes:
    """The shapes of one database, as far as this process has met them."""

    def __init__(self) -> None:
        self._kept: set[int] = set()
        self._readers: dict[int, tuple[Shape, Form]] = {}
        """Number → shape, and how its values are kept."""
        self._recent: dict[Layout, list[Matcher]] = {}
        """The shapes that facts of a layout had of late, the last one first."""

    def packed(self, facts: Sequence[NewFact | StoredFact], keep: Keep) -> tuple[list[PackedFact], set[int]]:
        """The facts by shapes that the database keeps, and the numbers of those that `keep` was asked for."""
        found = [
            PackedFact(
                self._parted(fact.data, (fact.kind, fact.name, fact.name_version)),
                self._parted(fact.meta, OF_META),
            )
            for fact in facts
        ]
        wanted = {part.shape.number: part.shape for fact in found for part in fact}
        kept = self._kept
        added = set[int]()
        if not kept.issuperset(wanted):
            missing = [shape for number, shape in wanted.items() if number not in kept]
            added |= set(keep(missing))
            if not added.issuperset(shape.number for shape in missing):
                wholes = [
                    whole(b"", *key).shape
                    for key in dict.fromkeys([OF_META, *(each[1:4] for each in missing)])
                ]
                added |= set(keep(wholes))
            kept = kept | added
            found = [_within(kept, fact, each) for fact, each in zip(facts, found, strict=True)]
        return found, added

    def _parted(self, plain: bytes, layout: Layout) -> Parted:
        recent = self._recent.setdefault(layout, [])
        for matcher in recent:
            if match := matcher.match(plain):
                return Parted(matcher.shape, matcher.form.pack(match.groups()))
        found = parted(plain, *layout)
        if found.shape.text != WHOLE:
            self._recent[layout] = [
                Matcher(pattern_of(found.shape).fullmatch, found.shape, form_of(found.shape.text)),
                *recent[: RECENT_MAX - 1],
            ]
        return found

    def believe(self, numbers: set[int]) -> None:
        """These shapes are committed."""
        if numbers:
            self._kept = self._kept | numbers

    def forget(self) -> None:
        """Believe no more that the database keeps what it kept: it may be another one."""
        self._kept = set()

    def facts(self, business_id: str, rows: Iterable[Sequence[Any]], find: Find) -> list[StoredFact]:
        """Facts from rows of position, number and id of the stream, version, shape, values, meta's shape and values,
        moment, hash.

        One that its shape does not fit is told with what is kept, under no name: its hash proves it wrong.
        """
        return [self.fact(business_id, row, find) for row in rows]

    def fact(self, business_id: str, row: Sequence[Any], find: Find) -> StoredFact:
        position, stream, stream_id, version, number, values, meta_number, meta_values, recorded_at, hash = (
            row
        )
        shape, data = self._plain(number, values, find)
        if stream_id is None or number_of(stream_id) != stream:
            shape, stream_id = UNKNOWN, stream_id or ""
        _, meta = self._plain(meta_number, meta_values, find)
        return StoredFact(
            business_id,
            position,
            shape.kind,
            stream_id,
            version,
            shape.name,
            shape.name_version,
            data,
            meta,
            recorded_at,
            hash,
        )

    def _plain(self, number: int, values: bytes, find: Find) -> tuple[Shape, bytes]:
        known = self._readers.get(number)
        if known is None:
            for each in find():
                found, kind, name, name_version, text = each
                shape = Shape(found, kind, name, name_version, text.encode())
                self._readers[shape.number] = (shape, form_of(shape.text))
            known = self._readers.get(number)
        if known is None:
            return UNKNOWN, values
        shape, form = known
        plain = form.fill(values)
        return (UNKNOWN, values) if plain is None else (shape, plain)


UNKNOWN = Shape(-1, "", "", 0, WHOLE)


def _within(kept: set[int], fact: NewFact | StoredFact, packed: PackedFact) -> PackedFact:
    key = (fact.kind, fact.name, fact.name_version)
    return PackedFact(
        packed.data if packed.data.shape.number in kept else whole(fact.data, *key),
        packed.meta if packed.meta.shape.number in kept else whole(fact.meta, *OF_META),
    )
