"""Bodies of answers to the bytes that a store keeps, and back, byte by byte the same.

The first byte is the form: 0 is the text itself, in UTF-8; 1 is deflated (RFC 1951) with the words of
`answer_words_1.bin`, which most answers repeat. An answer that would be no shorter is kept as text, and an empty one as
nothing. Words never change: others make another form, and this one is read for ever.
"""

import zlib
from collections.abc import Mapping
from pathlib import Path

from domain.ledger.errors import UnreadableAnswer

PLAIN, DEFLATED = b"\0", b"\1"
WORDS: Mapping[bytes, bytes] = {DEFLATED: Path(__file__).with_name("answer_words_1.bin").read_bytes()}
"""Form → what its answers are deflated with."""
LEVEL = 6
WINDOW_BITS = -13
"""As far back as a match may lie: the words, and a long answer. Raw: without a sum, as a request keeps its digest."""
MEMORY_LEVEL = 5
"""Small tables: they are copied for every answer."""

_DEFLATE = zlib.compressobj(LEVEL, zlib.DEFLATED, WINDOW_BITS, MEMORY_LEVEL, zdict=WORDS[DEFLATED])


def packed(body: str) -> bytes:
    """The bytes to keep of an answer."""
    if not body:
        return b""
    text = body.encode()
    deflate = _DEFLATE.copy()
    deflated = deflate.compress(text) + deflate.flush()
    return DEFLATED + deflated if len(deflated) < len(text) else PLAIN + text


def unpacked(kept: bytes) -> str:
    """The answer that was packed. Raises UnreadableAnswer for an unknown form, and for bytes that are no answer."""
    form, data = kept[:1], kept[1:]
    try:
        if form in WORDS:
            inflate = zlib.decompressobj(WINDOW_BITS, zdict=WORDS[form])
            text = inflate.decompress(data)
            if inflate.eof and not inflate.unused_data:
                return text.decode()
        elif form == PLAIN or not kept:
            return data.decode()
        else:
            raise UnreadableAnswer(f"it has the form {form[0]}: it was written by a newer Carnet")
    except (zlib.error, UnicodeDecodeError) as error:
        raise UnreadableAnswer("its bytes are damaged") from error
    raise UnreadableAnswer("its bytes are damaged")
