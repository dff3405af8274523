"""API keys and the marks of peppers, in a SQLite file. Each function works on a connection inside a transaction."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import astuple

from domain.ledger.key_roster import Page, Roster, with_key
from domain.ledger.numbers import number_of
from domain.ledger.records import MEMBER, FoundKey, KnownPepper, StoredKey

KEY = "id, business_id, name, role, actor_id, mac, created_at, expires_at, revoked_at, scopes, guard"


def add_key(connection: sqlite3.Connection, key: StoredKey, roster: Roster) -> None:
    connection.execute(f"INSERT INTO api_keys ({KEY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", astuple(key))
    pages = "SELECT page, ids, mac FROM key_rosters WHERE business_id = ?"

    def read(page: str) -> Page | None:
        row = connection.execute(f"{pages} AND page = ?", (key.business_id, page)).fetchone()
        return None if row is None else Page(*row)

    def read_all() -> list[Page]:
        return [Page(*row) for row in connection.execute(pages, (key.business_id,))]

    connection.executemany(
        "INSERT INTO key_rosters (business_id, page, ids, mac) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (business_id, page) DO UPDATE SET ids = excluded.ids, mac = excluded.mac",
        [(key.business_id, *page) for page in with_key(read, read_all, key.id, roster)],
    )


def find_key(connection: sqlite3.Connection, key_id: str) -> StoredKey | None:
    row = connection.execute(f"SELECT {KEY} FROM api_keys WHERE id = ?", (key_id,)).fetchone()
    return None if row is None else StoredKey(*row)


def find_keys(connection: sqlite3.Connection, key_ids: Sequence[str]) -> Sequence[FoundKey]:
    rows = connection.execute(
        f"SELECT {KEY} FROM api_keys WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(key_ids)),),
    ).fetchall()
    return [FoundKey(key, _member_version(connection, key)) for key in (StoredKey(*row) for row in rows)]


def _member_version(connection: sqlite3.Connection, key: StoredKey) -> int:
    if not key.actor_id.startswith(MEMBER):
        return 0
    (version,) = connection.execute(
        "SELECT max(version) FROM facts WHERE ledger = ? AND stream = ?",
        (number_of(key.business_id), number_of(key.actor_id)),
    ).fetchone()
    return version or 0


def keys_of(connection: sqlite3.Connection, business_id: str) -> Sequence[StoredKey]:
    rows = connection.execute(
        f"SELECT {KEY} FROM api_keys WHERE business_id = ? ORDER BY created_at, id", (business_id,)
    )
    return [StoredKey(*row) for row in rows]


def key_names(connection: sqlite3.Connection, business_id: str, key_ids: Sequence[str]) -> Mapping[str, str]:
    rows = connection.execute(
        "SELECT id, name FROM api_keys WHERE business_id = ? AND id IN (SELECT value FROM json_each(?))",
        (business_id, json.dumps(list(key_ids))),
    )
    return dict(rows.fetchall())


def live_keys_of(connection: sqlite3.Connection, business_id: str, role: str) -> Sequence[StoredKey]:
    # Named: statistics are never made, and SQLite would read all keys of the business.
    rows = connection.execute(
        f"SELECT {KEY} FROM api_keys INDEXED BY api_keys_live"
        " WHERE business_id = ? AND role = ? AND revoked_at IS NULL",
        (business_id, role),
    )
    return [StoredKey(*row) for row in rows]


def revoke_key(
    connection: sqlite3.Connection, business_id: str, key_id: str, revoked_at: int, guard: bytes
) -> bool:
    revoked = connection.execute(
        "UPDATE api_keys SET revoked_at = ?, guard = ? WHERE id = ? AND business_id = ? AND revoked_at IS NULL",
        (revoked_at, guard, key_id, business_id),
    )
    return revoked.rowcount == 1


def has_keys(connection: sqlite3.Connection) -> bool:
    (found,) = connection.execute("SELECT EXISTS (SELECT 1 FROM api_keys)").fetchone()
    return bool(found)


def peppers(connection: sqlite3.Connection) -> Sequence[KnownPepper]:
    rows = connection.execute("SELECT mark, since FROM peppers ORDER BY since").fetchall()
    return [KnownPepper(*row) for row in rows]


def settle_pepper(connection: sqlite3.Connection, mark: bytes, replacing: bytes | None, now_ms: int) -> bytes:
    last = connection.execute("SELECT mark, since FROM peppers ORDER BY since DESC LIMIT 1").fetchone()
    in_use, since = last or (None, 0)
    if in_use is not None and in_use != replacing:
        return bytes(in_use)
    connection.execute(
        "INSERT INTO peppers (mark, since) VALUES (?1, ?2)"
        " ON CONFLICT (mark) DO UPDATE SET since = excluded.since",
        (mark, max(now_ms, since + 1)),
    )
    return mark
