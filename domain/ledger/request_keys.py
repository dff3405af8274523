"""Request keys to the bytes that a store keeps, and back.

A UUID in its usual form, which most clients send, takes 17 bytes: one that begins no text (0xFF), and its own 16. Any
other key is kept as it is, in UTF-8.
"""

from re import compile as pattern
from uuid import UUID

UUID_MARK = b"\xff"
_is_uuid = pattern("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch


def packed_key(key: str) -> bytes:
    return UUID_MARK + bytes.fromhex(key.replace("-", "")) if _is_uuid(key) else key.encode()


def unpacked_key(kept: bytes) -> str:
    """What is no key of ours is told with marks in place of its bytes: a proof of it fails."""
    if kept[:1] == UUID_MARK and len(kept) == 17:
        return str(UUID(bytes=bytes(kept[1:])))
    return bytes(kept).decode(errors="replace")
