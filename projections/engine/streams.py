"""Folding whole streams, one after another, into the final rows of read models.

A row that is made of one stream alone is final once its stream has been read. It is handed on and forgotten, so that
memory does not grow with the ledger, and a row of a hundred facts is written once.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import TypeAlias

from domain.fact import Fact, UnreadableFact
from domain.fact_registry import FACTS
from domain.ledger.envelope import StoredFact
from domain.ledger.mapper import Recorded
from domain.zone_rules import UnknownZone
from projections.engine.definition import Key, Keyed, Log, Projection, Row, changed_rows, key_names
from projections.engine.fold import Decode

Values: TypeAlias = tuple[object, ...]
"""A row: the values of its columns, in their order."""
ToValues: TypeAlias = Callable[[Row], Values]
"""Makes them of a row that has every column."""

ONCE = frozenset({"position", "version"})
"""Columns that tell the rows of any two facts of a stream apart."""


def of_columns(projection: Projection) -> ToValues:
    """The values as the row has them."""
    return itemgetter(*(column.name for column in projection.table.columns))


def other_names(projections: Iterable[Projection]) -> list[str]:
    """The names of the facts that none of these read models handles. A name that nobody knows is not among them: who
    cannot read a fact cannot know whom it concerns."""
    handled = {fact.stored_name for projection in projections for fact in projection.handles}
    return sorted({fact.stored_name for fact in FACTS} - handled)


class StreamRows:
    """The rows of one read model on their way from streams to the database.

    `failed` tells that a fact could not be folded: what is in `rows` then is worth nothing.
    """

    def __init__(self, projection: Projection, to_values: ToValues | None = None) -> None:
        """`to_values`: `of_columns`, unless the rows are to be written."""
        self.projection = projection
        self.rows: list[Values] = []
        self.failed = False
        self._blank: Row = dict.fromkeys(column.name for column in projection.table.columns)
        self._finish = projection.finish if isinstance(projection, Keyed) else None
        self._key = key_names(projection.table)
        self._values = to_values or of_columns(projection)
        self._open: dict[Key, Row | None] = {}
        self._business_id = ""
        if isinstance(projection, Log):
            self.take = self._add if ONCE & set(self._key) else self._add_once
        else:
            self.take = self._step if projection.step is not None else self._change

    take: Callable[[Recorded], None]
    """Fold one more fact of the stream. Raises the errors of the read model."""

    def _add(self, recorded: Recorded) -> None:
        assert isinstance(self.projection, Log)
        for named in self.projection.rows(recorded):
            whole = {**self._blank, **named}
            whole["business_id"] = recorded.business_id
            self.rows.append(self._values(whole))

    def _add_once(self, recorded: Recorded) -> None:
        assert isinstance(self.projection, Log)
        self._business_id = recorded.business_id
        for named in self.projection.rows(recorded):
            self._open.setdefault(tuple([named[name] for name in self._key]), named)

    def _change(self, recorded: Recorded) -> None:
        assert isinstance(self.projection, Keyed)
        self._business_id = recorded.business_id
        keys = self.projection.keys(recorded)
        self._open.update(changed_rows(self.projection, self._open, recorded, keys))

    def _step(self, recorded: Recorded) -> None:
        assert isinstance(self.projection, Keyed)
        assert self.projection.step is not None
        self._business_id = recorded.business_id
        keys = self.projection.keys(recorded)
        for key in keys if len(keys) == 1 else dict.fromkeys(keys):
            self._open[key] = self.projection.step(self._open.get(key), recorded, key)

    def end(self) -> None:
        """The stream has ended: its rows are final."""
        if not self._open:
            return
        finish, width = self._finish, len(self._blank)
        for key, row in self._open.items():
            if row is None:
                continue
            if finish is not None:
                row = finish(row)
            row["business_id"] = self._business_id
            row.update(zip(self._key, key, strict=True))
            self.rows.append(self._values(row if len(row) == width else {**self._blank, **row}))
        self._open.clear()


class StreamFolds:
    """Several read models, fed in one pass over the facts."""

    def __init__(
        self,
        projections: Iterable[Projection],
        decode: Decode,
        to_values: Callable[[Projection], ToValues] = of_columns,
    ) -> None:
        self.each = [StreamRows(projection, to_values(projection)) for projection in projections]
        self._decode = decode
        self._handling: defaultdict[type[Fact], list[StreamRows]] = defaultdict(list)
        self._named: defaultdict[str, list[StreamRows]] = defaultdict(list)
        for rows in self.each:
            for fact in rows.projection.handles:
                self._handling[fact].append(rows)
                self._named[fact.stored_name].append(rows)
        self.others = other_names([rows.projection for rows in self.each])
        self._stream: tuple[str, str] | None = None
        self.error: Exception | None = None
        """The first error at which a read model failed."""

    @property
    def failed(self) -> list[Projection]:
        """The read models that met a fact that cannot be read or folded."""
        return [rows.projection for rows in self.each if rows.failed]

    def take(self, facts: Iterable[StoredFact]) -> None:
        """Fold facts in order of stream and version. Raises UnknownZone, which is of this machine."""
        decode, handling = self._decode, self._handling
        business_id, stream_id = self._stream or ("", "")
        for stored in facts:
            if stream_id != stored.stream_id or business_id != stored.business_id:
                self.end()
                self._stream = business_id, stream_id = stored.business_id, stored.stream_id
            try:
                recorded = decode(stored)
            except UnreadableFact as error:
                # A fact of a name that nobody knows may concern every one of them.
                self._fail(self._named.get(stored.name, self.each), error)
                continue
            for rows in handling[type(recorded.fact)]:
                if rows.failed:
                    continue
                try:
                    rows.take(recorded)
                except UnknownZone:
                    raise
                except Exception as error:  # of the read model: which fact it is, folding in order tells
                    self._fail([rows], error)

    def end(self) -> None:
        """The last stream has ended."""
        if self._stream is None:
            return
        for rows in self.each:
            if not rows.failed:
                try:
                    rows.end()
                except UnknownZone:
                    raise
                except Exception as error:  # as above
                    self._fail([rows], error)
        self._stream = None

    def _fail(self, failing: Iterable[StreamRows], error: Exception) -> None:
        self.error = self.error or error
        for rows in failing:
            rows.failed = True
            rows.rows.clear()
