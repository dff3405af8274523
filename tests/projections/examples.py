"""A tiny world: items that are counted, and two read models of them, one of each shape."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from hypothesis import strategies as st
from sqlalchemy import JSON, BigInteger, Column, Index, Integer, MetaData, Table, Text, inspect, select

from domain.fact import Fact, Registry, UnreadableFact
from domain.ledger.contract import Store
from domain.ledger.embedded.memory import MemoryStore
from domain.ledger.envelope import NewFact, StoredFact
from domain.ledger.mapper import Recorded
from domain.ledger.records import Append, Stored
from projections.engine.definition import Key, Keyed, Log, Moment, Projection, Row, fold
from projections.engine.runner import Runner
from projections.engine.tables import ReadTables

BUSINESS = "biz_1"
OTHER = "biz_2"


class Counted(Fact):
    stored_name: ClassVar[str] = "test.counted"
    item: str
    change: int


class Moved(Fact):
    stored_name: ClassVar[str] = "test.moved"
    origin: str
    target: str


class Removed(Fact):
    stored_name: ClassVar[str] = "test.removed"
    item: str


class Noticed(Fact):
    """Handled by no read model."""

    stored_name: ClassVar[str] = "test.noticed"


class Strange(Fact):
    """Written by newer code: `decode` does not know it."""

    stored_name: ClassVar[str] = "test.strange"


KNOWN = Registry([Counted, Moved, Removed, Noticed])
MENDED = Registry([Counted, Moved, Removed, Noticed, Strange])

POISON = 13
"""A change that the read model of `balances(poisoned=True)` cannot bear."""
UNSTORABLE = 2**70
"""A change whose balance no database takes."""


def decode(stored: StoredFact, registry: Registry = KNOWN) -> Recorded:
    try:
        return Recorded(registry.read(stored.name, stored.name_version, stored.data), stored)
    except UnreadableFact as error:
        raise type(error)(error.reason, position=stored.position) from error


def decode_mended(stored: StoredFact) -> Recorded:
    return decode(stored, MENDED)


def _touched(recorded: Recorded) -> Sequence[Key]:
    match recorded.fact:
        case Counted(item=item) | Removed(item=item):
            return [(item,)]
        case Moved(origin=origin, target=target):
            return [(origin,), (target,)]
        case _:
            raise AssertionError("not handled")


def _balance(before: Row | None, recorded: Recorded, key: Key) -> Row | None:
    row: Row = before or {"balance": 0, "changes": []}
    match recorded.fact:
        case Removed():
            return None
        case Counted(change=change):
            changed = change
        case Moved(origin=origin, target=target):
            changed = (key == (target,)) - (key == (origin,))
        case _:
            raise AssertionError("not handled")
    return {
        **row,
        "balance": row["balance"] + changed,
        "changes": [*row["changes"][-3:], changed],
        "last_at": recorded.recorded_at,
    }


def _poisoned(before: Row | None, recorded: Recorded, key: Key) -> Row | None:
    if isinstance(recorded.fact, Counted) and recorded.fact.change == POISON:
        raise ValueError("thirteen")
    return _balance(before, recorded, key)


def balances(*, poisoned: bool = False, version: int = 1) -> Keyed:
    table = Table(
        "balances",
        MetaData(),
        Column("business_id", Text, primary_key=True),
        Column("item", Text, primary_key=True),
        Column("balance", BigInteger, nullable=False),
        Column("changes", JSON, nullable=False),
        Column("last_at", Moment),
        Column("note", Text),
    )
    Index("by_balance", table.c.business_id, table.c.balance)
    handles: frozenset[type[Fact]] = frozenset([Counted, Moved, Removed])
    return Keyed("balances", version, table, handles, _touched, _poisoned if poisoned else _balance)


def tallies(*, poisoned: bool = False, version: int = 1) -> Keyed:
    """Balances of each stream by itself."""
    table = Table(
        "tallies",
        MetaData(),
        Column("business_id", Text, primary_key=True),
        Column("stream_id", Text, primary_key=True),
        Column("item", Text, primary_key=True),
        Column("balance", BigInteger, nullable=False),
        Column("changes", JSON, nullable=False),
        Column("last_at", Moment),
        Column("doubled", BigInteger),
    )
    Index("by_tally", table.c.business_id, table.c.balance)

    def keys(recorded: Recorded) -> Sequence[Key]:
        return [(recorded.stream_id, item) for (item,) in _touched(recorded)]

    def step(before: Row | None, recorded: Recorded, key: Key) -> Row | None:
        return (_poisoned if poisoned else _balance)(before, recorded, key[1:])

    def finish(row: Row) -> Row:
        return {**row, "doubled": 2 * row["balance"]}

    def row(before: Row | None, recorded: Recorded, key: Key) -> Row | None:
        after = step(before, recorded, key)
        return after and finish(after)

    handles: frozenset[type[Fact]] = frozenset([Counted, Moved, Removed])
    return Keyed(
        "tallies",
        version,
        table,
        handles,
        keys,
        row,
        by_stream=True,
        stream_column="stream_id",
        step=step,
        finish=finish,
    )


def notes() -> Log:
    """As `entries`, made stream by stream."""
    return replace(entries(), name="notes", by_stream=True)


def _entries(recorded: Recorded) -> Sequence[Row]:
    return [
        {"position": recorded.position, "n": n, "item": item} for n, (item,) in enumerate(_touched(recorded))
    ]


def entries() -> Log:
    table = Table(
        "entries",
        MetaData(),
        Column("business_id", Text, primary_key=True),
        Column("position", BigInteger, primary_key=True),
        Column("n", Integer, primary_key=True),
        Column("item", Text, nullable=False, index=True),
    )
    return Log("entries", 1, table, frozenset([Counted, Moved]), _entries)


def record(store: Store, *facts: Fact, business_id: str = BUSINESS, stream_id: str = "tst_1") -> int:
    """Append facts to one stream; the head's position."""
    store.open_ledger(business_id)
    ledger = store.ledger(business_id)
    version = len(ledger.stream(stream_id))
    new = tuple(
        NewFact("test", stream_id, version + n, fact.stored_name, 1, fact.to_bytes(), b"{}")
        for n, fact in enumerate(facts, start=1)
    )
    [stored] = ledger.append([Append(new, {stream_id: version})])
    assert isinstance(stored, Stored)
    return stored.last


