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
    CustomerMerged,
    CustomerRegistered,
    CustomerUnblocked,
    CustomerUnmerged,
    MembershipsChanged,
    ParticipantAdded,
    ParticipantChanged,
    ParticipantMoved,
    ParticipantOf,
    ParticipantRemoved,
    ParticipantReturned,
    ProfileChanged,
    TopUpsChanged,
)
from projections.engine.definition import Key, Keyed, Moment, Row
from projections.models.versions import VERSIONS

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
    # The batch and the moment of the import that brought the customer.
    Column("import_id", Text),
    Column("imported_at", Moment),
    # Everyone ever in the household, number 0 first: id, number, kind, barred_services, left.
    Column("participants", JSON, nullable=False),
    # The customer whose other name this is, after a merge.
    Column("survivor_id", Text),
    Column("version", Integer, nullable=False),
)
for name in (
    "category",
    "active",
    "blocked",
    "session_reminder",
    "birthday",
    "marketing",
    "external_ref",
    "import_id",
    "survivor_id",
):
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
            "import_id": fact.import_id,
            "imported_at": None if fact.import_id is None else recorded.recorded_at,
            "participants": [_participant(each) for each in fact.participants],
            "survivor_id": None,
            "version": recorded.version,
        }
    if isinstance(fact, CustomerErased):
        return None
    assert before is not None
    if isinstance(fact, CustomerMerged | CustomerUnmerged) and key[-1] != fact.survivor_id:
        version = recorded.version if key[-1] == fact.absorbed_id else before["version"]
        return {**before, **_other_name(before, fact, key[-1]), "version": version}
    return {**before, **_change(before, fact), "version": recorded.version}


def _other_name(before: Row, fact: CustomerMerged | CustomerUnmerged, customer_id: object) -> Row:
    """A customer of whom the fact makes another name, or that is one of its own again."""
    if isinstance(fact, CustomerMerged):
        return {"survivor_id": fact.survivor_id}
    if customer_id != fact.absorbed_id:
        return {"survivor_id": fact.absorbed_id}
    moved = {each.participant_id: _moved(each) for each in fact.household}
    household = [moved.get(each["id"], each) for each in before["participants"]]
    return {"survivor_id": None, "participants": household}


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
        case CustomerMerged():
            joined = [_moved(each) for each in fact.household]
            return _standing(fact) | {"participants": [*household, *joined]}
        case CustomerUnmerged():
            gone = {each.participant_id for each in fact.household}
            return _standing(fact) | {"participants": [each for each in household if each["id"] not in gone]}
        case CustomerRegistered() | CustomerErased():
            raise AssertionError("the first and the last fact make and remove the row")
        case _:
            assert_never(fact)


def _standing(fact: CustomerMerged | CustomerUnmerged) -> Row:
    return {**fact.consents.model_dump(), "blocked": fact.blocked}


def _moved(participant: ParticipantMoved) -> Row:
    return {**_participant(participant), "left": participant.removed_at is not None}


def _keys(recorded: Recorded) -> list[Key]:
    """Other names of an absorbed customer change with it."""
    fact = recorded.fact
    if isinstance(fact, CustomerMerged | CustomerUnmerged) and recorded.stream_id == fact.absorbed_id:
        return [(recorded.stream_id,), *((id,) for id in fact.absorbed_before)]
    return [(recorded.stream_id,)]


def _participant(added: ParticipantOf) -> Row:
    return {
        "id": added.participant_id,
        "number": added.number,
        "kind": added.kind,
        "barred_services": list(added.barred_services),
        "left": False,
    }


CUSTOMERS = Keyed("customers", VERSIONS["customers"], TABLE, frozenset(FACTS), _keys, row)
