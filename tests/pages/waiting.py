"""A process that has imported `carnet` and waits: each command of a page is a fork of it.

An interpreter of its own for each command would cost a second of imports, and the pages show a hundred commands.
Arguments, variables, folder, input, output and exit status are those of the command's own.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from select import select
from threading import Thread

REQUEST_BYTES_MAX = 1 << 18
COMMAND = """#!{python} -ISE
import json, os, signal, socket, sys
asked = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode()
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as there:
    there.connect({address!r})
    signal.signal(signal.SIGTERM, lambda *_: there.shutdown(socket.SHUT_WR))
    socket.send_fds(there, [asked], [0, 1, 2])
    sys.exit((there.recv(1) or b"F")[0])
"""


@contextmanager
def waiting(folder: Path) -> Iterator[Path]:
    """A folder for the PATH, in which `carnet` asks the waiting process and `uv run` runs what is installed."""
    address, commands = str(folder / "waiting"), folder / "bin"
    commands.mkdir()
    write_command(commands / "carnet", COMMAND.format(python=sys.executable, address=address))
    write_command(commands / "uv", '#!/bin/sh\n[ "$1" = run ] || exit 2\nshift\nexec "$@"\n')
    root = Path(__file__).parent.parent.parent
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.pages.waiting", address],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    try:
        yield commands
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def write_command(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755)


def wait(address: str) -> None:
    """Take requests until the standard input is closed, then end all that still runs."""
    from api.cli.main import COMMANDS

    for place, _ in COMMANDS.values():
        import_module(f"api.cli.{place.partition(':')[0]}")
    import_module("api.server.serve")
    import_module("api.server.app")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.bind(address)
        door.listen()
        print("ready", flush=True)
        while sys.stdin not in (ready := select([door, sys.stdin], [], [])[0]):
            assert ready
            asking, _ = door.accept()
            forget_ended()
            with asking:
                if os.fork() == 0:
                    door.close()
                    answer(asking)
    os.killpg(0, signal.SIGTERM)


def forget_ended() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def answer(asking: socket.socket) -> None:
    """Be the command that was asked for, in the process that was forked. It ends when whoever asked ends."""
    request, files, *_ = socket.recv_fds(asking, REQUEST_BYTES_MAX, 3)
    arguments, variables, folder = json.loads(request)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    Thread(target=end_with, args=[asking], daemon=True).start()
    status = run(arguments)
    with suppress(BrokenPipeError):
        asking.send(bytes([status]))
    os._exit(status)


def end_with(asking: socket.socket) -> None:
    asking.recv(1)
    os.kill(os.getpid(), signal.SIGTERM)


def run(arguments: list[str]) -> int:
    from api.cli.main import main

    try:
        main(arguments, prog_name="carnet")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    wait(sys.argv[1])
