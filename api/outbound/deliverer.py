"""The loop that plans messages and sends e-mails: in one process of an installation at a time, beside everything else.

    with Deliverer(carnet, server).running():
        …

A mail server that is slow or dead holds up this thread alone. Killing it loses nothing.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Event

from api.http.ledger_types import Carnet, Whereabouts
from api.outbound.alone_loop import PACE_S, AloneLoop, IsAlone
from api.outbound.mail_server import MailServer
from api.outbound.planning import Planner
from api.outbound.sending import Sender
from api.outbound.sign_in_letters import CardLinks
from domain.fact import UnreadableFact
from domain.moments import to_milliseconds

log = logging.getLogger("carnet.mail")


class Deliverer(AloneLoop):
    """Plans the messages of all businesses, and sends their e-mails through one mail server."""

    def __init__(self, carnet: Carnet, server: MailServer | None, links: CardLinks | None = None) -> None:
        """Without a server, messages are planned for the other channels, and those by e-mail are skipped. `links`: to
        the cards of customers who ask for one."""
        super().__init__("e-mails", log)
        self._carnet = carnet
        self._server = server
        self._links = links
        self._unreadable: set[str] = set()

    def alone(self) -> AbstractContextManager[IsAlone]:
        return self._carnet.store.outbox.alone()

    def work(self, stopping: Event, is_alone: IsAlone) -> None:
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
        return Planner(self._carnet, since), Sender(self._carnet, self._server, self._now_ms, self._links)

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
                    log.error("the messages of %s stop: %s", business_id, error)
        sender.send_due(go_on)
        sender.give_up_what_nobody_takes()

    def _now_ms(self) -> int:
        return to_milliseconds(self._carnet.clock())
