"""The loop that sends e-mails: in one process of an installation at a time, beside everything else.

    with delivering(carnet, server):
        …

A mail server that is slow or dead holds up this thread alone. Killing it loses nothing.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from api.http.ledger_types import Carnet, Whereabouts
from api.outbound.mail_server import MailServer
from api.outbound.planning import Planner
from api.outbound.sending import Sender
from domain.fact import UnreadableFact
from domain.moments import to_milliseconds

PACE_S = 1.0
"""Seconds between two rounds."""
ELSEWHERE_S = 5.0
"""Seconds after which is looked again whether another process still sends."""
BACK_OFF_S_MAX = 30.0
STOP_S_MAX = 9.0
"""Seconds that stopping waits for the message under way."""

log = logging.getLogger("carnet.mail")


@contextmanager
def delivering(carnet: Carnet, server: MailServer) -> Iterator[None]:
    """Send e-mails in a thread of this process as long as the block lasts."""
    deliverer = Deliverer(carnet, server)
    deliverer.start()
    try:
        yield
    finally:
        deliverer.stop()


class Deliverer:
    """Sends the e-mails of all businesses through one mail server."""

    def __init__(self, carnet: Carnet, server: MailServer) -> None:
        self._carnet = carnet
        self._server = server
        self._stopping = Event()
        self._thread: Thread | None = None
        self._unreadable: set[str] = set()

    def start(self) -> None:
        """Run in a thread of this process until `stop()`."""
        self._stopping.clear()
        self._thread = Thread(target=self.run, args=(self._stopping,), name="carnet-mail", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after the message under way."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_S_MAX)
            self._thread = None

    def run(self, stopping: Event) -> None:
        """Send until told to stop, while no other process does. Errors are retried after growing pauses."""
        failures = 0
        while not stopping.is_set():
            try:
                with self._carnet.store.outbox.alone() as is_alone:
                    if is_alone():
                        self._work(stopping, is_alone)
                failures = 0
                stopping.wait(ELSEWHERE_S)
            except Exception as error:  # the loop survives every error and tries again
                failures += 1
                log.warning("e-mails: %s; trying again", type(error).__name__)
                stopping.wait(min(BACK_OFF_S_MAX, 0.5 * 2 ** min(failures, 10)))

    def _work(self, stopping: Event, is_alone: Callable[[], bool]) -> None:
        planner, sender = self.begin()
        while not stopping.is_set() and is_alone():
            self.step(planner, sender, lambda: not stopping.is_set() and is_alone())
            stopping.wait(PACE_S)
        planner.keep()

    def begin(self) -> tuple[Planner, Sender]:
        """Switch messages on, and read where the ledgers stand. Only while alone. Raises LedgerUnavailable.

        A database that is not where it sent before was copied or restored: what it holds was sent from there.
        """
        store = self._carnet.store
        known = store.outbox.switched_on()
        anew = known is None or store.whereabouts(known[0]) is not Whereabouts.HERE
        since = self._now_ms() if known is None or anew else known[1]
        store.outbox.switch_on(store.place(), since, anew=anew)
        return Planner(self._carnet, since), Sender(self._carnet, self._server, self._now_ms)

    def step(self, planner: Planner, sender: Sender, go_on: Callable[[], bool] = lambda: True) -> None:
        """Read at most a page of each ledger that has grown, then send what is due. Raises LedgerUnavailable."""
        behind = planner.heads()
        waiting = self._carnet.store.outbox.waiting() if behind else {}
        for business_id, after in behind:
            if not go_on():
                return
            try:
                planner.plan(business_id, after, self._now_ms(), waiting.get(business_id, 0))
                self._unreadable.discard(business_id)
            except UnreadableFact as error:
                if business_id not in self._unreadable:
                    self._unreadable.add(business_id)
                    log.error("the e-mails of %s stop: %s", business_id, error)
        sender.send_due(go_on)

    def _now_ms(self) -> int:
        return to_milliseconds(self._carnet.clock())
