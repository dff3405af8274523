"""`carnet` as processes of their own, without the 3 s of work in which an interpreter imports it.

    process = start("serve", environment={"CARNET_PORT": "8000", …}, stdout=log, stderr=log)
    process.wait()
    done = run("verify", environment=…)                # its exit status and what it printed

They are forked from one process that has imported the application and runs nothing else. Each leads a session of its
own, has the environment that is given and nothing more, and the signals of a terminal end it, however the tests were
started. Tests of the start itself, and of what an interpreter reads when it starts, use `subprocess`.
"""

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any

HOUSE = Path(__file__).parent.parent
OF_A_TERMINAL = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)
Before = Callable[[], None]


# Where the tests are


class CommandProcess:
    """One that was started. The members have the meaning that they have in `subprocess.Popen`."""

    def __init__(self, reply: socket.socket) -> None:
        self._told: IO[str] = reply.makefile()
        self._reply = reply
        self.pid = int(self._told.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._status(0)

    def wait(self, timeout: float | None = None) -> int:
        status = self._status(timeout)
        if status is None:
            raise subprocess.TimeoutExpired("carnet", timeout or 0.0)
        return status

    def send_signal(self, told: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, told)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _status(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._reply], [], [], timeout)[0]:
            self.returncode = int(self._told.readline())
            self._told.close()
            self._reply.close()
        return self.returncode


def start(
    *arguments: object,
    environment: Mapping[str, str],
    stdout: IO[Any] | int = subprocess.DEVNULL,
    stderr: IO[Any] | int = subprocess.DEVNULL,
    before: Before | None = None,
    house: Path = HOUSE,
) -> CommandProcess:
    """Start `carnet` with these arguments. `before`, a function of a module, runs in the new process first.

    `house` holds the code of the application, if it is another one than that of the tests.
    """
    ours, theirs = socket.socketpair()
    with open(os.devnull, "r+b") as nothing, theirs:
        outputs = [nothing if each == subprocess.DEVNULL else each for each in (stdout, stderr)]
        given = [each if isinstance(each, int) else each.fileno() for each in (nothing, *outputs, theirs)]
        socket.send_fds(_source(house), [b"1"], given)
    asked = {
        "arguments": [str(each) for each in arguments],
        "environment": dict(environment),
        "folder": str(Path.cwd()),
        "before": before and [before.__module__, before.__name__],
    }
    ours.sendall(json.dumps(asked).encode() + b"\n")
    return CommandProcess(ours)


def run(
    *arguments: object, environment: Mapping[str, str], before: Before | None = None, house: Path = HOUSE
) -> "subprocess.CompletedProcess[str]":
    """Run `carnet` to its end."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = start(
            *arguments, environment=environment, stdout=out, stderr=err, before=before, house=house
        )
        status = process.wait()
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess([str(each) for each in arguments], status, out.read(), err.read())


@cache
def _source(house: Path) -> socket.socket:
    """Asks the process from which all of a house are forked, which ends when this end is closed."""
    ours, theirs = socket.socketpair()
    with theirs:
        subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.command_process", str(theirs.fileno())],
            cwd=house,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (house, HOUSE)))},
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
    return ours


# Where they are forked


@dataclass(frozen=True)
class Asked:
    """What one forked process is to do."""

    arguments: list[str]
    environment: dict[str, str]
    folder: str
    before: tuple[str, str] | None

    def begin(self, descriptors: list[int]) -> None:
        """Become that process: its session, descriptors, signals and environment."""
        os.setsid()
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        for told in OF_A_TERMINAL:
            signal.signal(told, signal.default_int_handler if told is signal.SIGINT else signal.SIG_DFL)
        os.environ.clear()
        os.environ.update(self.environment)
        time.tzset()
        os.chdir(self.folder)
        if self.before:
            module, name = self.before
            getattr(import_module(module), name)()


def _forked(control: socket.socket) -> Asked | None:
    """Returns in each new process, with what it has to do; in the first one None, at the end."""
    # Nobody asks how those ended that wait for the others.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        asked, descriptors, _, _ = socket.recv_fds(control, 1, 4)
        if not asked:
            return None
        if os.fork() == 0:
            control.close()
            return _kept(socket.socket(fileno=descriptors.pop()), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _kept(reply: socket.socket, descriptors: list[int]) -> Asked:
    """Fork once more: one process waits for the other, and tells its id and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with reply.makefile() as told:
        asked = Asked(**json.loads(told.readline()))
    pid = os.fork()
    if pid == 0:
        reply.close()
        asked.begin(descriptors)
        return asked
    for descriptor in descriptors:
        os.close(descriptor)
    reply.sendall(f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    reply.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _main() -> None:
    import click

    from api.cli.main import COMMANDS, main

    for name in COMMANDS:
        main.get_command(click.Context(main), name)
    import_module("api.server.serve")
    gc.collect()
    gc.freeze()  # so that the end of a process does not walk through what all share
    asked = _forked(socket.socket(fileno=int(sys.argv[1])))
    if asked is not None:
        sys.argv = ["carnet", *asked.arguments]
        main(prog_name="carnet")


if __name__ == "__main__":
    _main()
