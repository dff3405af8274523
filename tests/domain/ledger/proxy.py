"""A network that breaks the one connection on which something chosen is sent."""

import socket
from threading import Event, Lock
from typing import Literal

from api.soak.network import Link, Proxy

Fault = Literal["cut before", "cut after", "silence"]
"""`cut before` the marked bytes reach the server, `cut after` it has answered them, or swallow its answer."""


class StrikingProxy(Proxy):
    def __init__(self, url: str) -> None:
        self._lock = Lock()
        self._marker = b""
        self._fault: Fault | None = None
        self.struck = Event()
        super().__init__(url)

    def __enter__(self) -> "StrikingProxy":
        return self

    def fail_on(self, marker: bytes, fault: Fault) -> None:
        """Break the next connection on which the client sends `marker`; later ones work again."""
        with self._lock:
            self._marker, self._fault = marker, fault
        self.struck.clear()

    def link(self, client: socket.socket, server: socket.socket) -> Link:
        return StruckLink(self, client, server)

    def strike(self, data: bytes) -> Fault | None:
        with self._lock:
            if self._fault is None or self._marker not in data:
                return None
            fault, self._fault = self._fault, None
        self.struck.set()
        return fault


class StruckLink(Link):
    def __init__(self, proxy: StrikingProxy, client: socket.socket, server: socket.socket) -> None:
        super().__init__(proxy, client, server)
        self._strikes = proxy.strike
        self._fault: Fault | None = None

    def passes_to_server(self, data: bytes) -> bool | None:
        self._fault = self._fault or self._strikes(data)
        return None if self._fault == "cut before" else super().passes_to_server(data)

    def passes_to_client(self, data: bytes) -> bool | None:
        if self._fault == "cut after":
            return None
        return self._fault is None and super().passes_to_client(data)
