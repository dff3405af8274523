"""The work of a rebuild, cut into shares: any number of processes take one after another until none is left.

A plan is made once, for all read models that are rebuilt together, at a fixed position of each ledger. A share is a
range of streams, or some small ledgers whole. Whoever takes one holds it until its rows are written, so that a process
that dies gives it back. A read model whose rows are made of several streams has shares of its own, of whole ledgers.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    Select,
    Table,
    Text,
    delete,
    func,
    select,
    update,
)

from domain.ledger.contract import Store
from domain.ledger.numbers import END
from projections.engine.checkpoints import CHECKPOINTS, inserting, metadata, read_tables

PARTS_MAX = 500
"""Ledgers of one share, at most."""

rebuild_plans = Table(
    "rebuild_plans",
    metadata,
    Column("physical", Text, primary_key=True),
    Column("plan", Text, nullable=False),
)
"""The tables that are being filled, and the plan by which they are. A table without one holds its fixed position."""

rebuild_shares = Table(
    "rebuild_shares",
    metadata,
    Column("plan", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    # Of ledgers of several businesses: empty.
    Column("business_id", Text, nullable=False),
    # The table that is filled in order of position; empty: all of the plan, by stream.
    Column("physical", Text, nullable=False),
    Column("parts", JSON, nullable=False),
    Column("facts", Integer, nullable=False),
    Column("done", Boolean, nullable=False),
    # When its rows were written, in milliseconds since 1970.
    Column("done_at", BigInteger),
)


class Part(NamedTuple):
    """Streams of one ledger: those behind `after`, up to `last`, with the facts up to the position `upto`."""

    business_id: str
    after: str
    last: str
    upto: int


@dataclass(frozen=True, slots=True)
class Share:
    plan: str
    number: int
    physical: str
    parts: Sequence[Part]
    facts: int

    @property
    def lock(self) -> int:
        """A number for it, the same in every process."""
        named = f"{self.plan}/{self.number}".encode()
        return int.from_bytes(sha256(named).digest()[:6], "big")


# Planning


@dataclass(slots=True)
class _Gathering:
    """Small parts become one share, so that a thousand small ledgers do not cost a thousand transactions."""

    facts_each: int
    made: list[tuple[list[Part], int]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    facts: int = 0

    def add(self, part: Part, facts: int) -> None:
        self.parts.append(part)
        self.facts += facts
        if self.facts >= self.facts_each or len(self.parts) == PARTS_MAX:
            self.close()

    def close(self) -> list[tuple[list[Part], int]]:
        if self.parts:
            self.made.append((self.parts, self.facts))
        self.parts, self.facts = [], 0
        return self.made


@dataclass(frozen=True, slots=True)
class Cut:
    """All ledgers at one position each, cut by streams, and whole."""

    by_stream: Sequence[tuple[list[Part], int]]
    whole: Sequence[tuple[list[Part], int]]


def cut(store: Store, facts_each: int) -> Cut:
    """Cut the ledgers, as long as they are now, into parts of about so many facts."""
    by_stream, whole = _Gathering(facts_each), _Gathering(facts_each)
    for business_id, head in store.heads():
        if not head:
            continue
        whole.add(Part(business_id, "", END, head), head)
        after, before = "", 0
        cuts = store.ledger(business_id).cuts(facts_each) if head > facts_each else ()
        for last, facts in cuts:
            by_stream.add(Part(business_id, after, last, head), facts - before)
            after, before = last, facts
        by_stream.add(Part(business_id, after, END, head), max(0, head - before))
    return Cut(by_stream.close(), whole.close())


def begin(connection: Connection, made: Cut, by_stream: Sequence[str], in_order: Sequence[str]) -> None:
    """Plan the filling of these empty tables. Belongs in the transaction that makes them."""
    plan = uuid4().hex
    physicals = [*by_stream, *in_order]
    if not physicals:
        return
    connection.execute(rebuild_plans.insert(), [{"physical": each, "plan": plan} for each in physicals])
    shares = [("", *share) for share in made.by_stream] if by_stream else []
    shares += [(physical, *share) for physical in in_order for share in made.whole]
    rows = [
        _row(Share(plan, number, physical, parts, facts))
        for number, (physical, parts, facts) in enumerate(shares)
    ]
    if rows:
        connection.execute(rebuild_shares.insert(), rows)


def _row(share: Share) -> dict[str, object]:
    businesses = {part.business_id for part in share.parts}
    return {
        "plan": share.plan,
        "number": share.number,
        "business_id": businesses.pop() if len(businesses) == 1 else "",
        "physical": share.physical,
        "parts": [list(part) for part in share.parts],
        "facts": share.facts,
        "done": False,
        "done_at": None,
    }


def fold_in_order(connection: Connection, share: Share, physicals: Iterable[str]) -> None:
    """These tables met a fact in a share that they cannot take: fill them in order, up to that fact."""
    heads = {part.business_id: part.upto for part in share.parts}
    rows = [
        _row(Share(share.plan, _number(physical, id), physical, [Part(id, "", END, upto)], 0))
        for physical in physicals
        for id, upto in heads.items()
    ]
    if rows:
        connection.execute(inserting(connection.dialect, rebuild_shares).on_conflict_do_nothing(), rows)


def _number(physical: str, business_id: str) -> int:
    """Below 0, where no share of a plan is."""
    return -1 - int.from_bytes(sha256(f"{physical}/{business_id}".encode()).digest()[:6], "big")


# Taking


def plans(connection: Connection) -> dict[str, str]:
    """Table → its plan, of all tables that are being filled."""
    return {row.physical: row.plan for row in connection.execute(select(rebuild_plans))}


def open_shares(plan: str) -> Select[tuple[int, str, list[list[object]], int]]:
    """The shares that can be taken, first those by stream: only then is known what must be folded in order."""
    other = rebuild_shares.alias()
    streams_left = select(other.c.number).where(
        other.c.plan == plan, other.c.physical == "", other.c.done.is_(False)
    )
    ours = rebuild_shares.c
    return (
        select(ours.number, ours.physical, ours.parts, ours.facts)
        .where(ours.plan == plan, ours.done.is_(False))
        .where((ours.physical == "") | ~streams_left.exists())
        .order_by(ours.physical, ours.number)
    )


def take(connection: Connection, plan: str) -> Share | None:
    """A share that nobody holds, held until the transaction ends."""
    held = open_shares(plan).limit(1).with_for_update(of=rebuild_shares, skip_locked=True)
    return next(shares(connection, plan, held), None)


def shares(
    connection: Connection, plan: str, found: Select[tuple[int, str, list[list[object]], int]]
) -> Iterator[Share]:
    for row in connection.execute(found):
        yield Share(plan, row.number, row.physical, [Part(*part) for part in row.parts], row.facts)


def is_done(connection: Connection, share: Share) -> bool:
    own = (rebuild_shares.c.plan == share.plan) & (rebuild_shares.c.number == share.number)
    return bool(connection.scalar(select(rebuild_shares.c.done).where(own)) in (None, True))


def settle(connection: Connection, share: Share, now_ms: int) -> None:
    """The rows of a share are written. Belongs in the transaction that writes the last of them."""
    own = (rebuild_shares.c.plan == share.plan) & (rebuild_shares.c.number == share.number)
    connection.execute(update(rebuild_shares).where(own).values(done=True, done_at=now_ms))


def is_left(connection: Connection, plan: str) -> bool:
    """Whether somebody still has something to do."""
    left = rebuild_shares.c.done.is_(False) & (rebuild_shares.c.plan == plan)
    return connection.execute(select(rebuild_shares.c.number).where(left).limit(1)).first() is not None


def facts(connection: Connection, plan: str) -> tuple[int, int]:
    """The facts of the shares that are done, and of all."""
    columns = rebuild_shares.c
    totals = select(func.sum(columns.facts).filter(columns.done.is_(True)), func.sum(columns.facts))
    done, of = connection.execute(totals.where(columns.plan == plan)).one()
    return done or 0, of or 0


# Ending


def end(connection: Connection, physical: str, now_ms: int) -> None:
    """The table holds its fixed position: its checkpoints say so, and it belongs to no plan any more.

    A checkpoint that is there is of a ledger that was folded in order.
    """
    plan = plans(connection)[physical]
    positions: dict[str, int] = {}
    by_stream = select(rebuild_shares.c.parts).where(
        rebuild_shares.c.plan == plan, rebuild_shares.c.physical == ""
    )
    for (parts,) in connection.execute(by_stream):
        positions.update((part[0], part[3]) for part in parts)
    rows = [
        {"business_id": id, "physical": physical, "position": position, "updated_at": now_ms}
        for id, position in positions.items()
    ]
    if rows:
        connection.execute(inserting(connection.dialect, CHECKPOINTS).on_conflict_do_nothing(), rows)
    forget(connection, physical)


def forget(connection: Connection, physical: str) -> None:
    """Take a table, and those that are gone, out of their plans; a plan without a table goes."""
    gone = ~select(read_tables.c.physical).where(read_tables.c.physical == rebuild_plans.c.physical).exists()
    connection.execute(delete(rebuild_plans).where((rebuild_plans.c.physical == physical) | gone))
    planned = select(rebuild_plans.c.plan)
    connection.execute(delete(rebuild_shares).where(rebuild_shares.c.plan.not_in(planned)))
