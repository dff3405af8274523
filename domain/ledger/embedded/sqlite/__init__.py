"""Ledgers in one SQLite file: `migrate` makes it or brings it up to date, `SqliteStore` uses it."""

from domain.ledger.embedded.sqlite.schema import migrate
from domain.ledger.embedded.sqlite.store import SqliteStore

__all__ = ["SqliteStore", "migrate"]
