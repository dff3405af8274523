"""Offers, one row each, listed in the order they were published."""

from collections.abc import Sequence
from typing import Any, assert_never, cast, get_args

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text

from domain.catalogue.facts import OfferFact, OfferPublished, OfferReinstated, OfferRetired, OfferRevised
from domain.ledger.mapper import Recorded
from projections.engine.definition import Key, Keyed, Row
from projections.engine.paging import in_order
from projections.engine.snapshot import Snapshot
from projections.models.versions import VERSIONS

TABLE = Table(
    "offers",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("offer_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("terms", Text, nullable=False),
    Column("offer_version", Integer, nullable=False),
    Column("retired", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)
Index("offers_in_order", TABLE.c.business_id, TABLE.c.position)


def row(before: Row | None, recorded: Recorded, key: Key) -> Row:
    fact = cast(OfferFact, recorded.fact)
    match fact:
        case OfferPublished():
            terms, position, offer_version = fact.offer, recorded.position, 1
        case OfferRevised():
            assert before is not None
            terms, position, offer_version = fact.offer, before["position"], fact.offer_version
        case OfferRetired() | OfferReinstated():
            assert before is not None
            return {**before, "retired": isinstance(fact, OfferRetired), "version": recorded.version}
        case _:
            assert_never(fact)
    return {
        "position": position,
        "terms": terms.model_dump_json(exclude_none=True),
        "offer_version": offer_version,
        "retired": False,
        "version": recorded.version,
    }


OFFERS = Keyed(
    "offers",
    VERSIONS["offers"],
    TABLE,
    frozenset(get_args(OfferFact)),
    lambda recorded: [(recorded.stream_id,)],
    row,
    by_stream=True,
    stream_column="offer_id",
)


def offers(
    snapshot: Snapshot, business_id: str, after: Sequence[Any] | None, limit: int, *, retired: bool | None
) -> list[Row]:
    """At most `limit` offers behind the key `after` (position). `retired` None: all."""
    filters = () if retired is None else (snapshot.tables["offers"].c.retired == retired,)
    return in_order(snapshot, "offers", business_id, after, limit, *filters)
