"""The desk of the demo: a client of the API, and a server of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socket import socket
from typing import Any

import httpx

Json = dict[str, Any]
START_S_MAX = 60.0


class Desk:
    """A client of the API that counts its requests, so that each has its own idempotency key."""

    def __init__(self, url: str, key: str) -> None:
        self._client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30)
        self._requests = 0

    def post(self, path: str, body: Json) -> Json:
        """Give a command that must be accepted. Raises SystemExit with the problem if it is refused."""
        return self._body(self.send(path, body))

    def send(self, path: str, body: Json, key: str | None = None) -> httpx.Response:
        """Give a command, under a key of its own unless one is given."""
        self._requests += 1
        key = key or f"demo-{self._requests}"
        return self._client.post(f"/v1{path}", json=body, headers={"Idempotency-Key": key})

    def refused(self, path: str, body: Json) -> Json:
        """Give a command that must be refused, and return the problem."""
        answer = self.send(path, body)
        if answer.is_success:
            raise SystemExit(f"{path} should have been refused")
        problem: Json = answer.json()
        return problem

    def get(self, path: str, **query: str) -> Json:
        return self._body(self._client.get(f"/v1{path}", params=query))

    def send_get(self, path: str, **query: str) -> str:
        """The status of an answer, and the code of the problem if it is one."""
        answer = self._client.get(f"/v1{path}", params=query)
        return f"{answer.status_code} {'' if answer.is_success else answer.json()['code']}".strip()

    def with_key(self, key: str) -> "Desk":
        """Another client of the same API."""
        return Desk(str(self._client.base_url), key)

    def _body(self, answer: httpx.Response) -> Json:
        if not answer.is_success:
            raise SystemExit(
                f"{answer.request.method} {answer.request.url}: {answer.status_code}\n{answer.text}"
            )
        body: Json = answer.json()
        return body


def free_port(wanted: int = 0) -> int:
    """A free port of loopback: the wanted one, or another where that is taken."""
    with socket() as free, suppress(OSError):
        free.bind(("127.0.0.1", wanted))
        return int(free.getsockname()[1])
    return free_port()


@contextmanager
def served(environment: dict[str, str], port: int) -> Iterator[str]:
    """A `carnet serve` process on this loopback port, ended with the block; yields its URL."""
    url = f"http://127.0.0.1:{port}"
    serve = ["serve", "--port", str(port), "--parent", str(os.getpid())]
    command = [sys.executable, "-m", "api.cli.main", *serve]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _wait_until_ready(url, process)
        yield url
    finally:
        process.terminate()
        process.communicate()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            assert process.stderr is not None
            raise SystemExit(f"the server stopped:\n{process.stderr.read().decode()}")
        try:
            if httpx.get(f"{url}/readyz", timeout=1).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise SystemExit("the server did not answer in time")
