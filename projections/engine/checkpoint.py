"""A checkpoint as a value, and how far behind its ledger it is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from projections.engine.served import BUILDING


class ProjectionMissing(LookupError):
    """No table was made for this version of a read model: `create()` or a rebuild makes it."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The reason why a read table takes no more facts of a business: the failed position and its error."""

    position: int
    error: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The last position contained in the table (0: none). Everything up to it is there, nothing after it."""

    projection: str
    physical: str
    position: int
    stop: Stop | None = None
    building: bool = False
    """Whether its table is not complete yet."""
    generation: int = field(default=0, compare=False)
    """Raised whenever rows of its table may have changed without a fact."""


def checkpoint_of(row: Any, fingerprint_of: Callable[[str], str]) -> Checkpoint:
    """The checkpoint in a row of `served.read_of`. `fingerprint_of` a read model is asked where it has stopped: a stop
    is void for code with another."""
    stopped = row.stopped_at is not None and row.stopped_by == fingerprint_of(row.projection)
    stop = Stop(row.stopped_at, row.error) if stopped else None
    building = row.state == BUILDING
    return Checkpoint(row.projection, row.physical, row.position or 0, stop, building, row.generation)


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
