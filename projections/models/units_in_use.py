"""The units of packages that redemptions have in use, one row a redemption and package: who uses what (S74).

A package of thousands of units costs no row until it is used. Each unit with its state is folded from the facts of its
package (projections/models/units.py).
"""

from collections.abc import Sequence
from typing import assert_never, cast, get_args

from sqlalchemy import Column, Integer, MetaData, Table, Text

from domain.fact import Fact
from domain.ledger.mapper import Recorded
from domain.package.facts import LineCorrected, UnitsRedeemed, UnitsRestored
from projections.engine.definition import Key, Keyed, Row
from projections.models.versions import VERSIONS

TABLE = Table(
    "units",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("package_id", Text, primary_key=True),
    Column("redemption_id", Text, primary_key=True),
    Column("service_id", Text, nullable=False),
    # Above 0: a redemption whose units are all back has no row.
    Column("units", Integer, nullable=False),
)
TakingFact = UnitsRedeemed | UnitsRestored | LineCorrected
HANDLES: frozenset[type[Fact]] = frozenset(get_args(TakingFact))


def _keys(recorded: Recorded) -> Sequence[Key]:
    """The redemptions whose units the fact moves. Forfeited units are not in use."""
    fact, id = cast(TakingFact, recorded.fact), recorded.stream_id
    match fact:
        case UnitsRedeemed():
            return [(id, fact.redemption_id)]
        case UnitsRestored():
            return [(id, fact.redemption_id)] if fact.forfeiture is None else []
        case LineCorrected():
            return [(id, use.redemption_id) for use in fact.freed if use.forfeiture is None]
        case _:
            assert_never(fact)


def row(before: Row | None, recorded: Recorded, key: Key) -> Row | None:
    """The units that a redemption has in use after one more fact; None: none."""
    fact, (_, redemption_id) = cast(TakingFact, recorded.fact), key
    if isinstance(fact, UnitsRedeemed):
        units = before["units"] if before else 0
        return {"service_id": fact.service_id, "units": units + len(fact.units)}
    assert before is not None, "units come back from a redemption that took them"
    match fact:
        case UnitsRestored():
            back = len(fact.units)
        case LineCorrected():
            freed = (use for use in fact.freed if use.forfeiture is None)
            back = sum(len(use.units) for use in freed if use.redemption_id == redemption_id)
        case _:
            assert_never(fact)
    return {**before, "units": before["units"] - back} if before["units"] > back else None


UNITS_IN_USE = Keyed(
    "units",
    VERSIONS["units"],
    TABLE,
    HANDLES,
    _keys,
    row,
    by_stream=True,
    stream_column="package_id",
    step=row,
)
