"""One stream through one read model, fact by fact: the rows before each fact and after it.

A read model is a pure function, so its past is folded in memory, from the first fact of the stream on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.ledger.contract import LedgerRecorder
from domain.ledger.mapper import Recorded
from domain.ledger.reading import reading
from projections.engine.checkpoints import error_text
from projections.engine.definition import Key, Keyed, Projection, Row, added_rows, changed_rows

FACTS_MAX = 20_000
"""Facts of a stream that are folded."""


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row that a fact touched. None: there was none, or there is none any more."""

    key: Key
    before: Row | None
    after: Row | None


@dataclass(frozen=True, slots=True)
class Step:
    recorded: Recorded
    handled: bool
    """Whether the read model takes this fact."""
    changes: Sequence[RowChange]
    elsewhere: int = 0
    """Rows of other streams that the fact changes too: they are not folded here."""
    error: str | None = None
    """Why the read model cannot take the fact. It stops here: no step follows."""


def steps(
    recorder: LedgerRecorder, projection: Projection, stream_id: str, after: int, limit: int
) -> list[Step]:
    """At most `limit` steps of a stream behind a version. Empty for a stream without a fact, and beyond FACTS_MAX.

    Raises UnreadableFact.
    """
    facts = recorder.stream(stream_id, min(after + limit, FACTS_MAX))
    return [step for step in _folded(projection, map(reading, facts)) if step.recorded.version > after]


def _folded(projection: Projection, facts: Iterator[Recorded]) -> Iterator[Step]:
    rows: dict[Key, Row | None] = {}
    for recorded in facts:
        if type(recorded.fact) not in projection.handles:
            yield Step(recorded, handled=False, changes=())
            continue
        try:
            changed, elsewhere = _changed(projection, rows, recorded)
        except Exception as error:  # whatever it is, the read model stops there
            yield Step(recorded, handled=True, changes=(), error=error_text(error))
            return
        changes = [RowChange(key, rows.get(key), row) for key, row in changed.items()]
        rows.update(changed)
        yield Step(recorded, handled=True, changes=changes, elsewhere=elsewhere)


def _changed(
    projection: Projection, rows: dict[Key, Row | None], recorded: Recorded
) -> tuple[dict[Key, Row | None], int]:
    if not isinstance(projection, Keyed):
        return dict(added_rows(projection, recorded)), 0
    keys = list(dict.fromkeys(projection.keys(recorded)))
    own = [key for key in keys if projection.by_stream or recorded.stream_id in key]
    return changed_rows(projection, rows, recorded, own), len(keys) - len(own)
