"""A whole soak: books, tills, trouble and checks until the time is over; then the judge."""

import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import httpx

from api.soak.books import SHARED_UNITS, furnish, open_business
from api.soak.journal import Journal
from api.soak.judge import judge
from api.soak.network import Proxy
from api.soak.report import Report
from api.soak.server import DidNotStart, Server, without_settings
from api.soak.till import Unanswered
from api.soak.trouble import Trouble

CHECK_S = 20.0
"""Between two checks of all books while the tills work."""
TELL_S = 5.0


@dataclass
class Soak:
    """`database`: the URL of a migrated PostgreSQL database without books; None: a file in `folder`."""

    folder: Path
    seconds: float
    tills: int
    seed: int
    database: str | None = None
    tell: Callable[[str], None] = lambda told: None
    journal: Journal = field(default_factory=Journal)
    over: Event = field(default_factory=Event)
    checks: int = 0
    """Checks that found everything as it was recorded."""

    def run(self) -> Report:
        """Raises NotEmpty, DidNotStart, WrongSetting, LedgerUnavailable, WrongSchema."""
        chance = random.Random(self.seed)
        file = self.folder / "carnet.db" if self.database is None else None
        books = {
            "CARNET_DATABASE": self.database or f"sqlite:///{file}",
            "CARNET_PEPPER": f"{chance.getrandbits(256):064x}",
            "XDG_DATA_HOME": str(self.folder),
        }
        key = open_business(books)
        with self._network() as network:
            served = {**books, "CARNET_RATE": "1000000"}
            if network is not None:
                served["CARNET_DATABASE"] = network.url
            server = Server(served, self.folder / "server.log")
            trouble = Trouble(server, self.journal, self.over, random.Random(chance.random()), network, file)
            server.start()
            try:
                with _client(server.url, key) as client:
                    tills = furnish(client, server.url, self.tills, self.journal, self.over, chance)
                began = monotonic()
                self._work([*(till.work for till in tills), trouble.work, lambda: self._check(books)])
                lasted = monotonic() - began
                self.tell("the journal is held against the ledger")
                with _client(server.url, key) as client:
                    judge(client, self.journal, tills, SHARED_UNITS, chance)
            finally:
                server.kill()
        self._verify(books, "--read-models")
        return Report(self.seed, lasted, self.tills, trouble.happened, self.checks, self.journal)

    @contextmanager
    def _network(self) -> Iterator[Proxy | None]:
        """Between the server and a database that is not a file."""
        if self.database is None:
            yield None
            return
        with Proxy(self.database) as network:
            yield network

    def _work(self, works: Sequence[Callable[[], None]]) -> None:
        threads = [Thread(target=self._guarded, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        began = monotonic()
        try:
            while (left := self.seconds - (monotonic() - began)) > 0 and not self.over.wait(
                min(left, TELL_S)
            ):
                answers = sum(self.journal.answers.values())
                self.tell(f"{monotonic() - began:,.0f} of {self.seconds:,.0f} s, {answers:,} answers")
        finally:
            self.over.set()
            for thread in threads:
                thread.join()

    def _guarded(self, work: Callable[[], None]) -> None:
        """A soak whose own thread fails proves nothing: it ends, and says so."""
        try:
            work()
        except Exception as error:
            told = (
                str(error)
                if isinstance(error, DidNotStart | Unanswered)
                else f"the soak itself failed: {error!r}"
            )
            self.journal.fault("errors", told)
            self.over.set()

    def _check(self, books: dict[str, str]) -> None:
        while not self.over.wait(CHECK_S):
            self._verify(books)

    def _verify(self, books: dict[str, str], *options: str) -> None:
        """`carnet verify`, as an operator runs it."""
        done = subprocess.run(
            [sys.executable, "-m", "api.cli.main", "verify", *options],
            env=without_settings() | books,
            capture_output=True,
            text=True,
            check=False,
        )
        self.checks += done.returncode == 0
        if done.returncode:
            self.journal.fault("unverified", (done.stdout + done.stderr).strip()[-500:])


def _client(url: str, key: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False)
