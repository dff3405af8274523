"""The runner of read models as a process of its own beside the server: the part of `carnet serve` that does
what `carnet work` does.

    with RunnerProcess() as beside:
        …                        # serve; a process forked meanwhile calls beside.leave()

In the server's own process it would hold the interpreter while requests wait for it. It lives as long as the
server: when it dies it is started again, and when the server ends, however that happens, it ends too. What
tells it is a pipe that the server holds open and never writes to.
"""

import logging
import os
import signal
import sys
import time
from pathlib import Path
from threading import Event, Thread
from types import TracebackType

from api.server.installation import opened
from api.server.logging import log_as_json
from api.server.settings import Settings

RESTS = 15.0
"""It works a sixteenth of the time, more only where that is not enough: the processor is the server's when that
has much to do, and what is taken together is cheaper. What is read meanwhile is caught up by the read."""
RETRY_S_MIN = 0.2
RETRY_S_MAX = 5.0
LIVED_S = 10.0
"""Who lived so long is started again after the shortest delay."""
END_S_MAX = 5.0
"""After the server so much time is left for the page under way; being killed in it would lose nothing."""

log = logging.getLogger("carnet.runner")


def work(settings: Settings, stopping: Event, *, rest: float = 0.0) -> None:
    """Keep the read models of all businesses fresh until told to stop.

    Raises WrongSchema when the database is not migrated, LedgerUnavailable when it cannot be reached at
    first; later it waits for it. `rest` as for `Runner`.
    """
    with opened(settings) as here:
        here.runner(rest=rest).run(stopping)


class RunnerProcess:
    """The server's side: exactly one such process as long as the block lasts.

    It reads the same environment as the server.
    """

    def __init__(self) -> None:
        self._ending = Event()
        # One pipe for all the processes that follow one another: a server process forked in between has
        # one descriptor to close.
        self._theirs, self._ours = os.pipe()
        self._pid: int | None = None
        self._thread = Thread(target=self._keep, name="carnet-runner-process", daemon=True)

    def __enter__(self) -> "RunnerProcess":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        os.close(self._ours)
        self._thread.join(END_S_MAX + 1)
        if self._thread.is_alive() and self._pid is not None:  # it does not even notice: it was stopped
            os.kill(self._pid, signal.SIGKILL)
            self._thread.join()
        os.close(self._theirs)

    def leave(self) -> None:
        """In a process forked from the server: the pipe is no longer held open by it."""
        os.close(self._ours)

    def _keep(self) -> None:
        """Start it, and again whenever it dies, later and later while it dies at once."""
        retry_s = 0.0
        while not self._ending.wait(retry_s):
            began = time.monotonic()
            try:
                self._pid = self._start()
                _, status = os.waitpid(self._pid, 0)
                told = f"it ended ({os.waitstatus_to_exitcode(status)})"
            except OSError as error:  # no memory, no room for a process: for now
                told = f"it could not be started ({error})"
            if self._ending.is_set():
                return
            lived = time.monotonic() - began >= LIVED_S
            retry_s = RETRY_S_MIN if lived or not retry_s else min(2 * retry_s, RETRY_S_MAX)
            log.warning("the process of the read models: %s; again in %.1f s", told, retry_s)

    def _start(self) -> int:
        # Our own modules come from where they came from here, whatever lies in the working directory. Not
        # by `subprocess`: its own pipe could go to a server process that is forked at the same moment.
        places = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
        return os.posix_spawn(
            sys.executable,
            [sys.executable, "-P", "-m", "api.server.runner_process"],
            {**os.environ, "PYTHONPATH": os.pathsep.join(places)},
            file_actions=[(os.POSIX_SPAWN_DUP2, self._theirs, 0)],
            # A signal for the whole group is for the server, which tells when it has drained.
            setsigmask=[signal.SIGINT, signal.SIGTERM],
        )


def main() -> None:
    """The process itself: works until its standard input ends."""
    settings = Settings.read(os.environ)
    log_as_json(settings.log)
    stopping = Event()
    Thread(target=_end_with_server, args=(stopping,), daemon=True).start()
    log.info("process %d keeps the read models fresh", os.getpid())
    try:
        work(settings, stopping, rest=RESTS)
    except Exception as error:
        log.error("the read models cannot be kept: %s", error)
        sys.exit(1)


def _end_with_server(stopping: Event) -> None:
    while os.read(0, 1):
        pass  # nobody writes: what comes is the end
    stopping.set()
    time.sleep(END_S_MAX)
    os._exit(1)


if __name__ == "__main__":
    main()
