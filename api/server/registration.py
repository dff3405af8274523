"""A server registers itself in the database it serves, so that a copy of that database tells where it comes from.

    with registered(settings):
        …                            # serve

The record says where the database is: on SQLite the file and its machine, on PostgreSQL the server and the database. It
is deleted when the server ends in order. A database with the record of another place in it was copied while that
place was served, or after a crash there. Served under the same pepper at the same time, both answer the same keys, and
a command that is sent to both is done twice.

A clone of a whole disk or of a whole PostgreSQL server has the same place and is not noticed.
"""

import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from secrets import token_hex
from time import time_ns

from api.server.pepper import peppers_of
from api.server.settings import Settings
from domain.ledger.contract import Store
from domain.ledger.embedded.sqlite.server_lock import is_served, serving
from domain.ledger.errors import Contention, LedgerUnavailable
from domain.ledger.records import RunningServer, Whereabouts
from domain.ledger.stores import store_at
from domain.moments import from_milliseconds, rfc3339

log = logging.getLogger("carnet.server")


class CopyServed(Exception):
    """These books are a copy of books that are being served just now."""


@contextmanager
def registered(settings: Settings, *, copy: bool = False) -> Iterator[None]:
    """Look at the database before it is served, and be registered in it meanwhile. No connection is left open.

    Books that cannot be written here are served for reading: no key can do anything twice, and nothing is registered.

    `copy`: these books may be a copy of books that are being served.
    Raises CopyServed, WrongPepper, WrongSetting, WrongSchema, LedgerUnavailable.
    """
    with ExitStack() as stack:
        with closing(store_at(settings.database, pool_size=1)) as store:
            peppers_of(settings, store)
            if store.read_only:
                log.warning(
                    "the books cannot be written here: they are served for reading, and commands are refused"
                )
                yield
                return
            alone = settings.ledger_file is not None and not is_served(settings.ledger_file)
            server = _server(settings, store)
            gone = _gone(store, server.address, alone=alone, copy=copy)
            if settings.ledger_file is not None:
                stack.enter_context(serving(settings.ledger_file))
            store.add_server(server, gone)
        try:
            yield
        finally:
            # A server that cannot reach its database any more ends all the same.
            with (
                suppress(LedgerUnavailable, Contention),
                closing(store_at(settings.database, pool_size=1)) as store,
            ):
                store.remove_server(server.id)


def _server(settings: Settings, store: Store) -> RunningServer:
    address = f"{settings.host}, port {settings.port}, on {socket.gethostname()}"
    return RunningServer(f"srv_{token_hex(8)}", store.place(), address, time_ns() // 1_000_000)


def _gone(store: Store, address: str, *, alone: bool, copy: bool) -> list[str]:
    """The ids of records that are done with. Raises CopyServed."""
    gone = []
    for other in store.servers():
        where = store.whereabouts(other.place)
        since = rfc3339(from_milliseconds(other.started_at))
        if where is Whereabouts.SERVED and not copy:
            raise CopyServed(
                f"these books are a copy of books that are being served at {other.address} since {since}, and would"
                " answer the same keys: stop that server first, or say `carnet serve --copy` for a trial"
            )
        if where is Whereabouts.UNKNOWN and not copy:
            log.warning(
                "these books are a copy of books that were being served at %s since %s when they were copied: if"
                " that server still runs, both answer the same keys, and one must be stopped",
                other.address,
                since,
            )
        # Who has this address now is the one who registers; of our own file nobody else is at work when alone.
        if where is not Whereabouts.HERE or alone or other.address == address:
            gone.append(other.id)
    return gone
