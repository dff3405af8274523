"""Bodies of answers to the bytes that a store keeps, and back, byte by byte the same.

The first byte is the form: 0 is the text itself, in UTF-8; 1 is a frame of zstd (RFC 8878) without its first four
bytes, with the dictionary of `answer_words_1.bin`: what most answers repeat, and how often each character comes. An
answer that would be no shorter is kept as text, and an empty one as nothing. A dictionary never changes: another one
makes another form, and this one is read for ever.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from domain.ledger.errors import UnreadableAnswer

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PLAIN, COMPRESSED = b"\0", b"\1"
WORDS: Mapping[bytes, bytes] = {COMPRESSED: Path(__file__).with_name("answer_words_1.bin").read_bytes()}
"""Form → the dictionary of its answers."""
LEVEL = 9
MAGIC = zstd.compress(b"")[:4]
"""Every frame begins with it, so that none needs to keep it."""
_OPTIONS: Mapping[int, int] = {
    zstd.CompressionParameter.compression_level: LEVEL,
    zstd.CompressionParameter.checksum_flag: 0,  # a request keeps the digest of its answer
    zstd.CompressionParameter.content_size_flag: 0,
    zstd.CompressionParameter.dict_id_flag: 0,
}
_DICTIONARIES = {form: zstd.ZstdDict(words) for form, words in WORDS.items()}
_COMPRESSOR = zstd.ZstdCompressor(options=_OPTIONS, zstd_dict=_DICTIONARIES[COMPRESSED])
"""One for all threads: each frame is made under its lock."""


def packed(body: str) -> bytes:
    """The bytes to keep of an answer."""
    if not body:
        return b""
    text = body.encode()
    frame = _COMPRESSOR.compress(text, zstd.ZstdCompressor.FLUSH_FRAME)
    return COMPRESSED + frame[len(MAGIC) :] if len(frame) - len(MAGIC) < len(text) else PLAIN + text


def unpacked(kept: bytes) -> str:
    """The answer that was packed. Raises UnreadableAnswer for an unknown form, and for bytes that are no answer."""
    form, data = kept[:1], kept[1:]
    try:
        if form in WORDS:
            return zstd.decompress(MAGIC + data, _DICTIONARIES[form]).decode()
        if form == PLAIN or not kept:
            return data.decode()
    except (zstd.ZstdError, UnicodeDecodeError) as error:
        raise UnreadableAnswer("its bytes are damaged") from error
    raise UnreadableAnswer(f"it has the form {form[0]}: it was written by a newer Carnet")
