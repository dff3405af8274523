"""The load on an HTTP server: many connections kept alive, one request after the other on each.

One thread on one epoll, requests made before the clock starts, answers looked at only as far as needed to
tell that they are whole and as expected. It must cost far less than what it measures: `busy` tells.
"""

import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.race import Speed

ANSWER_S_MAX = 30.0
CREATED, OK = b"HTTP/1.1 201", b"HTTP/1.1 200"


@dataclass(frozen=True, slots=True)
class Load:
    """What came of driving a server: `busy` is the share of a core that the generator itself used."""

    speed: Speed
    busy: float


class Connection:
    """One keep-alive connection, with one request under way at most."""

    def __init__(self, port: int, expected: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S_MAX)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.expected = expected
        self.received = b""

    def send(self, request: bytes) -> None:
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Whether the answer is whole now. Raises RuntimeError for any but the expected status."""
        self.received += self.socket.recv(65_536)
        end = self.received.find(b"\r\n\r\n")
        if end < 0 and self.received:
            return False
        length = _length(self.received[:end].lower())
        if not self.received.startswith(self.expected):
            raise RuntimeError(f"the server answered {self.received.decode(errors='replace')!r}")
        if len(self.received) < end + 4 + length:
            return False
        self.received = b""
        return True


def _length(head: bytes) -> int:
    _, _, after = head.partition(b"content-length:")
    return int(after.partition(b"\r\n")[0] or 0)


def drive(port: int, queues: Sequence[Sequence[bytes]], seconds: float, expected: bytes = CREATED) -> Load:
    """Send each queue over a connection of its own, until the time is up or one has nothing left."""
    connections = [Connection(port, expected) for _ in queues]
    by_number = {connection.socket.fileno(): connection for connection in connections}
    left = {connection: iter(requests) for connection, requests in zip(connections, queues, strict=True)}

    def send_next(connection: Connection) -> bool:
        """Whether there was another request to send."""
        request = next(left[connection], None)
        if request is not None:
            connection.send(request)
        return request is not None

    waiting = select.epoll()
    for number in by_number:
        waiting.register(number, select.EPOLLIN)
    commands, under_way, over = 0, 0, False
    used, started = time.process_time(), time.perf_counter()
    for connection in connections:
        under_way += send_next(connection)
    while under_way:
        ready = waiting.poll(ANSWER_S_MAX)
        if not ready:
            raise RuntimeError(f"no answer for {ANSWER_S_MAX} s")
        over = over or time.perf_counter() - started >= seconds
        for number, _ in ready:
            connection = by_number[number]
            if connection.receive():
                commands += 1
                if over or not send_next(connection):
                    over, under_way = True, under_way - 1
    elapsed, busy = time.perf_counter() - started, time.process_time() - used
    for connection in connections:
        connection.socket.close()
    waiting.close()
    return Load(Speed(commands, elapsed), busy / elapsed)


def request(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """The bytes of a POST of JSON."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def question(path: str, headers: dict[str, str]) -> bytes:
    """The bytes of a GET."""
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode()
