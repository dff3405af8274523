"""Poolers as stand-ins: what PgBouncer does in each of its modes, as far as it matters to its clients."""

import socket
import struct
import threading
from contextlib import suppress
from itertools import count
from urllib.parse import urlsplit

ASKS_FOR_ENCRYPTION = (b"\x04\xd2\x16\x2f", b"\x04\xd2\x16\x30")
READY = (b"Z\x00\x00\x00\x05I", b"Z\x00\x00\x00\x05T", b"Z\x00\x00\x00\x05E")
REFUSED = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0"


class Pooler:
    """Listens on a port of its own, and answers each client on a thread."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._begin, args=(client,), daemon=True).start()

    def _begin(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            opening = client.recv(65536)
            while opening[4:8] in ASKS_FOR_ENCRYPTION:
                client.sendall(b"N")
                opening = client.recv(65536)
            self._serve(client, opening)

    def _serve(self, client: socket.socket, opening: bytes) -> None:
        raise NotImplementedError


class TransactionPool(Pooler):
    """In transaction mode: all clients share some sessions of the server, taken in turn between transactions."""

    def __init__(self, url: str, sessions: int = 1) -> None:
        super().__init__(url)
        self._servers = [socket.create_connection(self._address) for _ in range(sessions)]
        self._turn = threading.Lock()
        self._served = count()
        self._greeting = b""

    def close(self) -> None:
        super().close()
        for server in self._servers:
            server.close()

    def _serve(self, client: socket.socket, opening: bytes) -> None:
        with self._turn:
            if not self._greeting:
                for server in self._servers:
                    server.sendall(opening)
                    self._greeting = _answer(server)
        client.sendall(self._greeting)
        while (asked := client.recv(65536)) and asked[:1] != b"X":
            with self._turn:
                server = self._servers[next(self._served) % len(self._servers)]
                server.sendall(asked)
                client.sendall(_answer(server))


class SessionPool(Pooler):
    """In session mode: a client keeps its session. The options at its start are dropped or refused, never passed on."""

    def __init__(self, url: str, *, ignores_options: bool) -> None:
        super().__init__(url)
        self._ignores_options = ignores_options

    def _serve(self, client: socket.socket, opening: bytes) -> None:
        named = opening[8:-2].split(b"\0")
        given = dict(zip(named[::2], named[1::2], strict=True))
        if given.pop(b"options", None) is not None and not self._ignores_options:
            client.sendall(b"E" + struct.pack("!i", len(REFUSED) + 4) + REFUSED)
            return
        rest = opening[4:8] + b"".join(name + b"\0" + value + b"\0" for name, value in given.items()) + b"\0"
        with socket.create_connection(self._address) as server:
            server.sendall(struct.pack("!i", len(rest) + 4) + rest)
            threading.Thread(target=_pass_on, args=(server, client), daemon=True).start()
            _pass_on(client, server)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def _answer(server: socket.socket) -> bytes:
    """Up to the message that the server is ready again."""
    answer = b""
    while not answer.endswith(READY):
        answer += server.recv(65536)
    return answer
