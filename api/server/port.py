"""The port of a server: taken by one server at a time, though the processes of that server share it."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager


class AddressUnusable(Exception):
    """Nothing can be served at this address; the text says why."""


@contextmanager
def held(host: str, port: int) -> Iterator[str]:
    """Keep every other server from this port. Yields the numeric address of the host.

    The server's processes bind it with SO_REUSEPORT, by which a second server would silently get half of the
    connections. So a socket that never listens is bound to it first, without that option; it is set afterwards, for
    the processes alone. Raises AddressUnusable.
    """
    family, address = _resolved(host, port)
    with socket.socket(family, socket.SOCK_STREAM) as guard:
        # For connections of an earlier server that are not quite over; taken back, it would let a second guard in.
        guard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            guard.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            guard.bind((address, port))
        except OSError as error:
            raise AddressUnusable(told_of_address(error, host, port)) from error
        guard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        guard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        yield address


def _resolved(host: str, port: int) -> tuple[socket.AddressFamily, str]:
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressUnusable(f"{host} is no address of this machine") from error
    # IPv4 first, as a client that is told `localhost` tries both.
    family, _, _, _, address = sorted(found, key=lambda each: each[0] != socket.AF_INET)[0]
    return family, str(address[0])


def told_of_address(error: OSError, host: str, port: int) -> str:
    """Why an address cannot be listened on, and the remedy."""
    match error.errno:
        case errno.EADDRINUSE:
            return f"address in use: something listens on {host}, port {port} already"
        case errno.EACCES | errno.EPERM:
            return f"{host}, port {port}: this user may not listen there; --port or CARNET_PORT names one from 1024"
        case errno.EADDRNOTAVAIL:
            return f"{host} is no address of this machine"
        case _:
            return f"{host}, port {port} cannot be used: {error.strerror}"
