"""Reward points: the balance of every customer for lists, and the entries of all accounts for exports.

A single account is folded from its stream, so that it is never behind. (S143–S150)
"""

from collections.abc import Collection, Mapping, Sequence
from typing import assert_never, cast

from sqlalchemy import JSON, BigInteger, Column, Integer, MetaData, Table, Text, select

from domain.fact import Fact
from domain.ledger.mapper import Recorded
from domain.points.facts import FACTS, PointsAdded, PointsAdjusted, PointsFact, PointsRedeemed
from domain.points.state import change_of, customer_of
from projections.engine.definition import Key, Keyed, Log, Moment, Row
from projections.engine.snapshot import Snapshot
from projections.models.versions import VERSIONS

TABLE = Table(
    "points",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("customer_id", Text, primary_key=True),
    Column("balance", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
)


def row(before: Row | None, recorded: Recorded, key: Key) -> Row:
    fact = cast(PointsFact, recorded.fact)
    return {"balance": fact.balance, "version": recorded.version}


POINTS = Keyed(
    "points",
    VERSIONS["points"],
    TABLE,
    frozenset(FACTS),
    lambda recorded: [(customer_of(recorded.stream_id),)],
    row,
    by_stream=True,
)


def balances(snapshot: Snapshot, business_id: str, customer_ids: Collection[str]) -> dict[str, int]:
    """Customer → balance, for those who have an account. The balance of the others is 0."""
    if not customer_ids:
        return {}
    table = snapshot.tables[POINTS.name]
    asked = select(table.c.customer_id, table.c.balance).where(
        table.c.business_id == business_id, table.c.customer_id.in_(customer_ids)
    )
    return {row.customer_id: row.balance for row in snapshot.connection.execute(asked)}


# Entries

ACTIONS: Mapping[type[Fact], str] = {
    PointsAdded: "added",
    PointsRedeemed: "redeemed",
    PointsAdjusted: "adjusted",
}


def entry(recorded: Recorded) -> Row:
    """One entry of an account. `points` is signed, `total` is the balance after it in recorded order.

    `actor_id` is None where a rule made the entry.
    """
    fact = cast(PointsFact, recorded.fact)
    return {
        "id": fact.entry_id,
        "version": recorded.version,
        "effective_at": fact.effective_at,
        "points": change_of(fact),
        "action": ACTIONS[type(fact)],
        "total": fact.balance,
        "by": fact.by,
        "actor_id": None if _is_by_rule(fact) else recorded.meta.actor.id,
        "text_id": fact.reason and fact.reason.id,
        "source": None if fact.source is None else fact.source.model_dump(),
    }


def _is_by_rule(fact: PointsFact) -> bool:
    """Whether a rule made the entry, in reaction to another fact."""
    match fact:
        case PointsAdded():
            return fact.rule is not None
        case PointsAdjusted():
            return fact.by == "system"
        case PointsRedeemed():
            return False
        case _:
            assert_never(fact)


ENTRIES_TABLE = Table(
    "points_entries",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("customer_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("id", Text, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("effective_at", Moment, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("actor_id", Text),
    Column("text_id", Text),
    Column("source", JSON),
)


def entry_rows(recorded: Recorded) -> Sequence[Row]:
    told_at = {"position": recorded.position, "recorded_at": recorded.recorded_at}
    return [{"customer_id": customer_of(recorded.stream_id), **told_at, **entry(recorded)}]


POINTS_ENTRIES = Log(
    "points_entries", VERSIONS["points_entries"], ENTRIES_TABLE, frozenset(FACTS), entry_rows, by_stream=True
)
