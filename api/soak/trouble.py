"""What befalls the server while the tills work: kills, restarts, a database cut off, silent or locked."""

import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from threading import Event

from api.soak.journal import Journal
from api.soak.network import Proxy
from api.soak.server import Server

CALM_S = (1.0, 5.0)
"""Between two troubles."""
OUTAGE_S = (0.2, 4.0)


class Trouble:
    """One after the other, by chance, until the soak is over. `happened` counts them by name."""

    def __init__(
        self,
        server: Server,
        journal: Journal,
        over: Event,
        chance: random.Random,
        network: Proxy | None,
        ledger_file: Path | None,
    ) -> None:
        self._server = server
        self._journal = journal
        self._over = over
        self._chance = chance
        self._network = network
        self._ledger_file = ledger_file
        self.happened: Counter[str] = Counter()
        self._kinds: Mapping[str, Callable[[], None]] = {
            "kills of the server": self._kill,
            "restarts of the server": self._restart,
            **({} if network is None else self._of_a_network(network)),
            **({} if ledger_file is None else {"locks of the ledger": self._lock}),
        }

    def work(self) -> None:
        while not self._over.wait(self._chance.uniform(*CALM_S)):
            name = self._chance.choice(list(self._kinds))
            self._kinds[name]()
            self.happened[name] += 1

    def _kill(self) -> None:
        self._server.kill()
        self._server.start()

    def _restart(self) -> None:
        if not self._server.stop():
            self._journal.fault("errors", "the server did not end in order within 20 s")
        self._server.start()

    def _of_a_network(self, network: Proxy) -> Mapping[str, Callable[[], None]]:
        def refuse() -> None:
            network.go_out("refuse")
            self._last()
            network.come_back()

        def swallow() -> None:
            network.go_out("swallow")
            self._last()
            network.come_back()

        return {
            "connections cut": network.cut_all,
            "outages, refusing": refuse,
            "outages, silent": swallow,
        }

    def _lock(self) -> None:
        """Another program holds the file's write lock."""
        assert self._ledger_file is not None, "the ledgers are in a file"
        connection = sqlite3.connect(self._ledger_file, timeout=5, isolation_level=None)
        with closing(connection), suppress(sqlite3.OperationalError):
            connection.execute("BEGIN IMMEDIATE")
            self._last()
            connection.execute("ROLLBACK")

    def _last(self) -> None:
        self._over.wait(self._chance.uniform(*OUTAGE_S))
