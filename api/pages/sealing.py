"""Sealed texts: what a browser keeps for us, and can neither read nor change."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Sequence
from hmac import compare_digest, digest

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class Seal:
    """Seals and opens texts under secrets of the installation. New ones are sealed under the first."""

    def __init__(self, secrets_of_32_bytes: Sequence[bytes]) -> None:
        self._secrets = tuple(secrets_of_32_bytes)

    def sealed(self, text: str) -> str:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return urlsafe_b64encode(
            nonce + AESGCM(self._secrets[0]).encrypt(nonce, text.encode(), None)
        ).decode()

    def opened(self, sealed: str) -> str | None:
        """The text; None where it was not sealed here, or was changed."""
        try:
            given = urlsafe_b64decode(sealed)
        except (Error, ValueError):
            return None
        for secret in self._secrets:
            try:
                return AESGCM(secret).decrypt(given[:NONCE_BYTES], given[NONCE_BYTES:], None).decode()
            except (InvalidTag, ValueError):
                continue
        return None

    def mark(self, sealed: str) -> str:
        """What a form carries to show that it comes from a page of this visitor."""
        return digest(self._secrets[0], b"form/" + sealed.encode(), "sha256").hex()[:32]

    def is_marked(self, sealed: str, mark: str) -> bool:
        return compare_digest(self.mark(sealed).encode(), mark.encode())
