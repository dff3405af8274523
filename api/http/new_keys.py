"""New keys: made, stored with their guard, and put on the list of all keys of their business.

text = issue_key(store, pepper, "biz_1", Role.OWNER, name="first key")
"""

import logging
from collections.abc import Collection
from secrets import randbits

from api.http.api_keys import SECRET_BITS, StoredKey, key_text, mac_of, now_ms
from api.http.ids import new_id
from api.http.key_guard import KeyGuards, guarded
from api.http.key_scopes import flaw_of_scopes, written
from api.http.ledger_types import Store
from api.http.permissions import Scope
from domain.actor import Role

log = logging.getLogger("carnet.keys")
UNKNOWN = "the pepper that it was written under is not at hand (CARNET_PEPPER_PREVIOUS)"
FORGED = "see `carnet verify`, and docs/how-to/verify-the-books.md for what to do"


def issue_key(
    store: Store,
    pepper: bytes,
    business_id: str,
    role: Role,
    actor_id: str | None = None,
    name: str = "",
    *,
    scopes: Collection[Scope] = (),
    expires_at: int | None = None,
    created_at: int | None = None,
    previous_pepper: bytes | None = None,
    is_list_mended: bool = False,
) -> str:
    """Make a key, store its MAC and return its text, to be shown once. Both moments in ms since 1970.

    Without an `actor_id` (a member of staff) the key itself acts. `scopes` are those of an integration. Raises
    ValueError for an integration without any, and for scopes of another role. The others as for `keep_key`.
    """
    if (flaw := flaw_of_scopes(role, scopes)) is not None:
        raise ValueError(f"scopes: {flaw}")
    key_id = new_id("key")
    text = key_text(key_id, randbits(SECRET_BITS))
    keep_key(
        store,
        pepper,
        StoredKey(
            id=key_id,
            business_id=business_id,
            name=name,
            role=role.value,
            actor_id=actor_id or key_id,
            mac=mac_of(pepper, text),
            created_at=now_ms() if created_at is None else created_at,
            expires_at=expires_at,
            scopes=written(scopes),
        ),
        previous_pepper=previous_pepper,
        is_list_mended=is_list_mended,
    )
    return text


def keep_key(
    store: Store,
    pepper: bytes,
    key: StoredKey,
    *,
    previous_pepper: bytes | None = None,
    is_list_mended: bool = False,
) -> bool:
    """Store a key with its guard unless it is stored already. Whether it was stored now.

    `previous_pepper` proves the list of keys where it is still of that. `is_list_mended`: it is written anew as it
    stands.
    """
    if store.find_key(key.id) is not None:
        return False
    peppers = [each for each in (pepper, previous_pepper) if each is not None]
    roster = KeyGuards(peppers, store.peppers()).roster(key.business_id, is_mended=is_list_mended)
    try:
        store.add_key(guarded(pepper, key), roster)
    except Exception:  # a concurrent repetition of the request stored it first; anything else is raised
        if store.find_key(key.id) is None:
            raise
        return False
    if roster.noted == "unknown":
        log.warning(
            "the list of keys of %s was written anew under this pepper, unproved: %s",
            key.business_id,
            UNKNOWN,
        )
    elif roster.noted == "forged":
        log.error(
            "the list of keys of %s is not as it was written, and stays so: %s", key.business_id, FORGED
        )
    return True
