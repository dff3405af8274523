"""Ledgers in one SQLite file.

Offers `migrate` to make the file or bring it up to date, and `SqliteStore` to use it.

Touch it to change the schema: add the next numbered SQL file.

Never edit a numbered SQL file after its release: each is applied once. Never migrate while a store is opened:
refuse the schema instead.
"""

from domain.ledger.embedded.sqlite.schema import migrate
from domain.ledger.embedded.sqlite.store import SqliteStore

__all__ = ["SqliteStore", "migrate"]
