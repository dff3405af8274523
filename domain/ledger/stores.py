"""The store of a database, by its URL. Only the modules of that store are imported."""

from collections.abc import Callable

from domain.ledger.contract import Store


def store_at(database: str, *, pool_size: int = 8, clock: Callable[[], int] | None = None) -> Store:
    """The store of a database URL; the database must have been migrated. It records by `clock`, in ms since 1970, or
    by its own.

    `sqlite:///relative.db`, `sqlite:////absolute.db`, `postgresql://…`, and `memory://` for tests.
    Raises ValueError for another scheme, WrongSchema, LedgerUnavailable.
    """
    scheme, _, rest = database.partition("://")
    match scheme:
        case "sqlite":
            from domain.ledger.embedded.sqlite.store import SqliteStore

            return SqliteStore(rest[1:], clock)
        case "postgresql":
            from domain.ledger.postgres.store import PostgresStore

            return PostgresStore(database, clock, pool_size)
        case "memory":
            from domain.ledger.embedded.memory import MemoryStore

            return MemoryStore(clock)
        case _:
            raise ValueError("a database's name begins with sqlite:/// or postgresql://")
