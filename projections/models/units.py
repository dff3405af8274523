"""The units of a package, one row each, with number, value and state (S70–S73, S87).

They are folded from the facts of one package where they are asked for, and never stored: a sale of thousands of units
would be as many rows. What lists look for is stored in projections/models/units_in_use.py.
"""

from collections.abc import Sequence
from typing import assert_never, cast, get_args

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from domain.fact import Fact
from domain.ledger.mapper import Recorded
from domain.package.fact_parts import PackageOpened
from domain.package.facts import (
    EndFact,
    LineCorrected,
    OpeningFact,
    PackageCancelled,
    PackageReinstated,
    PackageVoided,
    PriceAdjusted,
    SessionMoved,
    TransferFact,
    TransferRevoked,
    TransferUndone,
    UnitsForfeited,
    UnitsRedeemed,
    UnitsRestored,
    UnitsTransferredOut,
    UseFact,
)
from domain.package.opening_facts import PackageImported
from domain.unit_values import unrolled
from projections.engine.definition import FILLED_PERCENT, Key, Keyed, Moment, Row

TABLE = Table(
    "units",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("package_id", Text, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("unit", Integer, primary_key=True),
    Column("state", Text, nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("used_at", Moment),
    Column("deducted_at", Moment),
    Column("service_id", Text),
    Column("participant_id", Text),
    Column("booking_id", Text),
    Column("redemption_id", Text),
    Column("staff_id", Text),
    # Room on each page, so that using a unit touches no index.
    info={FILLED_PERCENT: 80},
)
USE = ("used_at", "deducted_at", "service_id", "participant_id", "booking_id", "redemption_id", "staff_id")
"""Columns that are set while a unit is in use. `used_at` is the session as it was known then, `deducted_at` when the
unit was taken, which may be long before; a correction has no session."""

UnitFact = OpeningFact | PriceAdjusted | UseFact | SessionMoved | EndFact | TransferFact
"""The facts about particular units."""
HANDLES: frozenset[type[Fact]] = frozenset(get_args(UnitFact))


def _keys(recorded: Recorded) -> Sequence[Key]:
    """The units that the fact concerns."""
    fact, id = cast(UnitFact, recorded.fact), recorded.stream_id
    match fact:
        case PackageOpened():
            return [(id, n, u) for n, line in enumerate(fact.lines, 1) for u in range(1, line.quantity + 1)]
        case PriceAdjusted():
            return [
                (id, n, u) for n, runs in enumerate(fact.values, 1) for u in range(1, len(unrolled(runs)) + 1)
            ]
        case UnitsRedeemed() | UnitsRestored() | UnitsForfeited() | UnitsTransferredOut() | TransferUndone():
            return [(id, fact.line, unit) for unit in fact.units]
        case LineCorrected():
            freed = [unit for use in fact.freed for unit in use.units]
            given = (*fact.returned, *fact.used_before, *freed, *fact.added)
            return [(id, fact.line, unit) for unit in (*fact.taken, *given)]
        case SessionMoved():
            return [(id, part.line, unit) for part in fact.units for unit in part.units]
        case PackageReinstated() | TransferRevoked():
            return [(id, part.line, unit) for part in fact.returned for unit in part.units]
        case PackageCancelled() | PackageVoided():
            return [(id, part.line, unit) for part in fact.lapsed for unit in part.units]
        case _:
            assert_never(fact)


def row(before: Row | None, recorded: Recorded, key: Key) -> Row:
    """One unit after one more fact."""
    fact, (_, number, unit) = cast(UnitFact, recorded.fact), key
    if isinstance(fact, PackageOpened):
        used_before = isinstance(fact, PackageImported) and unit <= fact.used_before[number - 1]
        value = unrolled(fact.lines[number - 1].values)[unit - 1]
        return {"state": "used_before" if used_before else "available", "value": value}
    if isinstance(fact, LineCorrected) and unit in fact.added:
        return {"state": "available", "value": 0}
    assert before is not None, "a unit begins with its package"
    match fact:
        case PriceAdjusted():
            return {**before, "value": unrolled(fact.values[number - 1])[unit - 1]}
        case UnitsRedeemed():
            return {**before, "state": "used", **_use(fact), "staff_id": fact.staff_id}
        case UnitsForfeited():
            return {**before, "state": "forfeited", **_use(fact), "staff_id": recorded.staff_id}
        case SessionMoved():
            mine = before["redemption_id"] == fact.redemption_id
            return {**before, "used_at": fact.session_at} if mine else before
        case UnitsRestored():
            return _freed(before, "lapsed" if fact.lapsed else "available", fact.redemption_id)
        case LineCorrected() if unit in fact.taken:
            return {
                **before,
                "state": "corrected",
                "deducted_at": fact.effective_at,
                "staff_id": recorded.staff_id,
            }
        case LineCorrected() | PackageReinstated() | TransferUndone():
            return {**before, **dict.fromkeys(USE), "state": "available"}
        case UnitsTransferredOut() | TransferRevoked():
            return {**before, "state": "transferred"}
        case PackageCancelled() | PackageVoided():
            return {**before, "state": "lapsed"} if before["state"] == "available" else before
        case _:
            assert_never(fact)


def _use(fact: UnitsRedeemed | UnitsForfeited) -> Row:
    return {
        "used_at": fact.session_at or fact.effective_at,
        "deducted_at": fact.effective_at,
        "service_id": fact.service_id,
        "participant_id": fact.participant_id,
        "booking_id": fact.booking_id,
        "redemption_id": fact.redemption_id,
    }


def _freed(before: Row, state: str, redemption_id: str) -> Row:
    """The unit after a restoration, which frees it only from its own redemption."""
    if before["redemption_id"] != redemption_id:
        return before
    return {**before, **dict.fromkeys(USE), "state": state}


UNITS = Keyed("units", 4, TABLE, HANDLES, _keys, row)
