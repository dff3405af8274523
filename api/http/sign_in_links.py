"""Codes of links that sign somebody in once: a signed text that names who, and until when.

    code = code_of(frame.secret(PURPOSE), SignIn("biz_…", "customer", "cus_…", until_ms, hours=2160))
    found = opened(frame.secrets(PURPOSE), code, now_ms())      # raises Problem unauthenticated

A code is kept nowhere. The id of the key that it becomes is drawn from it: a code that is used again finds that key in
the store. So a code has one spelling: Base64 that reads as the same bytes and is written otherwise opens nothing.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from secrets import token_hex

from api.http.api_keys import unauthenticated
from api.http.ids import encode

PURPOSE = "sign-in"
"""Of the secret that codes are signed with."""
NAME_OF_KEYS = "Sign-in by a link"
"""Of the keys that links become; no other key has it."""
HOURS_OF_CUSTOMER = 90 * 24
"""How long a customer stays signed in."""
MINUTES_OF_LETTER = 30
"""How long the link of a letter may be used, from when the letter is written."""
MAC_BYTES = 16
DRAWN_BYTES = 8


@dataclass(frozen=True, slots=True)
class SignIn:
    """Whom a code signs in."""

    business_id: str
    role: str
    actor_id: str | None
    """The customer or member of staff who acts; None: the key itself."""
    until_ms: int
    """The moment from which the code opens nothing, in ms since 1970."""
    hours: int
    """How long the key is good that it becomes."""
    made_by: str | None = None
    """The key that made the link; None: the installation, for a letter."""


def code_of(secret: bytes, whom: SignIn) -> str:
    """A new code. No two are the same."""
    text = json.dumps([token_hex(DRAWN_BYTES), *astuple(whom)], separators=(",", ":")).encode()
    return _spelt(_mac(secret, text) + text)


def opened(secrets: Sequence[bytes], code: str, now_ms: int) -> SignIn:
    """Whom it signs in. Raises Problem unauthenticated for a code that was not made here, and for one that is over."""
    try:
        given = urlsafe_b64decode(code + "=" * (-len(code) % 4))
    except (Error, ValueError) as error:
        raise unauthenticated() from error
    if _spelt(given) != code:  # the decoder passes over foreign characters and spare bits
        raise unauthenticated()
    mac, text = given[:MAC_BYTES], given[MAC_BYTES:]
    if not any(hmac.compare_digest(mac, _mac(secret, text)) for secret in secrets):
        raise unauthenticated()
    _, *named = json.loads(text)
    found = SignIn(*named)
    if found.until_ms <= now_ms:
        raise unauthenticated()
    return found


def path_of(code: str) -> str:
    """The page that signs in with a code."""
    return f"/sign-in/link?code={code}"


def key_id_of(code: str) -> str:
    """The id of the key that a code becomes."""
    drawn = hmac.digest(b"carnet sign-in", code.encode(), "sha256")
    return f"key_{encode(int.from_bytes(drawn[:16], 'big'), 26)}"


def _spelt(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _mac(secret: bytes, text: bytes) -> bytes:
    return hmac.digest(secret, text, "sha256")[:MAC_BYTES]
