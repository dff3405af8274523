"""Looking up the name of a receiver, within a time: the system's own look-up of a name cannot be ended.

    found = LOOKUPS.addresses("example.org", 443, within_s=5.0)      # raises TimeoutError, OSError, UnicodeError

A name whose look-up is still under way is not looked up again: a dead name server holds one thread a name, and nobody
who waits for it longer than asked.
"""

import socket
from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Lock, Thread

Look = Callable[[str, int], list[str]]


def _looked_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class Lookups:
    """The look-ups of one process that are under way."""

    def __init__(self, look: Look = _looked_up) -> None:
        self._look = look
        self._lock = Lock()
        self._under_way: dict[tuple[str, int], Future[list[str]]] = {}

    def addresses(self, host: str, port: int, within_s: float) -> list[str]:
        """The addresses of a host, in the order in which they are to be tried."""
        asked = self._begun(host, port)
        if not wait([asked], within_s).done:
            raise TimeoutError
        return asked.result()

    def _begun(self, host: str, port: int) -> Future[list[str]]:
        with self._lock:
            asked = self._under_way.get((host, port))
            if asked is None:
                asked = self._under_way[host, port] = Future()
                Thread(target=self._run, args=(host, port, asked), name="carnet-lookup", daemon=True).start()
            return asked

    def _run(self, host: str, port: int, asked: Future[list[str]]) -> None:
        try:
            found = self._look(host, port)
        except Exception as error:
            self._end(host, port)
            asked.set_exception(error)
        else:
            self._end(host, port)
            asked.set_result(found)

    def _end(self, host: str, port: int) -> None:
        with self._lock:
            del self._under_way[host, port]


LOOKUPS = Lookups()
