"""Ledgers in PostgreSQL 15 and later: `migrate` makes the schema, `PostgresStore` opens it."""

from domain.ledger.postgres.migrations import migrate
from domain.ledger.postgres.store import PostgresStore

__all__ = ["PostgresStore", "migrate"]
