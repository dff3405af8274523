"""The runner of read models in a process of its own beside the server: `carnet work` within `carnet serve`.

    with RunnerProcess() as beside:
        …                        # serve; a process forked meanwhile closes beside.held_open

In the server's own process it would hold the interpreter while requests wait. It is started again when it
dies. It ends when the server ends, however that happens: it reads a pipe that the server holds open and never
writes to.
"""

import logging
import os
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from types import TracebackType

from api.server.background import in_background
from api.server.ending import ENDING
from api.server.installation import Installation, opened
from api.server.logging import log_as_json
from api.server.settings import Settings
from domain.ledger.errors import RoleNeeded
from projections.engine.zones import renew

RESTS = 15.0
"""Rest after each step, in multiples of the step's duration: the runner works a sixteenth of the time, more
only where that is not enough. So a busy server gets the CPU, and facts taken together cost less. A read that
needs more catches up itself."""
RETRY_S_MIN = 0.2
RETRY_S_MAX = 5.0
LIVED_S = 10.0
"""A process that lived this long is started again after the shortest delay."""
END_S_MAX = 5.0
"""Seconds for the page under way after the server has ended. Being killed then loses nothing."""

log = logging.getLogger("carnet.runner")


def work(settings: Settings, stopping: Event, *, rest: float = 0.0) -> None:
    """Keep the read models fresh, let the clock tick, and send e-mails and webhooks, until told to stop.

    Raises WrongSchema when the database is not migrated, RoleNeeded when its user may not write read models,
    LedgerUnavailable when it cannot be reached at the start. Later outages are waited out. `rest` as for `Runner`.
    """
    with opened(settings) as here, ExitStack() as stack:
        require_worker(here)
        renew(here.views)
        if here.carnet.store.may_record():
            stack.enter_context(in_background(here, settings))
        else:
            log.warning("the clock, e-mails and webhooks are left to others: they need the role carnet_app")
        here.runner(rest=rest).run(stopping)


def require_worker(here: Installation) -> None:
    """Raises RoleNeeded unless the user of the database may keep the read models fresh."""
    if not here.views.may_write():
        raise RoleNeeded(
            "keeping the read models fresh needs the role carnet_worker: grant it, or set CARNET_RUNNER=off and let"
            " `carnet work` do it elsewhere"
        )


class RunnerProcess:
    """The server's side: exactly one runner process as long as the block lasts.

    It reads the same environment as the server.
    """

    def __init__(self) -> None:
        self._ending = Event()
        # One pipe for all successive runner processes: a server process forked in between has one descriptor
        # to close.
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
        if self._thread.is_alive() and self._pid is not None:  # stopped by a signal, so it does not react
            os.kill(self._pid, signal.SIGKILL)
            self._thread.join()
        os.close(self._theirs)

    @property
    def held_open(self) -> int:
        """The descriptor that says that the server is there; a process forked from the server closes it."""
        return self._ours

    def _keep(self) -> None:
        """Start the process, and again whenever it dies, with growing delays while it dies at once."""
        retry_s = 0.0
        while not self._ending.wait(retry_s):
            began = time.monotonic()
            try:
                self._pid = self._start()
                _, status = os.waitpid(self._pid, 0)
                told = f"it ended ({os.waitstatus_to_exitcode(status)})"
            except OSError as error:  # no memory or no room for a process, for now
                told = f"it could not be started ({error})"
            if self._ending.is_set():
                return
            lived = time.monotonic() - began >= LIVED_S
            retry_s = RETRY_S_MIN if lived or not retry_s else min(2 * retry_s, RETRY_S_MAX)
            log.warning("the process of the read models: %s; again in %.1f s", told, retry_s)

    def _start(self) -> int:
        # Our modules are imported from where this process has them, whatever is in the working directory.
        # `subprocess` is not used: a server process forked at the same moment could inherit its pipe.
        places = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
        return os.posix_spawn(
            sys.executable,
            [sys.executable, "-P", "-m", "api.server.runner_process"],
            {**os.environ, "PYTHONPATH": os.pathsep.join(places)},
            file_actions=[(os.POSIX_SPAWN_DUP2, self._theirs, 0)],
            # A signal to the whole group is for the server, whose end then ends this process.
            setsigmask=ENDING,
        )


def main() -> None:
    """The runner process: works until its standard input ends."""
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
        pass  # nothing is ever written: an empty read is the end
    stopping.set()
    time.sleep(END_S_MAX)
    os._exit(1)


if __name__ == "__main__":
    main()
