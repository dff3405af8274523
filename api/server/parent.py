"""The end of a serving process with the process that started it, however that one ends.

A worker whose parent was killed would go on serving, beside the next server on the same port. So would a server that
was started for a soak or a demo.
"""

import logging
import os
import signal
import time
from threading import Thread

POLL_S = 0.25

log = logging.getLogger("carnet.server")


def end_with(parent: int, drain_s: float) -> None:
    """End this process, as SIGTERM does, once `parent` is not its parent any more; by force after `drain_s` seconds."""
    Thread(target=_watch, args=(parent, drain_s), name="carnet-parent", daemon=True).start()


def _watch(parent: int, drain_s: float) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_S)
    log.warning("process %d ends, as the process that started it is gone", os.getpid())
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(drain_s)
    os._exit(1)
