"""Attempts to top up, one row each, in the order they opened: what the payment system is to charge (S89, S90).

The clock ends an attempt that nobody answers: a query compares `expires_at` with now.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, assert_never, cast, get_args

from sqlalchemy import BigInteger, Column, ColumnElement, Index, Integer, MetaData, Table, Text, and_, or_

from domain.ledger.mapper import Recorded
from domain.top_up.facts import AttemptFact, TopUpFailed, TopUpLapsed, TopUpSettled, TopUpTriggered
from domain.top_up.state import AttemptStatus
from projections.engine.definition import Key, Keyed, Moment, Row
from projections.engine.paging import in_order
from projections.engine.snapshot import Snapshot
from projections.models.versions import VERSIONS

TABLE = Table(
    "top_up_attempts",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("attempt_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("top_up_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("offer_id", Text, nullable=False),
    Column("offer_version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("payment_method_ref", Text, nullable=False),
    Column("available", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("reason_id", Text),
    Column("opened_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("package_id", Text),
    Column("payment_id", Text),
    Index("by_status", "business_id", "status", "position"),
    Index("by_customer", "business_id", "customer_id", "position"),
    Index("in_order", "business_id", "position"),
)
"""`reason_id`: of the latest failure. `status` is open until a fact ends it."""


def row(before: Row | None, recorded: Recorded, key: Key) -> Row:
    fact = cast(AttemptFact, recorded.fact)
    if isinstance(fact, TopUpTriggered):
        return _opened(fact, recorded)
    assert before is not None, "an attempt begins with top_up.triggered"
    match fact:
        case TopUpFailed():
            told = {**before, "failures": fact.failures, "reason_id": fact.reason.id}
            if fact.retry_at is None or fact.expires_at is None:
                return {**told, "status": "failed"}
            return {**told, "due_at": fact.retry_at, "expires_at": fact.expires_at}
        case TopUpSettled():
            made = {"package_id": fact.package_id, "payment_id": fact.payment_id}
            return {**before, "status": "paid", **made}
        case TopUpLapsed():
            return {**before, "status": "expired" if fact.why == "expired" else "withdrawn"}
        case _:
            assert_never(fact)


def _opened(fact: TopUpTriggered, recorded: Recorded) -> Row:
    copied = (
        "customer_id",
        "number",
        "offer_id",
        "offer_version",
        "name",
        "price",
        "currency",
        "payment_method_ref",
        "available",
        "due_at",
        "expires_at",
    )
    return {
        **{name: getattr(fact, name) for name in copied},
        "position": recorded.position,
        "top_up_id": recorded.stream_id,
        "status": "open",
        "failures": 0,
        "opened_at": fact.due_at,
    }


def _keys(recorded: Recorded) -> list[Key]:
    return [(cast(AttemptFact, recorded.fact).attempt_id,)]


TOP_UP_ATTEMPTS = Keyed(
    "top_up_attempts",
    VERSIONS["top_up_attempts"],
    TABLE,
    frozenset(get_args(AttemptFact)),
    _keys,
    row,
    by_stream=True,
    stream_column="top_up_id",
)


def attempts(
    snapshot: Snapshot,
    business_id: str,
    after: Sequence[Any] | None,
    limit: int,
    now: datetime,
    *,
    status: Sequence[AttemptStatus] = (),
    customer_id: Sequence[str] = (),
    due: bool = False,
) -> list[Row]:
    """At most `limit` attempts behind the key `after` (position), oldest first. `due`: to be charged now."""
    table = snapshot.tables[TOP_UP_ATTEMPTS.name]
    filters: list[ColumnElement[bool]] = []
    if status:
        filters.append(or_(*(_is(table, each, now) for each in status)))
    if customer_id:
        filters.append(table.c.customer_id.in_(customer_id))
    if due:
        filters += [_is(table, "open", now), table.c.due_at <= now]
    return in_order(snapshot, TOP_UP_ATTEMPTS.name, business_id, after, limit, *filters)


def _is(table: Table, status: AttemptStatus, now: datetime) -> ColumnElement[bool]:
    """Whether an attempt has a status at a moment, as `domain.top_up.state.Attempt.status` says."""
    match status:
        case "open":
            return and_(table.c.status == "open", table.c.expires_at > now)
        case "expired":
            unanswered = and_(table.c.status == "open", table.c.expires_at <= now)
            return or_(table.c.status == "expired", unanswered)
        case "paid" | "failed" | "withdrawn":
            return table.c.status == status
        case _:
            assert_never(status)
