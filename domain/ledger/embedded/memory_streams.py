"""Reading the streams of a ledger in memory in order of their numbers."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from domain.ledger.envelope import StoredFact
from domain.ledger.numbers import behind, last_number, number_of

Streams = Mapping[str, Mapping[int, StoredFact]]
"""Stream → version → fact."""


class StreamsInMemory:
    """The part of a transaction that reads by stream, as `LedgerRecorder.cuts` and `by_stream` say."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams

    def version(self, stream_id: str) -> int:
        return max(self._streams.get(stream_id, {}), default=0)

    def cuts(self, facts: int) -> list[tuple[str, int]]:
        found: dict[str, int] = {}
        before = 0
        for id in sorted(self._streams, key=number_of):
            upto = before + len(self._streams[id])
            if upto // facts > before // facts:
                found[id] = upto // facts * facts
            before = upto
        return list(found.items())

    def by_stream(
        self, after: tuple[str, int], last: str, upto: int, without: Sequence[str], limit: int
    ) -> list[StoredFact]:
        found = (
            fact
            for place, fact in self._between(after, last)
            if place > (behind(after[0]), after[1]) and fact.position <= upto and fact.name not in without
        )
        return list(islice(found, limit))

    def _between(self, after: tuple[str, int], last: str) -> Iterator[tuple[tuple[int, int], StoredFact]]:
        found = (id for id in self._streams if behind(after[0]) <= number_of(id) <= last_number(last))
        for id in sorted(found, key=number_of):
            for version, fact in sorted(self._streams[id].items()):
                yield (number_of(id), version), fact
