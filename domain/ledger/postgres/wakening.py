"""Telling other processes that a ledger has grown, and hearing it from them, by LISTEN and NOTIFY.

A NOTIFY takes a lock on the whole server when its transaction commits, which would queue all appends behind
each other's disk flush. So it is never in the append's transaction: one thread with a connection of its own
sends one for all appends of a few milliseconds. Both threads start when they are first needed, reconnect with
back-off, and may miss something: polling is the guarantee.
"""

from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Any

import psycopg
from psycopg import sql

from domain.ledger.news import News

COALESCE_S = 0.005
LISTEN_S = 0.2
"""How long a thread that listens waits before it looks whether it should end."""

RETRY_S_MIN = 0.1
RETRY_S_MAX = 5.0

Connect = Callable[[], psycopg.Connection[Any]]


class Wakening:
    """Spreads the news of one process among all processes on the same schema."""

    def __init__(self, connect: Connect, channel: str) -> None:
        self.news = News(lambda: False)
        self._connect = connect
        self._channel = sql.Identifier(channel)
        self._to_tell = Event()
        self._ended = Event()
        self._lock = Lock()
        self._teller: Thread | None = None
        self._listener: Thread | None = None
        self._own_pid = 0

    def announce(self) -> None:
        """Wake this process's waiters now, others within a few milliseconds."""
        self.news.announce()
        if self._to_tell.is_set():
            return
        self._to_tell.set()
        if self._teller is None:
            self._teller = self._started(self._teller, self._tell, "carnet-notify")

    def wait(self, timeout_s: float) -> bool:
        """See `Store.wait_for_news`."""
        if self._listener is None:
            self._listener = self._started(self._listener, self._listen, "carnet-listen")
        return self.news.wait(timeout_s)

    def close(self) -> None:
        self._ended.set()
        self._to_tell.set()
        for thread in (self._teller, self._listener):
            if thread is not None:
                thread.join(timeout=1)
