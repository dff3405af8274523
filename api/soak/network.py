"""A network between a server and its database that can be cut at any moment."""

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from types import TracebackType
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

Outage = Literal["refuse", "swallow"]
"""`refuse` every connection, those that are open too, or take them and `swallow` what comes, both ways."""
Passes = Callable[[bytes], bool | None]


class Proxy:
    """Forwards TCP connections to the server of `url`, on loopback. Its own `url` leads to it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._listening = socket.create_server(("127.0.0.1", 0))
        port = self._listening.getsockname()[1]
        user = parts.netloc.rpartition("@")[0]
        self.url = urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{port}"))
        self.outage: Outage | None = None
        self._open: list[socket.socket] = []
        Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.close()
        close(*self._open)

    def go_out(self, outage: Outage) -> None:
        """Reach the server no more, until `come_back`."""
        self.outage = outage
        if outage == "refuse":
            self.cut_all()

    def come_back(self) -> None:
        """Forward again, on new connections."""
        self.outage = None
        self.cut_all()

    def cut_all(self) -> None:
        """Break every connection there is; new ones work."""
        broken, self._open = self._open, []
        close(*broken)

    def link(self, client: socket.socket, server: socket.socket) -> "Link":
        """What connects the two."""
        return Link(self, client, server)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                if self.outage == "refuse":
                    close(client)
                    continue
                server = socket.create_connection(self._server)
                self._open += [client, server]
                self.link(client, server).start()


class Link:
    """One connection through the proxy: two threads that copy what comes."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server

    def start(self) -> None:
        for source, target, passes in (
            (self._client, self._server, self.passes_to_server),
            (self._server, self._client, self.passes_to_client),
        ):
            Thread(target=self._copy, args=(source, target, passes), daemon=True).start()

    def passes_to_server(self, data: bytes) -> bool | None:
        """Whether these bytes are passed on; None: the connection breaks instead."""
        return self._proxy.outage != "swallow"

    def passes_to_client(self, data: bytes) -> bool | None:
        """The same, of what the server answers."""
        return self._proxy.outage != "swallow"

    def _copy(self, source: socket.socket, target: socket.socket, passes: Passes) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                passed = passes(data)
                if passed is None:
                    break
                if passed:
                    target.sendall(data)
        close(self._client, self._server)


def close(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
