"""The connections of a serving process, looked at twice a second by a thread of their own.

    requests = Requests()
    app = watched(app, requests)                       # tells of each request and its connection
    Connections(port, limits, requests).start()

The server's library ends a connection that stays idle. It knows no limits of an address, and closes none to make
room: once it has as many as it may, it accepts no more until one ends by itself. So this thread closes what brings no
request in time, what one address has too many of, and what has been silent for longest before there is no room left.
It also tells the kernel to give up an answer that nobody reads: neither the library nor this code can tell such a
client from a slow one.
"""

import logging
import os
import socket
import struct
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread

from litestar.types import ASGIApp, Receive, Scope, Send

from api.http.networks import NO_PROXIES, TrustedProxies, network_of

LOOK_S = 0.5
AT_ONCE = 100
"""Descriptors looked at before other threads get their turn."""
CROWDED, ROOMY = 7 / 8, 3 / 4
"""From this share of all connections on, the longest silent are closed, down to that share."""
LAST_DATA_RECV = 52
"""Where `struct tcp_info` (Linux) tells the milliseconds since data came, in 4 bytes."""

Peer = tuple[str, int]
"""Address and port of the other end."""

log = logging.getLogger("carnet.server")


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What a process allows."""

    connections: int = 4096
    per_address: int = 256
    """Of one IPv4 address or IPv6 /64, which is not a trusted proxy."""
    first_request_s: float = 10.0
    """Seconds until a connection has brought its first request to the end of the head."""
    answer_read_s: float = 30.0
    """Seconds that a client may read nothing of an answer that waits for it."""
    proxies: TrustedProxies = NO_PROXIES


@dataclass(slots=True)
class Requests:
    """What is known of connections by their requests. Written by the event loop, read by the thread."""

    asked: set[Peer] = field(default_factory=set)
    """Connections that have brought a request."""
    under_way: set[Peer] = field(default_factory=set)
    """Connections with a request that is not answered yet."""


def watched(app: ASGIApp, requests: Requests) -> ASGIApp:
    """The application, telling which connection each request came by."""
    asked, under_way = requests.asked, requests.under_way

    async def tell(scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client is None:
            return await app(scope, receive, send)
        peer = (client[0], int(client[1]))
        asked.add(peer)
        under_way.add(peer)
        try:
            await app(scope, receive, send)
        finally:
            under_way.discard(peer)

    return tell


@dataclass(slots=True)
class Connection:
    """An open connection, as last looked at."""

    descriptor: int
    peer: Peer
    since: float
    """When it was first seen, in seconds of `time.monotonic()`."""
    silent_s: float = 0.0
    """Seconds since data came by it."""


class Connections:
    """Those that this process has accepted on one port."""

    def __init__(self, port: int, limits: ConnectionLimits, requests: Requests) -> None:
        self._port = port
        self._limits = limits
        self._requests = requests
        self._open: dict[Peer, Connection] = {}
        self._gone: set[Peer] = set()
        """Peers with requests and without a connection, at the last look."""

    def start(self) -> None:
        """Look at them from now on, as long as the process lives."""
        Thread(target=self._keep, name="carnet-connections", daemon=True).start()

    def _keep(self) -> None:
        while True:
            time.sleep(LOOK_S)
            try:
                self.look()
            except Exception as error:  # never the end of the thread
                log.warning("the connections could not be looked at: %s", type(error).__name__)

    def look(self) -> Counter[str]:
        """Look once; how many were closed, by reason."""
        self._open = {each.peer: each for each in self._found()}
        self._forget()
        closed: Counter[str] = Counter()
        for reason, chosen in self._chosen():
            if chosen.peer in self._open and _close(chosen):
                del self._open[chosen.peer]
                closed[reason] += 1
        for reason, number in closed.items():
            log.warning("closed %d connections: %s", number, reason)
        return closed

    # Which are there

    def _found(self) -> Iterator[Connection]:
        now = time.monotonic()
        for n, descriptor in enumerate(_descriptors(), 1):
            if (found := self._seen(descriptor, now)) is not None:
                yield found
            if n % AT_ONCE == 0:
                time.sleep(0)

    def _seen(self, descriptor: int, now: float) -> Connection | None:
        try:
            end = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=descriptor)
        except OSError:  # no socket, or closed meanwhile
            return None
        try:
            return self._accepted(end, now)
        except OSError:  # not connected
            return None
        finally:
            end.detach()

    def _accepted(self, end: socket.socket, now: float) -> Connection | None:
        """The connection of a socket, if it was accepted on the port. Raises OSError."""
        address, own = end.getpeername(), end.getsockname()
        if not isinstance(address, tuple) or own[1] != self._port:
            return None
        peer = (str(address[0]).partition("%")[0], int(address[1]))
        found = self._open.get(peer)
        if found is None or found.descriptor != end.fileno():
            _give_up_unread(end, self._limits.answer_read_s)
            found = Connection(end.fileno(), peer, now)
        found.silent_s = _silent_s(end, now - found.since)
        return found

    def _forget(self) -> None:
        """Forget requests of connections that are gone: of a new one, the request may be known first."""
        gone = self._requests.asked - self._open.keys()
        for peer in gone & self._gone:
            self._requests.asked.discard(peer)
        self._gone = gone

    # Which are closed

    def _chosen(self) -> Iterator[tuple[str, Connection]]:
        """Connections to close, and why. Those that are left at each reason are counted then."""
        limits, now = self._limits, time.monotonic()
        for each in [*self._open.values()]:
            late = now - each.since > limits.first_request_s
            if late and each.peer not in self._requests.asked:
                yield "they brought no request in time", each
        for crowd in self._crowds():
            for each in self._longest_silent(crowd)[: len(crowd) - limits.per_address]:
                yield "too many of one address", each
        if len(self._open) > CROWDED * limits.connections:
            surplus = len(self._open) - int(ROOMY * limits.connections)
            for each in self._longest_silent(self._open.values())[:surplus]:
                yield "there are nearly as many as there may be", each

    def _crowds(self) -> list[list[Connection]]:
        """The connections of each network that has too many."""
        if len(self._open) <= self._limits.per_address:
            return []
        networks: dict[str, list[Connection]] = defaultdict(list)
        for each in self._open.values():
            if not self._limits.proxies.trusts(each.peer[0]):
                networks[network_of(each.peer[0])].append(each)
        return [crowd for crowd in networks.values() if len(crowd) > self._limits.per_address]

    def _longest_silent(self, some: Iterable[Connection]) -> list[Connection]:
        """Those without a request under way first."""
        under_way = self._requests.under_way
        return sorted(some, key=lambda each: (each.peer in under_way, -each.silent_s))


def _descriptors() -> list[int]:
    """Of this process: sockets, files and all else."""
    return [int(name) for name in os.listdir("/dev/fd")]


def _give_up_unread(end: socket.socket, seconds: float) -> None:
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; elsewhere the limits of an address stand alone
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))


def _silent_s(end: socket.socket, open_s: float) -> float:
    """Seconds since data came; where the system does not tell, those since the connection was first seen."""
    if sys.platform != "linux":
        return open_s
    told = end.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, LAST_DATA_RECV + 4)
    return float(struct.unpack_from("=I", told, LAST_DATA_RECV)[0]) / 1000


def _close(connection: Connection) -> bool:
    """End it at both ends, whereupon the server's library closes it. Whether it was still there.

    A copy of the descriptor is made first: the number may belong to something else by now, but the copy cannot change.
    """
    try:
        copy = os.dup(connection.descriptor)
    except OSError:
        return False
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=copy) as end:
        address = end.getpeername()
        if isinstance(address, tuple) and address[1] == connection.peer[1]:
            end.shutdown(socket.SHUT_RDWR)
            return True
    return False
