"""How long requests wait while the database is in trouble: `python -m tests.bench waits`.

Each kind of trouble meets one till and twenty at once, and then, once the outage is known, the next request. Every wait
should end within the patience of a request (3 s), whatever else happens.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import psycopg

from api.soak.network import Outage, Proxy
from domain.ledger.embedded import sqlite
from domain.ledger.patience import PATIENCE_S
from domain.ledger.postgres.migrations import migrate
from tests.api.server.waits import Salon, Waited, salon
from tests.postgres import PostgresServer, find_binaries

TILLS = (1, 20)


@dataclass(frozen=True)
class Plan:
    """What is measured."""

    seconds: float = PATIENCE_S
    """The patience of a request."""


QUICK = Plan(seconds=0.5)


@dataclass(frozen=True)
class Row:
    """One kind of trouble: the longest waits, in seconds, and what was answered."""

    trouble: str
    tills: int
    first: float
    next: float
    """Of the requests that came once the trouble was known."""
    list: float
    answers: str


@dataclass(frozen=True)
class Report:
    patience_s: float
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(plan: Plan, tell: Callable[[str], None]) -> Report:
    """Every trouble in turn, on a server of its own."""
    rows: list[Row] = []
    with PostgresServer(binaries=find_binaries(), max_connections=40) as server:
        migrate(server.create_database("ledger"))
        url = server.url("ledger")
        for tills in TILLS:
            for trouble, begin in _troubles(url):
                tell(f"{trouble}, {tills} at once")
                with begin() as (behind, start), behind.hurried(plan.seconds):
                    rows.append(_row(trouble, tills, behind, start))
    return Report(plan.seconds, tuple(rows))


def table(report: Report) -> str:
    head = f"{'trouble':<28}{'tills':>6}{'first':>8}{'next':>8}{'list':>8}  answers"
    lines = [
        f"{row.trouble:<28}{row.tills:>6}{row.first:>8.2f}{row.next:>8.2f}{row.list:>8.2f}  {row.answers}"
        for row in report.rows
    ]
    return "\n".join((f"longest waits in s; a request waits {report.patience_s} s at most", head, *lines))


def _row(trouble: str, tills: int, behind: Salon, start: Callable[[], None]) -> Row:
    start()
    first, later = behind.at_once(tills, "first"), behind.at_once(tills, "next")
    asked = behind.ask()
    answers = sorted({str(each.status) for each in (*first, *later, asked)})
    return Row(trouble, tills, _longest(first), _longest(later), asked.seconds, " ".join(answers))


def _longest(waited: list[Waited]) -> float:
    return max(each.seconds for each in waited)


Begun = tuple[Salon, Callable[[], None]]


def _troubles(url: str) -> Iterator[tuple[str, Any]]:
    for outage in ("refuse", "swallow"):
        yield f"the server: {outage}", lambda outage=outage: _outage(url, cast("Outage", outage))
    yield "the head is locked", lambda: _locked_head(url)
    yield "no connection to spare", lambda: _full(url)
    yield "the SQLite file is locked", _locked_file


@contextmanager
def _outage(url: str, outage: Outage) -> Iterator[Begun]:
    with Proxy(url) as proxy, salon(proxy.url, proxy.url) as behind:
        yield behind, lambda: proxy.go_out(outage)


@contextmanager
def _locked_head(url: str) -> Iterator[Begun]:
    with salon(url, url) as behind, psycopg.connect(url) as other:
        yield behind, lambda: _run(other, "SELECT FROM carnet.ledgers FOR UPDATE")


def _run(connection: psycopg.Connection[Any], statement: str) -> None:
    connection.execute(cast("Any", statement))


@contextmanager
def _full(url: str) -> Iterator[Begun]:
    taken: list[psycopg.Connection[Any]] = []

    def take() -> None:
        try:
            while True:
                taken.append(psycopg.connect(url))
        except psycopg.OperationalError:
            return

    with salon(url, url) as behind:
        yield behind, take
        for connection in taken:
            connection.close()


@contextmanager
def _locked_file() -> Iterator[Begun]:
    with TemporaryDirectory(prefix="carnet-waits-") as folder:
        file = Path(folder) / "carnet.db"
        sqlite.migrate(file)
        other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        with salon(f"sqlite:///{file}", f"{file}-views") as behind:
            yield behind, lambda: cast("None", other.execute("BEGIN IMMEDIATE"))
            other.close()
