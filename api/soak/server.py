"""The server under trial: `carnet serve` as a process of its own, ended and started again."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from socket import socket
from threading import Event
from time import monotonic

import httpx

START_S_MAX = 60.0
DRAIN_S_MAX = 20.0
LOOK_S = 0.05


class DidNotStart(Exception):
    """The server was started and did not become ready in time. The text ends with the last lines of its log."""


def without_settings() -> dict[str, str]:
    """The environment of this process but for the settings of its own books."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CARNET_")}


class Server:
    """Its address stays the same whenever it is started again. It ends with this process, however that one ends."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        with socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._environment = (
            without_settings() | environment | {"CARNET_HOST": "127.0.0.1", "CARNET_PORT": str(port)}
        )
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{port}"

    def start(self) -> None:
        """Returns once it is ready. Raises DidNotStart."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "api.cli.main", "serve", "--parent", str(os.getpid())],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline, pause = monotonic() + START_S_MAX, Event()
        while monotonic() < deadline and self._process.poll() is None:
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).status_code == 200:
                    return
            pause.wait(LOOK_S)
        self.kill()
        last = self._log.read_text("utf-8", "replace").splitlines()[-5:]
        raise DidNotStart("the server did not start:\n" + "\n".join(last))

    def kill(self) -> None:
        """End it and all that it started at once, as a crash does."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def stop(self) -> bool:
        """Ask it to end; whether it did in time, with status 0."""
        assert self._process is not None, "it was started"
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(DRAIN_S_MAX) == 0
        except subprocess.TimeoutExpired:
            self.kill()
            return False
