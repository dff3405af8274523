"""The lag of the read models, for operators and for the health of the process."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select

from domain.ledger.contract import Store
from projections.engine import checkpoints
from projections.engine.checkpoints import CHECKPOINTS, Checkpoint
from projections.engine.tables import ReadTables


@dataclass(frozen=True, slots=True)
class Standing:
    """One read model in one ledger."""

    business_id: str
    head: int
    checkpoint: Checkpoint

    @property
    def is_ahead(self) -> bool:
        """Whether it has taken facts that the ledger has not: the ledger was restored, and the read model was not."""
        return self.checkpoint.position > self.head

    @property
    def lag(self) -> int:
        """Facts still to be applied."""
        return max(0, self.head - self.checkpoint.position)


@dataclass(frozen=True, slots=True)
class Total:
    """One read model over all ledgers."""

    projection: str
    physical: str
    facts: int
    applied: int
    stopped: int
    """Ledgers in which it has stopped."""

    @property
    def lag(self) -> int:
        return max(0, self.facts - self.applied)


def standings(store: Store, views: ReadTables, business_id: str | None = None) -> Iterator[Standing]:
    """Every read model in every ledger, or in one."""
    for business, head in store.heads():
        if business_id in (None, business):
            with views.reading() as connection:
                found = checkpoints.read(connection, views.projections.values(), business)
            for name in views.projections:
                if name in found:
                    yield Standing(business, head, found[name])


def stopped(views: ReadTables) -> list[tuple[str, Checkpoint]]:
    """(business id, checkpoint) of every stopped read model. Each of them needs a person."""
    with views.reading() as connection:
        names = {
            physical: name
            for name, physical in checkpoints.live_tables(connection, views.projections.values()).items()
        }
        rows = connection.execute(
            select(CHECKPOINTS)
            .where(CHECKPOINTS.c.stopped_at.is_not(None), CHECKPOINTS.c.physical.in_(names))
            .order_by(CHECKPOINTS.c.business_id, CHECKPOINTS.c.physical)
        )
        return [
            (
                row.business_id,
                Checkpoint(
                    names[row.physical],
                    row.physical,
                    row.position,
                    checkpoints.Stop(row.stopped_at, row.error),
                ),
            )
            for row in rows
        ]


def totals(store: Store, views: ReadTables) -> list[Total]:
    """One total for each read model, summed over all ledgers by one query."""
    with views.reading() as connection:
        live = checkpoints.live_tables(connection, views.projections.values())
        rows = connection.execute(
            select(
                CHECKPOINTS.c.physical,
                func.sum(CHECKPOINTS.c.position),
                func.count(CHECKPOINTS.c.stopped_at),
            )
            .where(CHECKPOINTS.c.physical.in_(live.values()))
            .group_by(CHECKPOINTS.c.physical)
        )
        applied = {physical: (int(sum_), count) for physical, sum_, count in rows}
    # Read after the checkpoints, so that no head is behind its checkpoint.
    facts = sum(head for _, head in store.heads())
    return [
        Total(name, live[name], facts, *applied.get(live[name], (0, 0)))
        for name in views.projections
        if name in live
    ]
