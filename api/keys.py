"""API keys: `carnet_live_<id>_<secret><checksum>`, shown once, stored as a MAC under the server's pepper.

    text = issue_key(store, pepper, "biz_1", Role.OWNER, name="first key")
    caller = keys.caller(text)          # who asks; raises Problem unauthenticated

The secret has 256 random bits, so a MAC (HMAC-SHA-256) is as good as a slow hash and costs nothing. The
checksum lets a scanner, or a mistyped key, be told apart without asking the database.
"""

import hmac
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from secrets import randbits
from threading import Lock

from api.ids import encode, uuid7_bits
from api.problems import Problem
from domain.ledger.recorder import Store, StoredKey
from domain.values import Actor, Role

SECRET_BITS = 256
KEY = re.compile(r"carnet_live_([0-9a-z]{26})_([0-9a-z]{52})([0-9a-z]{6})")
REMEMBERED_S = 3.0
"""How long a key that was found is not looked up again; another process's revocation waits as long."""
REMEMBERED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: everything that a request may not say of itself."""

    business_id: str
    role: Role
    actor: Actor
    key_id: str


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def key_text(key_id: str, secret: int) -> str:
    """The key as its owner sees it."""
    text = f"carnet_live_{key_id.removeprefix('key_')}_{encode(secret, 52)}"
    return text + _checksum(text)


def _checksum(text: str) -> str:
    return encode(int.from_bytes(sha256(text.encode()).digest()[:4], "big"), 6)


def mac_of(pepper: bytes, text: str) -> bytes:
    return hmac.digest(pepper, text.encode(), "sha256")


def issue_key(
    store: Store,
    pepper: bytes,
    business_id: str,
    role: Role,
    actor_id: str | None = None,
    name: str = "",
    *,
    expires_at: int | None = None,
) -> str:
    """Make a key and store its MAC; the text is to be shown once. `expires_at` in ms since 1970.

    Without an `actor_id` (a member of staff) the key itself acts.
    """
    key_id = f"key_{encode(uuid7_bits(), 26)}"
    text = key_text(key_id, randbits(SECRET_BITS))
    store.add_key(
        StoredKey(
            id=key_id,
            business_id=business_id,
            name=name,
            role=role.value,
            actor_id=actor_id or key_id,
            mac=mac_of(pepper, text),
            created_at=now_ms(),
            expires_at=expires_at,
        )
    )
    return text


class Keys:
    """Finds out who a key belongs to. Use it from any thread. `clock_ms` gives ms since 1970."""

    def __init__(self, store: Store, pepper: bytes, clock_ms: Callable[[], int] = now_ms) -> None:
        self._store = store
        self._mac = hmac.new(pepper, None, sha256)
        self._clock_ms = clock_ms
        self._remembered: OrderedDict[str, tuple[StoredKey, float]] = OrderedDict()
        self._lock = Lock()

    def remembers(self, text: str) -> bool:
        """Whether `caller()` can answer without the database just now."""
        found = KEY.fullmatch(text)
        return found is None or self._recent(f"key_{found[1]}") is not None

    def caller(self, text: str) -> Caller:
        """Raises Problem unauthenticated, the same for unknown, wrong, expired and revoked keys."""
        found = KEY.fullmatch(text)
        if found is None or not text.endswith(_checksum(text[:-6])):
            raise unauthenticated()
        stored = self._find(f"key_{found[1]}")
        if stored is None or not hmac.compare_digest(stored.mac, self._mac_of(text)):
            raise unauthenticated()
        over = stored.expires_at is not None and stored.expires_at <= self._clock_ms()
        if stored.revoked_at is not None or over:
            raise unauthenticated()
        role = Role(stored.role)
        return Caller(stored.business_id, role, Actor(id=stored.actor_id, role=role), stored.id)

    def _mac_of(self, text: str) -> bytes:
        """As `mac_of`, on a copy of what the pepper was mixed into: it keeps the interpreter's lock."""
        mac = self._mac.copy()
        mac.update(text.encode())
        return mac.digest()

    def remember(self, stored: StoredKey) -> StoredKey:
        """Keep what is known of a key; that it was revoked is never forgotten for an older look at it."""
        with self._lock:
            known = self._remembered.get(stored.id)
            if known and known[0].revoked_at is not None:
                return known[0]
            self._remembered[stored.id] = (stored, time.monotonic())
            self._remembered.move_to_end(stored.id)
            while len(self._remembered) > REMEMBERED_MAX:
                self._remembered.popitem(last=False)
        return stored

    def _recent(self, key_id: str) -> StoredKey | None:
        with self._lock:
            found = self._remembered.get(key_id)
        return found[0] if found and time.monotonic() - found[1] < REMEMBERED_S else None

    def _find(self, key_id: str) -> StoredKey | None:
        if recent := self._recent(key_id):
            return recent
        stored = self._store.find_key(key_id)
        return None if stored is None else self.remember(stored)


def unauthenticated() -> Problem:
    return Problem("unauthenticated", "a valid key is needed", headers={"WWW-Authenticate": "Bearer"})
