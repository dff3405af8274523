"""Customers, one row each, with an index for each column that the list is filtered by.

Names and contacts are joined from the directory when a list is answered. An erased customer has no row.
"""

from typing import assert_never, cast

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text

from domain.ledger.mapper import Recorded
from domain.people.facts import (
    FACTS,
    ConsentChanged,
    Consents,
    CustomerActivated,
    CustomerBlocked,
    CustomerCategorised,
    CustomerDeactivated,
    CustomerErased,
    CustomerFact,
    CustomerRegistered,
    CustomerUnblocked,
    MembershipsChanged,
    ParticipantAdded,
    ParticipantChanged,
    ParticipantOf,
    ParticipantRemoved,
    ParticipantReturned,
    ProfileChanged,
    TopUpsChanged,
)
from projections.engine.definition import Key, Keyed, Row

TABLE = Table(
    "customers",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("customer_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("blocked", Boolean, nullable=False),
    Column("category", Text),
    Column("session_reminder", Boolean, nullable=False),
    Column("birthday", Boolean, nullable=False),
    Column("marketing", Boolean, nullable=False),
    Column("external_ref", Text),
    # Everyone ever in the household, number 0 first: id, number, kind, barred_services, left.
    Column("participants", JSON, nullable=False),
    Column("version", Integer, nullable=False),
)
for name in ("category", "active", "blocked", "session_reminder", "birthday", "marketing", "external_ref"):
    Index(f"customers_by_{name}", TABLE.c.business_id, TABLE.c[name], TABLE.c.customer_id)


def row(before: Row | None, recorded: Recorded, key: Key) -> Row | None:
    fact = cast(CustomerFact, recorded.fact)
    if isinstance(fact, CustomerRegistered):
        return {
            "position": recorded.position,
            "active": True,
            "blocked": False,
            "category": None,
            **Consents().model_dump(),
            "external_ref": None if fact.external_ref is None else str(fact.external_ref),
            "participants": [_participant(each) for each in fact.participants],
            "version": recorded.version,
        }
    if isinstance(fact, CustomerErased):
        return None
    assert before is not None
    return {**before, **_change(before, fact), "version": recorded.version}


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
        case CustomerCategorised(category=category):
            return {"category": category}
        case ConsentChanged(consents=consents):
            return consents.model_dump()
        case ParticipantAdded(participant=added):
            return {"participants": [*household, _participant(added)]}
        case ParticipantChanged(participant_id=id, kind=kind, barred_services=barred):
            changed = {"kind": kind, "barred_services": list(barred)}
            return {"participants": [{**each, **changed} if each["id"] == id else each for each in household]}
        case ParticipantRemoved(participant_id=id) | ParticipantReturned(participant_id=id):
            moved = {"left": isinstance(fact, ParticipantRemoved)}
            return {"participants": [{**each, **moved} if each["id"] == id else each for each in household]}
        case ProfileChanged():
            return {}  # the changed fields are in the directory
        case TopUpsChanged() | MembershipsChanged():
            return {}  # what they name is in its own streams
        case CustomerRegistered() | CustomerErased():
            raise AssertionError("the first and the last fact make and remove the row")
        case _:
            assert_never(fact)


def _participant(added: ParticipantOf) -> Row:
    return {
        "id": added.participant_id,
        "number": added.number,
        "kind": added.kind,
        "barred_services": list(added.barred_services),
        "left": False,
    }


CUSTOMERS = Keyed("customers", 4, TABLE, frozenset(FACTS), lambda recorded: [(recorded.stream_id,)], row)
