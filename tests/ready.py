"""Waiting for a server, and for anything else that another process does."""

import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from typing import Protocol

WAIT_S_MAX = 200.0
"""What takes longer hangs. It is no measure of speed: a busy machine may take a minute for a start."""
POLL_S = 0.02


class Process(Protocol):
    """What tells whether it has ended."""

    def poll(self) -> int | None: ...


def is_ready(port: int) -> bool:
    """Whether the server at this port of the loopback says that it is ready.

    Asked by a plain connection: a client of httpx reads all certificates each time.
    """
    asking = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        asking.request("GET", "/readyz")
        return asking.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        asking.close()


def wait_for(condition: Callable[[], object], told: Callable[[], str] = lambda: "") -> None:
    """Look until it holds. `told`: what explains a failure, such as a log."""
    deadline = time.monotonic() + WAIT_S_MAX
    while not condition():
        assert time.monotonic() < deadline, f"in vain\n{told()}"
        time.sleep(POLL_S)


def wait_until_ready(process: Process, port: int, told: Callable[[], str] = lambda: "") -> None:
    """Until the server says that it is. Raises AssertionError, with what `told` tells, if its process ends."""
    wait_for(lambda: process.poll() is not None or is_ready(port), told)
    assert process.poll() is None, f"the server did not start:\n{told()}"
