"""API keys: `carnet_live_<id>_<secret><checksum>`, shown once, stored as a MAC under the server's pepper.

    caller = keys.caller(text)          # raises Problem unauthenticated

A key that acts as a member of staff has their present role, and never more than its own: a member who was demoted
does less with it at once, and one who left does nothing. A key of its own has its own role.

The secret has 256 random bits, so a MAC (HMAC-SHA-256) is as safe as a slow hash and costs nothing. The
checksum refuses scans and mistyped keys without asking the database.
"""

import hmac
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from threading import Lock

from api.http.ids import encode
from api.http.key_guard import KeyGuards, guarded, is_genuine, mark_of
from api.http.key_scopes import scopes_of
from api.http.keys_in_use import LastUses
from api.http.last_owner import Holds, check_owner_stays
from api.http.ledger_types import Recorder, Store
from api.http.permissions import Scope
from api.http.problems import Problem
from domain.actor import Actor, Role
from domain.ledger import records
from domain.ledger.records import MEMBER

StoredKey = records.StoredKey
"""A key as it is stored: the MAC of its secret, never the secret."""
SECRET_BITS = 256
KEY = re.compile(r"carnet_live_([0-9a-z]{26})_([0-9a-z]{52})([0-9a-z]{6})")
REMEMBERED_S = 3.0
"""Seconds for which a key is not looked up again. A revocation in another process takes effect as late."""
REMEMBERED_MAX = 10_000
log = logging.getLogger("carnet.keys")
DESK_ROLES = (Role.STAFF, Role.MANAGER, Role.OWNER)
"""From the least rights to the most."""

