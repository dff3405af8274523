"""The lag of the read models, for operators and for the health of the process."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from domain.ledger.contract import Store
from domain.ledger.reading import reading
from projections.engine import asking, checkpoints
from projections.engine.asking import FACTS_LOOKED_AT
from projections.engine.checkpoint import Standing
from projections.engine.checkpoints import CHECKPOINTS, COHORTS, SHARED, read_tables
from projections.engine.definition import Projection, fingerprint
from projections.engine.pages import Reader, Unreadable
from projections.engine.tables import ReadTables


@dataclass(frozen=True, slots=True)
class Total:
    """One read model over all ledgers."""

    projection: str
    physical: str
    facts: int
    applied: int
    stopped: int
    """Ledgers in which it has stopped."""
    building: bool = False
    """Whether it is the table of a new version that is not complete yet."""

    @property
    def lag(self) -> int:
        return max(0, self.facts - self.applied)


def standings(store: Store, views: ReadTables, business_id: str | None = None) -> Iterator[Standing]:
    """Every read model in every ledger, or in one."""
    with views.asking() as ask:
        yield from asking.standings(
            store, ask, views.named, lambda name: fingerprint(views.projections[name]), business_id
        )


def unreadable(
    store: Store, projections: Mapping[str, Projection], found: Iterable[Standing]
) -> dict[Standing, Unreadable]:
    """The fact that this code cannot read, of each read model that is behind by one: newer code wrote it."""
    met: dict[Standing, Unreadable] = {}
    for standing in found:
        if not standing.lag or standing.checkpoint.stop is not None:
            continue
        projection, position = projections[standing.checkpoint.projection], standing.checkpoint.position
        asked = {standing.business_id: (position, FACTS_LOOKED_AT)}
        page = Reader([projection], reading).page(store.facts_of(asked).get(standing.business_id, ()))
        _, by = page.of(projection, position)
        if by is not None:
            met[standing] = by
    return met


def totals(store: Store, views: ReadTables) -> list[Total]:
    """One total for each read model, summed over all ledgers by one query."""
    projections = list(views.projections.values())
    with views.reading() as connection:
        served = {each.projection: each for each in checkpoints.served(connection, projections)}
        applied = _applied(connection, projections, [each.physical for each in served.values()])
    # Read after the checkpoints, so that no head is behind its checkpoint.
    facts = sum(head for _, head in store.heads())
    return [
        Total(name, own.physical, facts, *applied.get(own.physical, (0, 0)), building=own.building)
        for name in views.projections
        if (own := served.get(name)) is not None
    ]


def _applied(
    connection: Connection, projections: Sequence[Projection], physicals: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """Table → the sum of its positions, and the number of ledgers in which it has stopped."""
    own = (
        select(
            CHECKPOINTS.c.physical,
            func.sum(CHECKPOINTS.c.position),
            func.count().filter(checkpoints.is_stopped(projections)),
        )
        .join(read_tables, read_tables.c.physical == CHECKPOINTS.c.physical)
        .where(CHECKPOINTS.c.physical.in_(physicals))
        .group_by(CHECKPOINTS.c.physical)
    )
    applied = {
        physical: (int(positions), stopped) for physical, positions, stopped in connection.execute(own)
    }
    # Added up by cohort first: there are few, and many ledgers.
    of_cohort = (
        select(CHECKPOINTS.c.cohort, func.sum(CHECKPOINTS.c.position).label("positions"))
        .where(CHECKPOINTS.c.physical == SHARED)
        .group_by(CHECKPOINTS.c.cohort)
        .subquery()
    )
    shared = select(COHORTS.c.physical, of_cohort.c.positions).join(
        of_cohort, of_cohort.c.cohort == COHORTS.c.cohort
    )
    for physical, positions in connection.execute(shared.where(COHORTS.c.physical.in_(physicals))):
        before, stopped = applied.get(physical, (0, 0))
        applied[physical] = before + int(positions), stopped
    return applied
