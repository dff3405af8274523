"""Growth signals between processes, by LISTEN and NOTIFY.

A NOTIFY takes a lock on the whole server when its transaction commits. In the transaction of an append it would
queue all appends behind each other's disk flush. So one thread with a connection of its own sends one for all
appends of some milliseconds, and begins with it when the first of them is answered: so neither it nor whoever is woken
stands in the way of that answer. Both threads start on first use, reconnect with back-off, and may miss something:
polling is the guarantee.
"""

import logging
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Any

import psycopg
from psycopg import sql

from domain.ledger.growth_signal import GrowthSignal

COALESCE_S = 0.02
"""Seconds from an append until others hear of it."""
LISTEN_S = 0.2
"""Seconds after which the listening thread checks whether it should end."""

RETRY_S_MIN = 0.1
RETRY_S_MAX = 5.0

log = logging.getLogger(__name__)

Connect = Callable[[], psycopg.Connection[Any]]


class ListenNotify:
    """Sends the growth signals of one process to all processes on the same schema."""

    def __init__(self, connect: Connect, channel: str) -> None:
        self._connect = connect
        self._channel = sql.Identifier(channel)
        self._news = GrowthSignal(lambda: False)
        self._to_tell = Event()
        self._ended = Event()
        self._starting = Lock()
        self._threads: dict[str, Thread] = {}
        self._own_pid = 0

    def announce(self) -> None:
        """Wake this process's waiters now, those of others within some milliseconds."""
        self._news.announce()
        self._to_tell.set()
        self._run("carnet-notify", self._tell)

    def wait(self, timeout_s: float) -> bool:
        """See `Store.wait_for_news`."""
        self._run("carnet-listen", self._listen)
        return self._news.wait(timeout_s)

    def close(self) -> None:
        self._ended.set()
        self._to_tell.set()
        for thread in self._threads.values():
            thread.join(timeout=1)

    def _run(self, name: str, work: Callable[[psycopg.Connection[Any]], None]) -> None:
        """Start that thread unless it runs."""
        if name in self._threads:
            return
        with self._starting:
            if name not in self._threads and not self._ended.is_set():
                self._threads[name] = Thread(target=self._connected, args=(work,), name=name, daemon=True)
                self._threads[name].start()

    def _connected(self, work: Callable[[psycopg.Connection[Any]], None]) -> None:
        """Do the work on a connection, and again on a new one when that is lost."""
        retry_s = RETRY_S_MIN
        while not self._ended.is_set():
            try:
                with self._connect() as connection:
                    work(connection)
            except psycopg.Error as error:
                log.warning("%s; again in %.1f s", error, retry_s)
                self._ended.wait(retry_s)
                retry_s = min(2 * retry_s, RETRY_S_MAX)

    def _tell(self, connection: psycopg.Connection[Any]) -> None:
        # Nothing is written, so there is nothing to flush while the server-wide lock is held.
        connection.execute("SET synchronous_commit = off")
        self._own_pid = connection.info.backend_pid
        notify = sql.SQL("NOTIFY {}").format(self._channel)
        # The first NOTIFY is for announcements made before the last connection was lost.
        while not self._ended.is_set():
            self._to_tell.clear()
            connection.execute(notify)
            self._to_tell.wait()
            self._ended.wait(COALESCE_S)

    def _listen(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(sql.SQL("LISTEN {}").format(self._channel))
        # Announcements before this LISTEN may have been missed.
        self._news.announce()
        while not self._ended.is_set():
            for notice in connection.notifies(timeout=LISTEN_S):
                if notice.pid != self._own_pid:
                    self._news.announce()
