"""The store of a database, by its URL. Only the modules of that store are imported."""

from collections.abc import Callable

from domain.ledger.contract import Store


def store_at(
    database: str,
    *,
    pool_size: int = 8,
    clock: Callable[[], int] | None = None,
    wait_s: float | None = None,
) -> Store:
    """The store of a database URL; the database must have been migrated. It records by `clock`, in ms since 1970, or
    by its own. `wait_s`: seconds it waits for a writer, a connection or an answer; None: as briefly as a request over
    HTTP may.

    `sqlite:///relative.db`, `sqlite:////absolute.db`, `postgresql://…`, and `memory://` for tests.
    Raises ValueError for another scheme, WrongSchema, LedgerUnavailable.
    """
    scheme, _, rest = database.partition("://")
    match scheme:
        case "sqlite":
            from domain.ledger.embedded.recorder import LOCK_WAIT_S
            from domain.ledger.embedded.sqlite.store import SqliteStore

            return SqliteStore(rest[1:], clock, LOCK_WAIT_S if wait_s is None else wait_s)
        case "postgresql":
            from domain.ledger.postgres.connections import ANSWER_S
            from domain.ledger.postgres.store import PostgresStore

            answer_s = ANSWER_S if wait_s is None else wait_s
            return PostgresStore(database, clock, pool_size, answer_s=answer_s)
        case "memory":
            from domain.ledger.embedded.memory import MemoryStore

            return MemoryStore(clock)
        case _:
            raise ValueError("a database's name begins with sqlite:/// or postgresql://")
