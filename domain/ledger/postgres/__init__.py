"""Ledgers in PostgreSQL 15 and later.

Offers `migrate` to make the schema or bring it up to date, and `PostgresStore` to use it. An append is one call of
an SQL function, and so is a load.

Touch it to change the schema or a function: add the next numbered SQL file.

Never edit a numbered SQL file after its release: each is applied once. Never send a NOTIFY inside an append: all
writers would queue behind its lock.
"""

from domain.ledger.postgres.migrations import heads, migrate
from domain.ledger.postgres.store import PostgresStore

__all__ = ["PostgresStore", "heads", "migrate"]
