"""Request keys to what a store keeps, and back.

A UUID in its usual form, which most clients send, is kept as its 16 bytes. Of any other key the first 16 bytes of its
SHA-256 stand there, marked as a UUID of version 15, and beside them the key itself. There is no such version, and one
that a client makes up is kept like any other text: no two keys are ever kept alike.
"""

from collections.abc import Iterable
from hashlib import sha256
from re import compile as pattern
from uuid import UUID

KEY_BYTES = 16
VERSION_BYTE, VERSION_15 = 6, 0xF0
_is_uuid = pattern("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-e][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch


def packed_key(key: str) -> bytes:
    if _is_uuid(key):
        return bytes.fromhex(key.replace("-", ""))
    hashed = bytearray(sha256(key.encode()).digest()[:KEY_BYTES])
    hashed[VERSION_BYTE] |= VERSION_15
    return bytes(hashed)


def text_beside(key: str) -> str:
    """What is kept beside the bytes: nothing for a UUID."""
    return "" if _is_uuid(key) else key


def unpacked_key(kept: bytes, text: str) -> str:
    """What is no key of ours is told with its bytes: a proof of it fails."""
    if not text and len(kept) == KEY_BYTES:
        return str(UUID(bytes=bytes(kept)))
    if text and not _is_uuid(text) and packed_key(text) == kept:
        return text
    return f"{text} ({kept.hex()})"


def as_uuids(keys: Iterable[str]) -> list[str]:
    """The bytes of keys, as PostgreSQL reads a UUID."""
    return [packed_key(key).hex() for key in keys]
