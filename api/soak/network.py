"""A network between a store and its server that can be cut at a chosen moment."""

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

Outage = Literal["refuse", "swallow"]
"""`refuse` every connection, those that are open too, or take them and `swallow` what comes, both ways."""
Fault = Literal["cut before", "cut after", "silence"]
"""`cut before` the marked bytes reach the server, `cut after` it has answered them, or swallow its answer."""


class Proxy:
    """Forwards TCP connections to the server of `url`; `fail_on` breaks the one that carries a marker."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._listening = socket.create_server(("127.0.0.1", 0))
        port = self._listening.getsockname()[1]
        user = parts.netloc.rpartition("@")[0]
        self.url = urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{port}"))
        self._lock = Lock()
        self._marker = b""
        self._fault: Fault | None = None
        self._outage: Outage | None = None
        self._open: list[socket.socket] = []
        self.struck = Event()
        Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.close()
        self._close(*self._open)

    def fail_on(self, marker: bytes, fault: Fault) -> None:
        """Break the next connection on which the client sends `marker`; later ones work again."""
        with self._lock:
            self._marker, self._fault = marker, fault
        self.struck.clear()

    def go_out(self, outage: Outage) -> None:
        """Reach the server no more, until `come_back`."""
        self._outage = outage
        if outage == "refuse":
            self.cut_all()

    def come_back(self) -> None:
        """Forward again, on new connections."""
        self._outage = None
        self.cut_all()

    def cut_all(self) -> None:
        """Break every connection there is; new ones work."""
        broken, self._open = self._open, []
        self._close(*broken)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                if self._outage == "refuse":
                    self._close(client)
                    continue
                server = socket.create_connection(self._server)
                self._open += [client, server]
                Link(client, server, self._strike, lambda: self._outage == "swallow").start()

    def _strike(self, data: bytes) -> Fault | None:
        with self._lock:
            if self._fault is None or self._marker not in data:
                return None
            fault, self._fault = self._fault, None
        self.struck.set()
        return fault

    @staticmethod
    def _close(*ends: socket.socket) -> None:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Link:
    """One connection through the proxy: two threads that copy what comes."""

    def __init__(
        self,
        client: socket.socket,
        server: socket.socket,
        strike: Callable[[bytes], Fault | None],
        swallows: Callable[[], bool],
    ) -> None:
        self._client = client
        self._server = server
        self._strike = strike
        self._swallows = swallows
        self._fault: Fault | None = None

    def start(self) -> None:
        for copy in (self._to_server, self._to_client):
            Thread(target=copy, daemon=True).start()

    def _to_server(self) -> None:
        with suppress(OSError):
            while data := self._client.recv(65536):
                self._fault = self._fault or self._strike(data)
                if self._fault == "cut before":
                    break
                if self._swallows():
                    continue
                self._server.sendall(data)
        Proxy._close(self._client, self._server)

    def _to_client(self) -> None:
        with suppress(OSError):
            while data := self._server.recv(65536):
                if self._fault == "cut after":
                    break
                if self._fault is None and not self._swallows():
                    self._client.sendall(data)
        Proxy._close(self._client, self._server)