def folded(store: Store, projection: Projection, business_id: str = BUSINESS) -> dict[Key, Row]:
    return fold(projection, map(decode_mended, store.ledger(business_id).facts(limit=100_000)))


def table_rows(views: ReadTables, projection: Projection, business_id: str = BUSINESS) -> dict[Key, Row]:
    """What the live table holds of a business."""
    with views.snapshot(business_id, [projection.name]) as snapshot:
        table = snapshot.tables[projection.name]
        found = snapshot.connection.execute(select(table).where(table.c.business_id == business_id))
        rows = [dict(row) for row in found.mappings()]
    names = [column.name for column in table.primary_key][1:]
    return {tuple(row[name] for name in names): row for row in rows}


TABLES_OF_THE_ENGINE = frozenset(("checkpoints", "cohorts", "read_tables", "rebuild_plans", "rebuild_shares"))


def tables(views: ReadTables) -> set[str]:
    """The tables of read models that there are."""
    with views.reading() as connection:
        return set(inspect(connection).get_table_names()) - TABLES_OF_THE_ENGINE


@dataclass(frozen=True)
class Installation:
    """A store of ledgers, and read tables of its own kind."""

    store: Store
    views: ReadTables

    @property
    def balances(self) -> Projection:
        return self.views.projections["balances"]

    @property
    def entries(self) -> Projection:
        return self.views.projections["entries"]


def run_all(here: Installation, facts_per_page: int = 1000) -> Runner:
    """A runner that has done everything there was to do."""
    runner = Runner(here.store, here.views, decode=decode, facts_per_page=facts_per_page)
    while runner.step():
        pass
    return runner


@contextmanager
def installation(store: Store, views: ReadTables) -> Iterator[Installation]:
    views.create(lambda: any(head for _, head in store.heads()))
    try:
        yield Installation(store, views)
    finally:
        views.close()
        store.close()


@contextmanager
def throw_away(*projections: Projection) -> Iterator[Installation]:
    """One open ledger in memory, read tables in a file of its own: quick to make for each example."""
    with tempfile.TemporaryDirectory() as folder:
        views = ReadTables(Path(folder) / "views.db", projections or (balances(), entries()))
        with installation(MemoryStore(), views) as here:
            here.store.open_ledger(BUSINESS)
            yield here


_items = st.sampled_from(["a", "b", "c", "Ű🙂"])
a_fact: st.SearchStrategy[Fact] = st.one_of(
    st.builds(Counted, item=_items, change=st.integers(-5, 5)),
    st.builds(Moved, origin=_items, target=_items),
    st.builds(Removed, item=_items),
    st.just(Noticed()),
)
"""Any fact that every read model here takes."""
