"""API keys on PostgreSQL. Each function works on a connection inside a transaction of the business."""

from dataclasses import astuple
from typing import Any, LiteralString

import psycopg

from domain.ledger.key_roster import COUNT, Page, Roster, with_key
from domain.ledger.records import StoredKey

KEY: LiteralString = (
    "id, business_id, name, role, actor_id, mac, created_at, expires_at, revoked_at, scopes, guard"
)
FOUND: LiteralString = "SELECT " + KEY + ", member_version FROM find_keys(%s::text[])"
LIVE: LiteralString = (
    "SELECT " + KEY + " FROM api_keys WHERE business_id = %s AND role = %s AND revoked_at IS NULL"
)
PAGES: LiteralString = "SELECT page, ids, mac FROM key_rosters WHERE business_id = %s"
LOCKED_PAGE: LiteralString = PAGES + " AND page = %s FOR UPDATE"
"""Whoever has the row with the number of keys is the only one who stores a key of the business."""


def add_key(connection: psycopg.Connection[Any], key: StoredKey, roster: Roster) -> None:
    business_id = key.business_id
    connection.execute(
        "INSERT INTO api_keys (" + KEY + ") VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)", astuple(key)
    )
    connection.execute(
        "INSERT INTO key_rosters (business_id, page, ids, mac) VALUES (%s, %s, '0', '') ON CONFLICT DO NOTHING",
        [business_id, COUNT],
    )

    def read(page: str) -> Page | None:
        row = connection.execute(LOCKED_PAGE, [business_id, page]).fetchone()
        return None if row is None else Page(*row)

    def read_all() -> list[Page]:
        return [Page(*row) for row in connection.execute(PAGES, [business_id])]

    for changed in with_key(read, read_all, key.id, roster):
        connection.execute(
            "INSERT INTO key_rosters (business_id, page, ids, mac) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (business_id, page) DO UPDATE SET ids = excluded.ids, mac = excluded.mac",
            [business_id, *changed],
        )


def revoke_key(
    connection: psycopg.Connection[Any], business_id: str, key_id: str, revoked_at: int, guard: bytes
) -> bool:
    revoked = connection.execute(
        "UPDATE api_keys SET revoked_at = %s, guard = %s WHERE business_id = %s AND id = %s AND revoked_at IS NULL",
        [revoked_at, guard, business_id, key_id],
    )
    return revoked.rowcount == 1