PresentRole = Callable[[str, str], Role | None]
"""Business, member of staff → their present role; None for one who left or never was."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of a request. All of it comes from the key, never from the request."""

    business_id: str
    role: Role
    actor: Actor
    key_id: str
    scopes: frozenset[Scope] = frozenset()
    """What an integration may do; empty for every other role."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def key_text(key_id: str, secret: int) -> str:
    """The text of a key, with its checksum."""
    text = f"carnet_live_{key_id.removeprefix('key_')}_{encode(secret, 52)}"
    return text + _checksum(text)


def _checksum(text: str) -> str:
    return encode(int.from_bytes(sha256(text.encode()).digest()[:4], "big"), 6)


def mac_of(pepper: bytes, text: str) -> bytes:
    return hmac.digest(pepper, text.encode(), "sha256")


def lesser(own: Role, present: Role) -> Role:
    """The role of a key with a role of its own, of a member of staff with this one.

    Where the roles do not compare, as for an integration, it is the key's own.
    """
    if own not in DESK_ROLES or present not in DESK_ROLES:
        return own
    return min(own, present, key=DESK_ROLES.index)


def role_of(stored: StoredKey, present_role: PresentRole | None) -> Role | None:
    """The role that a key has now; None where its member of staff left. Without `present_role`, its own."""
    own = Role(stored.role)
    if present_role is None or not stored.actor_id.startswith(MEMBER):
        return own
    present = present_role(stored.business_id, stored.actor_id)
    return None if present is None else lesser(own, present)


@dataclass(frozen=True)
class _Known:
    """A key as read from the database, and when, in seconds of the monotonic clock."""

    stored: StoredKey
    role: Role | None
    """What it may do now; None: nothing, as its member of staff left."""
    since: float
    """When it was about to be read."""
    is_genuine: bool
    """Whether the row is as it was written."""
    member_version: int | None
    """The version of the member of staff from which on `role` holds; None where it was not told."""

    @cached_property
    def caller(self) -> Caller | None:
        if self.role is None:
            return None
        actor = Actor(id=self.stored.actor_id, role=self.role)
        scopes = frozenset(scopes_of(self.stored))
        return Caller(self.stored.business_id, self.role, actor, self.stored.id, scopes)


class Keys:
    """Finds the caller of a key. Thread-safe. `clock_ms` gives ms since 1970.

    Without a `present_role`, a key of a member of staff has its own role.
    """

    def __init__(
        self,
        store: Store,
        pepper: bytes,
        clock_ms: Callable[[], int] = now_ms,
        *,
        previous_pepper: bytes | None = None,
        present_role: PresentRole | None = None,
    ) -> None:
        peppers = [each for each in (pepper, previous_pepper) if each is not None]
        self._store = store
        self._peppers = peppers
        self._macs = [hmac.new(each, None, sha256) for each in peppers]
        self._mark = mark_of(pepper)
        self._clock_ms = clock_ms
        self._present_role = present_role
        self._forgotten = 0
        """How often keys were forgotten: what was read before that is not remembered."""
        self._remembered: OrderedDict[str, _Known] = OrderedDict()
        self._names: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._lock = Lock()
        self.uses = LastUses()

    def remembered_caller(self, text: str) -> Caller | None:
        """As `caller()` for a key looked up within `REMEMBERED_S`; None where the database must be asked.

        The MAC covers the whole text, so the checksum needs no check.
        """
        known = self._recent(_id_in(text))
        return None if known is None else self._let_in(known, text)

    def caller(self, text: str) -> Caller:
        """Raises Problem unauthenticated, the same for unknown, wrong, expired and revoked keys, and for a key of a
        member of staff who left."""
        key_id = _id_in(text)
        if not text.endswith(_checksum(text[:-6])):
            raise unauthenticated()
        known = self._recent(key_id) or self._looked_up(key_id)
        if known is None:
            raise unauthenticated()
        return self._let_in(known, text)

    def maker(self, key_id: str) -> Caller | None:
        """Who a key acts for now, also after its last moment; None where it was revoked, or opens nothing else."""
        known = self._recent(key_id) or self._looked_up(key_id)
        if known is None or known.stored.revoked_at is not None or not known.is_genuine:
            return None
        return known.caller

    def _let_in(self, known: _Known, text: str) -> Caller:
        stored = known.stored
        over = stored.expires_at is not None and stored.expires_at <= self._clock_ms()
        if not self._is_mac_of(stored.mac, text) or stored.revoked_at is not None or over:
            raise unauthenticated()
        if not known.is_genuine:
            log.error("key %s of %s is not as it was written, and is refused", stored.id, stored.business_id)
            raise unauthenticated()
        if known.caller is None:
            raise unauthenticated()
        self.uses.note(stored.id)
        return known.caller

    def _is_mac_of(self, stored: bytes, text: str) -> bool:
        """As `mac_of`, on copies of the states after the peppers: this keeps the interpreter's lock."""
        for keyed in self._macs:
            mac = keyed.copy()
            mac.update(text.encode())
            if hmac.compare_digest(stored, mac.digest()):
                return True
        return False

    def names(self, business_id: str, ids: Collection[str]) -> dict[str, str]:
        """Key → name, of keys of this business among these ids. A name never changes: it is read once."""
        wanted = {id for id in ids if id.startswith("key_")}
        with self._lock:
            found = {id: name for id in wanted if (name := self._names.get((business_id, id))) is not None}
        if missing := sorted(wanted - found.keys()):
            read = self._store.key_names(business_id, missing)
            with self._lock:
                self._names.update({(business_id, id): name for id, name in read.items()})
                while len(self._names) > REMEMBERED_MAX:
                    self._names.popitem(last=False)
            found |= read
        return found

    def guards(self) -> KeyGuards:
        """What tells forged keys from others."""
        return KeyGuards(self._peppers, self._store.peppers())

    def have_the_pepper(self) -> bool:
        """Whether keys in the database were made under the pepper here, as far as it knows any."""
        known = self._store.peppers()
        return not known or any(hmac.compare_digest(each.mark, self._mark) for each in known)

    def check_owner_stays(self, recorder: Recorder, ends: Holds) -> None:
        """As `last_owner.check_owner_stays`, of keys that open here. Raises LastOwnerKey."""
        check_owner_stays(recorder, self._opens, ends)

    def check_revocable(self, key: StoredKey) -> None:
        """Raises LastOwnerKey for the only key that still does what owners do.

        Nobody could issue another over HTTP. On the machine any key may be revoked: another can be issued there.
        """
        if (check := self._check_of(key)) is not None:
            check(self._store.ledger(key.business_id))

    def _check_of(self, key: StoredKey) -> Callable[[Recorder], None] | None:
        """What is looked at before a key is revoked; None for one that never did what owners do."""
        if key.role != Role.OWNER:
            return None
        return lambda recorder: self.check_owner_stays(recorder, lambda each: each.id == key.id)

    def _opens(self, key: StoredKey) -> bool:
        over = key.expires_at is not None and key.expires_at <= self._clock_ms()
        return key.revoked_at is None and not over and is_genuine(self._peppers, key)

    def revoke(self, business_id: str, key_id: str) -> StoredKey:
        """Revoke a key of this business, here at once, and return it. A revoked key stays as it is.

        Raises LastOwnerKey; for the key of an owner Contention, too.
        """
        known = self._store.find_key(key_id)
        assert known is not None, "keys are never deleted"
        assert known.business_id == business_id, "a key is revoked by its business"
        return self._revoked(known, self._check_of(known))

    def end(self, key: StoredKey) -> StoredKey:
        """Revoke a key by which somebody signed in, here at once, and return it: also the last one of an owner, which
        would end with its hours."""
        return self._revoked(key, None)

    def _revoked(self, known: StoredKey, check: Callable[[Recorder], None] | None) -> StoredKey:
        revoked = guarded(self._peppers[0], replace(known, revoked_at=self._clock_ms()))
        assert revoked.revoked_at is not None
        # A row that was changed stays one that opens nothing, and verification goes on to name it.
        guard = revoked.guard if is_genuine(self._peppers, known) else known.guard
        self._store.revoke_key(known.business_id, known.id, revoked.revoked_at, guard, check=check)
        gone = self._store.find_key(known.id)
        assert gone is not None, "keys are never deleted"
        self.remember(gone)
        return gone

    def remember(self, stored: StoredKey) -> _Known:
        """Remember a key that was read. A revoked one is never replaced by an older reading."""
        return self._remember(stored, None, time.monotonic(), self._forgotten)

    def _remember(
        self, stored: StoredKey, member_version: int | None, since: float, forgotten: int
    ) -> _Known:
        """`since` and `forgotten`: from before it was read."""
        before = self._remembered.get(stored.id)
        told = stored, member_version
        if before and member_version is not None and (before.stored, before.member_version) == told:
            found = replace(before, since=since)
        else:
            role, genuine = role_of(stored, self._present_role), is_genuine(self._peppers, stored)
            found = _Known(stored, role, since, genuine, member_version)
        with self._lock:
            known = self._remembered.get(stored.id)
            if known and (known.stored.revoked_at is not None or known.since > since):
                return known
            if forgotten != self._forgotten:
                return found
            self._remembered[stored.id] = found
            self._remembered.move_to_end(stored.id)
            while len(self._remembered) > REMEMBERED_MAX:
                self._remembered.popitem(last=False)
        return found

    def forget_staff(self, business_id: str, staff_id: str) -> None:
        """Look the keys of a member of staff up anew, here at once: their role has changed."""
        with self._lock:
            self._forgotten += 1
            for id, known in list(self._remembered.items()):
                theirs = (known.stored.business_id, known.stored.actor_id) == (business_id, staff_id)
                if theirs and known.stored.revoked_at is None:
                    del self._remembered[id]

    def _recent(self, key_id: str) -> _Known | None:
        with self._lock:
            known = self._remembered.get(key_id)
        return known if known and time.monotonic() - known.since < REMEMBERED_S else None

    def _looked_up(self, key_id: str) -> _Known | None:
        return next(iter(self.look_up([key_id])), None)

    def look_up(self, key_ids: Sequence[str]) -> "list[_Known]":
        """Remember keys as they are now. Raises LedgerUnavailable."""
        since, forgotten = time.monotonic(), self._forgotten
        found = self._store.find_keys(key_ids)
        return [self._remember(key, version, since, forgotten) for key, version in found]


def _id_in(text: str) -> str:
    """The id in a key. Raises Problem unauthenticated for a text of another form."""
    found = KEY.fullmatch(text)
    if found is None:
        raise unauthenticated()
    return f"key_{found[1]}"


def unauthenticated() -> Problem:
    return Problem("unauthenticated", "a valid key is needed", headers={"WWW-Authenticate": "Bearer"})
