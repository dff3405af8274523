r"""The values of a shape in few bytes: those of one length without their text form, and the others as text.

A hole of a shape tells what fills it:

    %i   an id of ours without its prefix, which begins with 0     25 characters are kept
    %p   a proof: 16 bytes in base64url                            22 characters
    %t   a moment, such as 2026-11-29T21:03:17.793Z                17 digits
    %d   a day, such as 2026-11-29                                 8 digits
    %s   any other value, as text

The characters of all holes but `%s` are put together and read as base64url: four take three bytes. Bits that are left
over are 0. The texts follow, with a separator between them.
"""

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from struct import Struct
from typing import NamedTuple

SEPARATOR = b"\x1f"
"""Between texts. JSON holds no such character."""
HOLE = re.compile(rb"%([idpst])")
TEXT = b"s"
FORMS_MAX = 4_096
CHARACTER_BITS = 6
_FROM_URL = bytes.maketrans(b"-_", b"+/")
_TO_URL = bytes.maketrans(b"+/", b"-_")


class Kind(NamedTuple):
    """What a hole holds: with %s for each of its pieces, and the pattern whose groups the pieces are."""

    text: bytes
    pattern: bytes
    lengths: tuple[int, ...]


def _kind(text: bytes, *pieces: tuple[bytes, int]) -> Kind:
    groups = tuple(b"(" + characters + b"{%d})" % length for characters, length in pieces)
    return Kind(text, re.escape(text).replace(b"%s", b"%b") % groups, tuple(length for _, length in pieces))


_DAY = ((rb"[0-9]", 4), (rb"[0-9]", 2), (rb"[0-9]", 2))
KINDS: Mapping[bytes, Kind] = {
    b"i": _kind(b"0%s", (rb"[0-9a-hjkmnp-tv-z]", 25)),
    b"p": _kind(b"%s", (rb"[0-9A-Za-z_-]", 22)),
    b"t": _kind(
        b"%s-%s-%sT%s:%s:%s.%sZ", *_DAY, (rb"[0-9]", 2), (rb"[0-9]", 2), (rb"[0-9]", 2), (rb"[0-9]", 3)
    ),
    b"d": _kind(b"%s-%s-%s", *_DAY),
}
_MATCHES = {name: re.compile(kind.pattern).fullmatch for name, kind in KINDS.items()}


def kind_of(value: bytes, before: bytes) -> bytes:
    """The kind of hole for a value that stands behind this text of its shape."""
    if before.endswith(b"_"):
        return b"i" if _MATCHES[b"i"](value) else TEXT
    if not before.endswith(b'"'):
        return TEXT
    if before.endswith((b'"proof":"', b'"secret":"')) or before == b'":"':  # behind the id of a person
        return b"p" if _MATCHES[b"p"](value) else TEXT
    return next((kind for kind in (b"t", b"d") if _MATCHES[kind](value)), TEXT)


def pieces_of(kind: bytes, value: bytes) -> Sequence[bytes]:
    match = _MATCHES[kind](value) if kind != TEXT else None
    return match.groups() if match else (value,)


class Form(NamedTuple):
    """How the values of one shape are kept."""

    pack: Callable[[Sequence[bytes]], bytes]
    """Pieces of the values, in the order of the shape → the bytes to keep."""
    fill: Callable[[bytes], bytes | None]
    """The bytes that were kept → what the shape makes of them; None: they do not fit."""


@lru_cache(maxsize=FORMS_MAX)
def form_of(text: bytes) -> Form:
    """That of a shape with this text."""
    kinds = HOLE.findall(text)
    if not kinds:
        return Form(lambda _: b"", lambda values: None if values else text)
    template = b"".join(
        part.replace(b"%", b"%%") if n % 2 == 0 else b"%s" if part == TEXT else KINDS[part].text
        for n, part in enumerate(HOLE.split(text))
    )
    if set(kinds) == {TEXT}:
        return _of_texts(template, len(kinds))
    is_text, lengths = list[bool](), list[int]()
    for kind in kinds:
        pieces = () if kind == TEXT else KINDS[kind].lengths
        is_text += [False] * len(pieces) or [True]
        lengths += pieces
    return _of_both(template, is_text, lengths, has_marks=b"p" in kinds)


def _of_texts(template: bytes, texts: int) -> Form:
    if texts == 1:
        return Form(lambda pieces: pieces[0], lambda values: template % (values,))

    def fill(values: bytes) -> bytes | None:
        parts = values.split(SEPARATOR)
        return template % tuple(parts) if len(parts) == texts else None

    return Form(SEPARATOR.join, fill)


def _of_both(template: bytes, is_text: Sequence[bool], lengths: Sequence[int], has_marks: bool) -> Form:
    """`has_marks`: whether a value may hold the two characters that base64url writes otherwise than base64."""
    characters = sum(lengths)
    padding = b"A" * (-characters % 4)
    size = -(-characters * CHARACTER_BITS // 8)
    last, spare = size - 1, (1 << (size * 8 - characters * CHARACTER_BITS)) - 1
    cut = Struct("".join(f"{length}s" for length in lengths)).unpack_from
    texts = sum(is_text)

    def packed(pieces: Iterable[bytes]) -> bytes:
        joined = b"".join(pieces) + padding
        return a2b_base64(joined.translate(_FROM_URL) if has_marks else joined)[:size]

    def fill_dense(values: bytes) -> bytes | None:
        if len(values) != size or values[last] & spare:
            return None
        spelled = b2a_base64(values)
        return template % cut(spelled.translate(_TO_URL) if has_marks else spelled)

    if not texts:
        return Form(packed, fill_dense)

    order = sorted(range(len(is_text)), key=is_text.__getitem__)
    dense_of, texts_of = _picking(order[:-texts]), _picking(order[-texts:])
    in_order = _picking([order.index(place) for place in range(len(order))])

    def pack(pieces: Sequence[bytes]) -> bytes:
        return packed(dense_of(pieces)) + SEPARATOR.join(texts_of(pieces))

    def fill(values: bytes) -> bytes | None:
        given = values[size:].split(SEPARATOR)
        if len(given) != texts or len(values) < size or values[last] & spare:
            return None
        spelled = b2a_base64(values[:size])
        return template % in_order((*cut(spelled.translate(_TO_URL) if has_marks else spelled), *given))

    return Form(pack, fill)


def _picking(places: Sequence[int]) -> Callable[[Sequence[bytes]], tuple[bytes, ...]]:
    """Makes a tuple of the pieces at these places."""
    if len(places) > 1:
        return itemgetter(*places)
    place = places[0]
    return lambda pieces: (pieces[place],)
