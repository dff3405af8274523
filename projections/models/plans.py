"""Plans, one row each, listed in the order they were published."""

from collections.abc import Sequence
from typing import Any, assert_never, cast, get_args

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text

from domain.catalogue.facts import PlanFact, PlanPublished, PlanReinstated, PlanRetired, PlanRevised
from domain.ledger.mapper import Recorded
from projections.engine.definition import Key, Keyed, Row
from projections.engine.paging import in_order
from projections.engine.snapshot import Snapshot
from projections.models.versions import VERSIONS

TABLE = Table(
    "plans",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("plan_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("terms", Text, nullable=False),
    Column("plan_version", Integer, nullable=False),
    Column("retired", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)
Index("plans_in_order", TABLE.c.business_id, TABLE.c.position)


def row(before: Row | None, recorded: Recorded, key: Key) -> Row:
    fact = cast(PlanFact, recorded.fact)
    match fact:
        case PlanPublished():
            terms, position, plan_version = fact.plan, recorded.position, 1
        case PlanRevised():
            assert before is not None
            terms, position, plan_version = fact.plan, before["position"], fact.plan_version
        case PlanRetired() | PlanReinstated():
            assert before is not None
            return {**before, "retired": isinstance(fact, PlanRetired), "version": recorded.version}
        case _:
            assert_never(fact)
    return {
        "position": position,
        "terms": terms.model_dump_json(exclude_none=True),
        "plan_version": plan_version,
        "retired": False,
        "version": recorded.version,
    }


PLANS = Keyed(
    "plans",
    VERSIONS["plans"],
    TABLE,
    frozenset(get_args(PlanFact)),
    lambda recorded: [(recorded.stream_id,)],
    row,
    by_stream=True,
    stream_column="plan_id",
)


def plans(
    snapshot: Snapshot, business_id: str, after: Sequence[Any] | None, limit: int, *, retired: bool | None
) -> list[Row]:
    """At most `limit` plans behind the key `after` (position). `retired` None: all."""
    filters = () if retired is None else (snapshot.tables["plans"].c.retired == retired,)
    return in_order(snapshot, "plans", business_id, after, limit, *filters)
