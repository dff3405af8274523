"""Requests byte by byte, as no client library would send them."""

import json
import socket
from dataclasses import dataclass
from typing import Any

from tests.api.server.served import Server

HOST = b"Host: carnet.test"


@dataclass(frozen=True)
class RawAnswer:
    """The last answer that came over a connection: interim ones are passed over."""

    status: int
    headers: dict[str, str]
    body: bytes
    left: bytes
    """What came after it."""

    @property
    def problem(self) -> Any:
        assert self.headers["content-type"] == "application/problem+json"
        found = json.loads(self.body)
        assert found["status"] == self.status
        assert found["instance"] == self.headers["request-id"]
        return found


def sent(server: Server, *messages: bytes) -> bytes:
    """All that comes back over one connection, to its end. An answer that was cut off by a reset ends there."""
    host, port = server.url.removeprefix("http://").split(":")
    got = b""
    with socket.create_connection((host, int(port)), timeout=60) as end:
        try:
            for message in messages:
                end.sendall(message)
            while piece := end.recv(65_536):
                got += piece
        except (ConnectionResetError, BrokenPipeError):
            pass
    return got


def answers(got: bytes) -> list[RawAnswer]:
    found = []
    while got:
        answer = _first(got)
        got = answer.left
        if answer.status >= 200:
            found.append(answer)
    return found


def _first(got: bytes) -> RawAnswer:
    head, _, rest = got.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", 0))
    return RawAnswer(int(status.split()[1]), headers, rest[:length], rest[length:])


def head(server: Server, line: bytes, *headers: bytes, host: bytes = HOST) -> bytes:
    """The head of a request with a key, after which the server is to close the connection."""
    fixed = [line, host, b"Authorization: Bearer " + server.key.encode(), b"Connection: close"]
    return b"\r\n".join([*(part for part in fixed if part), *headers, b"", b""])
