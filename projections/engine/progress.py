"""How far each read model is in one ledger, and how fast a rebuild of it goes: what the API tells of them.

A rebuild is told by the shares of this business alone. A business whose facts are too few for shares of its own is
rebuilt together with others, and nothing is told of that: it takes moments.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from domain.ledger.postgres.roles import for_business
from projections.engine import checkpoints
from projections.engine.checkpoint import Checkpoint
from projections.engine.definition import Projection, physical_name
from projections.engine.shares import rebuild_plans, rebuild_shares
from projections.engine.tables import ReadTables

RECENT_SHARES = 20
"""Shares that the rate is taken from."""


@dataclass(frozen=True, slots=True)
class RebuildProgress:
    """Of the facts that a rebuild reads for this business; other read models may be rebuilt from them in one pass."""

    facts_done: int
    facts: int
    facts_per_second: int | None
    """Over the last shares, up to now; None until two are done."""

    @property
    def seconds_left(self) -> int | None:
        if not self.facts_per_second:
            return None
        return -(-(self.facts - self.facts_done) // self.facts_per_second)


@dataclass(frozen=True, slots=True)
class ModelStanding:
    """One read model in one ledger. `checkpoint` is None where it has no table."""

    projection: Projection
    checkpoint: Checkpoint | None
    rebuild: RebuildProgress | None


def model_standings(views: ReadTables, business_id: str, now_ms: int) -> list[ModelStanding]:
    """Every read model of this code, in their order. Raises ProjectionMissing, LedgerUnavailable."""
    projections = list(views.projections.values())
    with views.reading() as connection:
        if views.on_postgres:
            connection.exec_driver_sql(for_business(business_id))
        found = checkpoints.read(connection, projections, business_id)
        plans = {row.physical: row.plan for row in connection.execute(select(rebuild_plans))}
        rebuilds = {each.name: _rebuild(connection, each, plans, business_id, now_ms) for each in projections}
    return [ModelStanding(each, found.get(each.name), rebuilds[each.name]) for each in projections]


def _rebuild(
    connection: Connection, projection: Projection, plans: Mapping[str, str], business_id: str, now_ms: int
) -> RebuildProgress | None:
    shadow = physical_name(projection, shadow=True)
    physical = shadow if shadow in plans else physical_name(projection)
    if physical not in plans:
        return None
    shares = rebuild_shares.c
    by = "" if projection.by_stream else physical
    own = (shares.plan == plans[physical]) & (shares.business_id == business_id) & (shares.physical == by)
    totals = select(func.sum(shares.facts).filter(shares.done.is_(True)), func.sum(shares.facts)).where(own)
    done, facts = connection.execute(totals).one()
    if not facts:
        return None
    recent = select(shares.facts, shares.done_at).where(own, shares.done_at.is_not(None))
    latest = connection.execute(recent.order_by(shares.done_at.desc()).limit(RECENT_SHARES)).all()
    return RebuildProgress(int(done or 0), int(facts), _rate([(row[0], row[1]) for row in latest], now_ms))


def _rate(latest: list[tuple[int, int]], now_ms: int) -> int | None:
    """Facts a second of the shares that were done after the first of these, latest first."""
    if len(latest) < 2:
        return None
    since = latest[-1][1]
    return sum(facts for facts, _ in latest[:-1]) * 1000 // max(1, now_ms - since)
