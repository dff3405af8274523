"""The secrets of webhooks, and their signatures, by the Standard Webhooks specification.

A secret is derived from the server's pepper, the receiver and a mark that rotation changes. It is stored nowhere.
"""

import hmac
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256


def secret_of(pepper: bytes, webhook_id: str, mark: str) -> bytes:
    """32 bytes."""
    return hmac.digest(sha256(pepper + b"/webhooks").digest(), f"{webhook_id}\n{mark}".encode(), "sha256")


def secret_text(secret: bytes) -> str:
    """As it is shown to the receiver: `whsec_` and base64."""
    return f"whsec_{b64encode(secret).decode()}"


def signatures(secrets: Iterable[bytes], id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one signature for each secret. `timestamp` in seconds since 1970."""
    signed = f"{id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{b64encode(hmac.digest(each, signed, 'sha256')).decode()}" for each in secrets)
