"""A cache of folded streams, so that commands need not read and fold them again."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from threading import Lock
from typing import Any

from domain.decision import Reads
from domain.ledger.books import NO_HEAD, LoadedBooks
from domain.ledger.records import Loaded
from domain.ledger.stream import Stream, View


class StreamCache:
    """Streams as they were last read, without their facts; at most `limit`, the least recently used leaves first.

    The next load brings a cached stream up to date, and the append checks its version. A stale one can therefore
    never mislead: the cache only saves reading and folding the same facts again. `views` are folded beside the
    states, by stream kind, for the answers that show them.
    """

    def __init__(self, views: Mapping[str, View] | None = None, limit: int = 256) -> None:
        self.views = views or {}
        self._limit = limit
        self._streams: OrderedDict[tuple[str, str], Stream] = OrderedDict()
        self._lock = Lock()

    def state(self, business_id: str, stream_id: str) -> Any:
        """The state of a stream, or None when it is not cached."""
        found = self._streams.get((business_id, stream_id))
        return None if found is None else found.state

    def stream(self, business_id: str, stream_id: str) -> Stream | None:
        """A copy that the caller may extend, or None when the stream is not cached."""
        found = self._all(business_id, (stream_id,))
        return found[0] if found else None

    def _all(self, business_id: str, stream_ids: Iterable[str]) -> list[Stream] | None:
        """Copies that the caller may extend, or None when one of the streams is not cached."""
        found = []
        with self._lock:
            for key in [(business_id, id) for id in stream_ids]:
                if (stream := self._streams.get(key)) is None:
                    return None
                self._streams.move_to_end(key)
                found.append(stream)
        return [stream.copy() for stream in found]

    def keep(self, business_id: str, streams: Iterable[Stream]) -> None:
        """Cache streams whose facts are all stored."""
        with self._lock:
            for stream in streams:
                known = self._streams.get((business_id, stream.id))
                if known is None or known.version < stream.version:
                    self._streams[business_id, stream.id] = stream.copy()
                    self._streams.move_to_end((business_id, stream.id))
            while len(self._streams) > self._limit:
                self._streams.popitem(last=False)

    def keep_all(self, books: "LoadedBooks") -> None:
        """Cache the grown streams of books whose decided facts have all been stored."""
        self.keep(books.business_id, books.grown())

    def books(self, business_id: str, wanted: Reads, new_ids: Collection[str]) -> "LoadedBooks | None":
        """Books of cached streams alone, or None when these do not hold all of `wanted`.

        A claim prefix with a new id counts 0: nobody can have made such a claim.
        """
        if wanted.packages_of or wanted.claimed or wanted.everything_of:
            return None
        if not all(any(f"/{id}/" in prefix for id in new_ids) for prefix in wanted.counted):
            return None
        streams = self._all(business_id, wanted.streams)
        if streams is None:
            return None
        people = [person for stream in streams for person in stream.people]
        return LoadedBooks(business_id, wanted, Loaded((), {}, people, {}, NO_HEAD), streams, self.views)

    def books_of(
        self, business_id: str, wanted: Reads, loaded: Loaded, known: Iterable[Stream] = ()
    ) -> LoadedBooks:
        """Books of what was just loaded, now cached too. `known`: cached streams, loaded from their version on."""
        books = LoadedBooks(business_id, wanted, loaded, known, self.views)
        if loaded.facts:
            self.keep(business_id, books.streams)
        return books
