"""`carnet serve` as processes of their own, on a fresh embedded database with one business."""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from api.server.installation import migrate, opened
from api.server.settings import Settings
from tests.bench.server import free_port
from tests.command_process import Before, CommandProcess, start
from tests.ready import WAIT_S_MAX, wait_until_ready

Process = CommandProcess | subprocess.Popen[bytes]


@dataclass(frozen=True)
class Server:
    process: Process
    url: str
    key: str
    log: Path

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=30)

    def stop(self) -> int:
        """Ask it to stop; its exit status. Raises TimeoutExpired when it goes on for ever."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT_S_MAX)

    def socket_count(self) -> int:
        """Sockets that its processes hold: those they listen on, and one for each connection.

        Files are not counted: a server opens the database once more whenever two requests overlap.
        """
        return sum(_socket_count(pid) for pid in (self.process.pid, *children_of(self.process.pid)))


def settings_in(folder: Path, port: int, **more: str) -> dict[str, str]:
    named = {"DATABASE": f"sqlite:///{folder}/carnet.db", "PORT": str(port), "LOG": "debug", **more}
    return {f"CARNET_{name}": value for name, value in named.items()}


def without_settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CARNET_")}


@contextmanager
def served(
    folder: Path,
    *,
    interpreter: Sequence[str] = (),
    errors: int | None = None,
    key: str | None = None,
    before: Before | None = None,
    **more: str,
) -> Iterator[Server]:
    """The server, once it is ready; `more` are settings. `errors`: where it logs, instead of a file.

    `key`: of books that are there already. `before`: runs in the new process first. `interpreter`: the command line of
    an interpreter that serves, started anew.
    """
    port = free_port()
    environment = settings_in(folder, port, **more)
    settings = Settings.read(environment)
    if key is None:
        migrate(settings)
        with opened(settings) as here:
            _, key = here.open_business("Szalon", "EUR", "Europe/Budapest")
    log = folder / "server.log"
    with log.open("wb") as output:
        errors = output.fileno() if errors is None else errors
        process: Process
        if interpreter:
            process = subprocess.Popen(
                interpreter,
                env={**without_settings(), **environment},
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        else:
            given = {**without_settings(), **environment}
            process = start("serve", environment=given, stdout=output, stderr=errors, before=before)
    found = Server(process, f"http://127.0.0.1:{port}", key, log)
    try:
        wait_until_ready(process, port, log.read_text)
        yield found
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def is_running(pid: int) -> bool:
    """Not so when it ended and only waits for somebody to ask how."""
    with suppress(OSError):
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def children_of(pid: int) -> list[int]:
    """The processes that this one started and that are there."""
    told = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = [line.split() for line in told.stdout.splitlines()]
    return [int(child) for child, parent in pairs if int(parent) == pid]


def _socket_count(pid: int) -> int:
    count = 0
    with suppress(OSError):  # the process, or a descriptor, is gone meanwhile
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                count += str(descriptor.readlink()).startswith("socket:")
    return count
