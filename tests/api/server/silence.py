"""Clients that keep the server waiting, each in its own way, many at once."""

import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.api.server.served import Server
from tests.ready import WAIT_S_MAX

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
TRICKLE_S = 0.2

Says = Callable[[Server], bytes]


def post(server: Server, *lines: str) -> bytes:
    head = [
        "POST /v1/services HTTP/1.1",
        "Host: carnet.test",
        f"Authorization: Bearer {server.key}",
        "Idempotency-Key: k",
        "Content-Type: application/json",
        *lines,
    ]
    return "\r\n".join([*head, "", ""]).encode()


KINDS: dict[str, Says] = {
    "not a byte": lambda server: b"",
    "half a preface": lambda server: PREFACE[:8],
    "the preface of HTTP/2": lambda server: PREFACE,
    "half a head": lambda server: b"GET /livez HTTP/1.1\r\nHost: x\r\n",
    "a head that never ends": lambda server: b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: ",
    "a body that never comes": lambda server: post(server, "Content-Length: 100"),
    "half a body": lambda server: post(server, "Content-Length: 100") + b'{"name":',
    "half a body in chunks": lambda server: post(server, "Transfer-Encoding: chunked") + b"5\r\n{}\r\n",
    "a body for what is not there": lambda server: (
        b"POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
    ),
    "a body of a question": lambda server: b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
    "one request and no more": lambda server: b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n",
    "a request and half of another": lambda server: b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /livez HT",
    "answers that are never read": lambda server: b"GET /schema HTTP/1.1\r\nHost: x\r\n\r\n" * 20,
}
"""What each kind says before it falls silent."""


@contextmanager
def silent(server: Server, kind: str, number: int) -> Iterator[list[socket.socket]]:
    """So many connections of this kind, held open until the block is left."""
    host, port = server.url.removeprefix("http://").split(":")
    said = KINDS[kind](server)
    held: list[socket.socket] = []
    try:
        for _ in range(number):
            end = socket.socket()
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            end.settimeout(60)
            held.append(end)
            end.connect((host, int(port)))
            end.sendall(said)
        yield held
    finally:
        for end in held:
            end.close()


def reads(kind: str) -> bool:
    return kind != "answers that are never read"


def closed_by_server(held: list[socket.socket], trickle: bytes = b"") -> Iterator[int]:
    """How many of them the server has closed so far, again and again until all are; what they get is thrown away.

    `trickle`: what each goes on saying, a byte now and then.
    """
    still_open, deadline = set(held), time.monotonic() + WAIT_S_MAX
    while still_open:
        assert time.monotonic() < deadline, f"{len(still_open)} of {len(held)} are still open"
        readable, _, _ = select.select(still_open, [], [], TRICKLE_S)
        still_open -= {end for end in readable if _is_over(end)}
        if trickle:
            still_open -= {end for end in still_open if not _says(end, trickle)}
        yield len(held) - len(still_open)


def _is_over(end: socket.socket) -> bool:
    try:
        return not end.recv(65_536)
    except OSError:
        return True


def _says(end: socket.socket, said: bytes) -> bool:
    try:
        end.send(said)
    except OSError:
        return False
    return True
