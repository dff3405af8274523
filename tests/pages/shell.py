"""The terminal of a reader: commands one after another, with the variables that those before have set."""

import os
import re
import socket
import subprocess
import time
from pathlib import Path

from tests.pages.blocks import STOP

SERVERS = {"carnet serve": 8000, "aiosmtpd": 8025}
"""What a reader leaves running, and the port it listens on in the pages."""

ENDED = "\x1eended "
START_S_MAX = 60.0


class Terminal:
    """One shell for all commands of a page. `ports`: the port of a page → the one that is free here."""

    def __init__(self, ports: dict[int, int]) -> None:
        self._ports = ports
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._shell = subprocess.Popen(["sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def type(self, command: str, prints: str | None) -> None:
        """Give a command to the shell. Raises AssertionError when it fails, or prints something else."""
        for there, here in self._ports.items():
            command = command.replace(f"127.0.0.1:{there}", f"127.0.0.1:{here}")
        server = next((name for name in SERVERS if f"{name} " in f"{command} "), None)
        if command == STOP:
            self._stop("carnet serve")
        elif server is not None:
            self._serve(server, command)
        else:
            self._run(command, prints)

    def _run(self, command: str, prints: str | None) -> None:
        status, told = self._told(command)
        assert status == 0, f"$ {command}\n{told}exit status {status}"
        assert prints is None or fits(prints, told), f"$ {command}\n{told}\nThe page says:\n{prints}"
        _, variables = self._told("env -0")
        os.environ.update(dict(each.split("=", 1) for each in variables.rstrip("\0").split("\0")))

    def _told(self, command: str) -> tuple[int, str]:
        """The exit status of a command, and what it printed."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(f'{{ {command}\n}} </dev/null 2>&1; echo "{ENDED}$?"\n')
        self._shell.stdin.flush()
        told: list[str] = []
        for line in self._shell.stdout:
            before, ended, status = line.rpartition(ENDED)
            if ended:
                return int(status), "".join([*told, before])
            told.append(line)
        raise AssertionError(f"the shell ended: {''.join(told)}")

    def _serve(self, server: str, command: str) -> None:
        """Start a server in the background, and wait until it listens."""
        self._stop(server)
        log = Path.home() / f".{server.replace(' ', '-')}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["sh", "-c", f"exec {command}"], stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )
        self._running[server] = process
        deadline = time.monotonic() + START_S_MAX
        while not _listens(self._ports[SERVERS[server]]):
            waits = process.poll() is None and time.monotonic() < deadline
            assert waits, f"$ {command}\n{log.read_text()}"
            time.sleep(0.02)

    def _stop(self, server: str) -> None:
        """Stop a server as Ctrl+C does, and wait until it has ended."""
        if (process := self._running.pop(server, None)) is not None:
            process.terminate()
            process.wait(START_S_MAX)

    def close(self) -> None:
        """Stop all that runs. The servers end when the connections of the page are gone."""
        self._shell.kill()
        self._shell.communicate()
        for process in self._running.values():
            process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def fits(shown: str, told: str) -> bool:
    """Whether a command printed what the page shows; `…` stands for anything in a line, alone for any lines."""
    pattern = "".join(
        r"(?:.*\n)*?" if line == "…\n" else re.escape(line).replace("…", ".*")
        for line in shown.splitlines(keepends=True)
    )
    return re.fullmatch(pattern, told if told.endswith("\n") else f"{told}\n") is not None
