"""The customers of a business, for its list: in the order they were registered.

Names and contacts are in the directory, and are joined when a list is answered.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text

from domain.customer import (
    FACTS,
    CustomerActivated,
    CustomerBlocked,
    CustomerDeactivated,
    CustomerFact,
    CustomerRegistered,
    CustomerUnblocked,
    ParticipantAdded,
    ParticipantChanged,
    ParticipantOf,
    ParticipantRemoved,
)
from domain.ledger.mapper import Recorded
from projections.definition import Key, Keyed, Row
from projections.in_order import in_order
from projections.views import Snapshot

TABLE = Table(
    "customers",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("customer_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("blocked", Boolean, nullable=False),
    Column("external_ref", Text),
    # The household as it is now, number 0 first: id, number, kind, barred_services.
    Column("participants", JSON, nullable=False),
    Column("version", Integer, nullable=False),
)
Index("customers_in_order", TABLE.c.business_id, TABLE.c.position)
Index("customers_by_external_ref", TABLE.c.business_id, TABLE.c.external_ref)


def row(before: Row | None, recorded: Recorded, key: Key) -> Row:
    fact = recorded.fact
    if isinstance(fact, CustomerRegistered):
        return {
            "position": recorded.position,
            "active": True,
            "blocked": False,
            "external_ref": None if fact.external_ref is None else str(fact.external_ref),
            "participants": [_participant(each) for each in fact.participants],
            "version": recorded.version,
        }
    assert before is not None
    return {**before, **_change(before, fact), "version": recorded.version}  # type: ignore[arg-type]


def _change(before: Row, fact: CustomerFact) -> Row:
    household: list[Row] = before["participants"]
    match fact:
        case CustomerActivated():
            return {"active": True}
        case CustomerDeactivated():
            return {"active": False}
        case CustomerBlocked():
            return {"blocked": True}
        case CustomerUnblocked():
            return {"blocked": False}
        case ParticipantAdded(participant=added):
            return {"participants": [*household, _participant(added)]}
        case ParticipantChanged(participant_id=id, kind=kind, barred_services=barred):
            changed = {"kind": kind, "barred_services": list(barred)}
            return {"participants": [{**each, **changed} if each["id"] == id else each for each in household]}
        case ParticipantRemoved(participant_id=id):
            return {"participants": [each for each in household if each["id"] != id]}
        case _:
            return {}


def _participant(added: ParticipantOf) -> Row:
    return {
        "id": added.participant_id,
        "number": added.number,
        "kind": added.kind,
        "barred_services": list(added.barred_services),
    }


CUSTOMERS = Keyed("customers", 1, TABLE, frozenset(FACTS), lambda recorded: [(recorded.stream_id,)], row)


def customers(
    snapshot: Snapshot,
    business_id: str,
    after: Sequence[Any] | None,
    limit: int,
    *,
    active: bool | None,
    external_ref: str | None,
) -> list[Row]:
    """At most `limit` customers behind the key `after` (position)."""
    table = snapshot.tables["customers"]
    filters = []
    if active is not None:
        filters.append(table.c.active == active)
    if external_ref is not None:
        filters.append(table.c.external_ref == external_ref)
    return in_order(snapshot, "customers", business_id, after, limit, *filters)
