"""The servers of a benchmark: PostgreSQL with a slower disk, and the HTTP servers under test."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

SHIM = Path(__file__).with_name("slow_fsync.c")
SLOWER_US = 1_000
START_S_MAX = 30.0
STOP_S_MAX = 15.0


def slow_flush(folder: Path) -> dict[str, str] | None:
    """Environment of a PostgreSQL server whose every flush takes 1 ms longer; None without a C compiler.

    The compiled library is put into `folder`, which is opened to the user that the server runs as.
    """
    compiler = next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)
    if compiler is None or sys.platform != "linux":
        return None
    library = folder / "slow_fsync.so"
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(SHIM), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    folder.chmod(0o755)
    return {"LD_PRELOAD": str(library), "SLOW_FSYNC_US": str(SLOWER_US)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(command: Sequence[str], port: int, environment: Mapping[str, str], log: Path) -> Iterator[int]:
    """A server process that answers on a port of the loopback, until the block is left: the id of its session.

    Raises RuntimeError with the end of its log when it does not start.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        if not _answers(process, port):
            raise RuntimeError(f"{' '.join(command)} did not start:\n{log.read_text()[-4000:]}")
        yield process.pid
    finally:
        _end(process)


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + START_S_MAX
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(0.05)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to stop; what does not is killed, together with the workers it started in its own session."""
    process.terminate()
    try:
        process.wait(STOP_S_MAX)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def used_by(server: int) -> float:
    """Seconds of processor time of the processes of a session, and of the children of its leader: those of PostgreSQL
    have sessions of their own. Those of theirs that ended count too."""
    found = (_fields(stat) for stat in Path("/proc").glob("[0-9]*/stat"))
    ticks = [sum(map(int, each[11:15])) for each in found if each and str(server) in (each[1], each[3])]
    return sum(ticks) / os.sysconf("SC_CLK_TCK")


def _fields(stat: Path) -> list[str]:
    """From the state of a process on: state, parent, group, session …"""
    try:
        return stat.read_text().rpartition(")")[2].split()
    except OSError:  # it has ended
        return []
