"""Services, one row each, listed in the order they were defined."""

from collections.abc import Sequence
from typing import Any, assert_never, cast, get_args

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text

from domain.catalogue.facts import (
    ServiceChanged,
    ServiceDefined,
    ServiceFact,
    ServiceReinstated,
    ServiceRetired,
)
from domain.ledger.mapper import Recorded
from projections.engine.definition import Key, Keyed, Row
from projections.engine.paging import in_order
from projections.engine.snapshot import Snapshot
from projections.models.versions import VERSIONS

TABLE = Table(
    "services",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("service_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("terms", Text, nullable=False),
    Column("service_type", Text, nullable=False),
    Column("retired", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)
Index("services_in_order", TABLE.c.business_id, TABLE.c.position)
Index("services_by_type", TABLE.c.business_id, TABLE.c.service_type, TABLE.c.service_id)


def row(before: Row | None, recorded: Recorded, key: Key) -> Row:
    fact = cast(ServiceFact, recorded.fact)
    match fact:
        case ServiceDefined():
            terms, position = fact.service, recorded.position
        case ServiceChanged():
            assert before is not None
            terms, position = fact.service, before["position"]
        case ServiceRetired() | ServiceReinstated():
            assert before is not None
            return {**before, "retired": isinstance(fact, ServiceRetired), "version": recorded.version}
        case _:
            assert_never(fact)
    return {
        "position": position,
        "terms": terms.model_dump_json(exclude_none=True),
        "service_type": terms.service_type,
        "retired": False,
        "version": recorded.version,
    }


SERVICES = Keyed(
    "services",
    VERSIONS["services"],
    TABLE,
    frozenset(get_args(ServiceFact)),
    lambda recorded: [(recorded.stream_id,)],
    row,
    by_stream=True,
    stream_column="service_id",
)


def services(
    snapshot: Snapshot, business_id: str, after: Sequence[Any] | None, limit: int, *, retired: bool | None
) -> list[Row]:
    """At most `limit` services behind the key `after` (position). `retired` None: all."""
    filters = () if retired is None else (snapshot.tables["services"].c.retired == retired,)
    return in_order(snapshot, "services", business_id, after, limit, *filters)
