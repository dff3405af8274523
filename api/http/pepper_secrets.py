"""Secrets of an installation, each for one purpose, drawn from its pepper."""

from hashlib import sha256


def secret_of(pepper: bytes, purpose: str) -> bytes:
    """The secret for a purpose, such as signing cursors. 32 bytes."""
    return sha256(pepper + b"/" + purpose.encode()).digest()
