"""Books of a music shop for measuring: a day-book, loaded once, and repeated under other customers."""

import csv
import random
import re
from collections.abc import Iterator
from datetime import date, timedelta
from io import StringIO
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from api.imports.day_book import COLUMNS, DayBook
from api.imports.load import load
from api.server.installation import opened
from api.server.settings import Settings
from domain.ledger.contract import Store
from domain.ledger.embedded import sqlite
from domain.ledger.envelope import NewFact, StoredFact
from domain.ledger.records import Append, Stored

CUSTOMERS, SALES = 2_357, 6_919
FACTS_PER_APPEND = 1_000
OF_CUSTOMERS = re.compile(rb"\b((?:cus|par|pkg|red|pay|txt|bkg|acc)_[0-9A-Za-z_-]{1,30})")
"""The ids that every repetition has of its own."""


def day_book(sales: int = SALES) -> str:
    """A day-book of the size of the CDNOW sample, or of so many sales, made up: who comes once and who comes often, how
    much, on which days. The same every time."""
    drawn = random.Random(1997)
    regulars = [f"{int(drawn.paretovariate(1.1) * 7) % CUSTOMERS:05}" for _ in range(sales)]
    days = sorted(date(1997, 1, 1) + timedelta(int(540 * drawn.random() ** 1.6)) for _ in range(sales))
    rows, left = [], dict[str, int]()
    for number, (day, customer) in enumerate(zip(days, regulars, strict=True)):
        units = min(40, int(drawn.paretovariate(1.6)))
        if used := min(units, left.get(customer, 0)):
            use = {"reference": f"use-{number}", "occurred_on": day, "kind": "use", "customer": customer}
            rows.append({**use, "service": "Disc", "units": used})
            left[customer] -= used
        sale = {"reference": f"sale-{number}", "occurred_on": day, "kind": "sale", "customer": customer}
        price = units * drawn.randint(900, 2_200)
        bought = {"name": "Discs", "service": "Disc", "units": units, "amount": price, "paid": price}
        until = day + timedelta(days=365)
        rows.append({**sale, **bought, "currency": "USD", "expires_on": until})
        left[customer] = left.get(customer, 0) + units
    written = StringIO()
    table = csv.DictWriter(written, COLUMNS, restval="")
    table.writeheader()
    table.writerows(rows)
    return written.getvalue()


def facts_of(book: str) -> list[StoredFact]:
    """The facts that loading a day-book records."""
    with TemporaryDirectory() as folder:
        file, views = Path(folder) / "carnet.db", Path(folder) / "views.db"
        sqlite.migrate(file)
        path = Path(folder) / "book.csv"
        path.write_text(book)
        settings = Settings.read(
            {"CARNET_DATABASE": f"sqlite:///{file}", "CARNET_VIEWS": str(views), "XDG_DATA_HOME": folder}
        )
        with opened(settings) as here:
            business_id, _ = here.open_business("Discs", "USD", "America/New_York")
            load(here.carnet, business_id, DayBook(path, "csv"), "daybook", refused=lambda row: None)
            recorder = here.carnet.ledger(business_id).recorder
            return list(recorder.facts(limit=10_000_000))


def repeated(facts: list[StoredFact], times: int) -> Iterator[NewFact]:
    """The facts, and those of customers again under other customers."""
    yield from map(_new, facts)
    theirs = [fact for fact in facts if OF_CUSTOMERS.match(fact.stream_id.encode())]
    for time in range(1, times):
        other = rb"\1-%d" % time
        for fact in theirs:
            stream_id = OF_CUSTOMERS.sub(other, fact.stream_id.encode()).decode()
            data = OF_CUSTOMERS.sub(other, fact.data)
            yield NewFact(fact.kind, stream_id, fact.version, fact.name, fact.name_version, data, fact.meta)


def _new(fact: StoredFact) -> NewFact:
    return NewFact(
        fact.kind, fact.stream_id, fact.version, fact.name, fact.name_version, fact.data, fact.meta
    )


def fill(store: Store, business_id: str, facts: Iterator[NewFact]) -> int:
    """Append them as they are; the number of facts."""
    store.open_ledger(business_id)
    ledger, last = store.ledger(business_id), 0
    while page := tuple(islice(facts, FACTS_PER_APPEND)):
        (stored,) = ledger.append([Append(page, {})])
        assert isinstance(stored, Stored)
        last = stored.last
    return last
