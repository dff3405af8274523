"""A cache of folded streams, so that commands need not read and fold them again."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from threading import Lock
from typing import Any, TypeAlias

from msgspec import Struct

from domain.claims import all_name
from domain.decision import Reads
from domain.ledger.books import NO_HEAD, LoadedBooks
from domain.ledger.cache_size import CACHE_BYTES
from domain.ledger.records import Loaded
from domain.ledger.stream import Stream, View
from domain.ledger.stream_size import bytes_of
from domain.package.state import Package

MEASURED_EVERY = 8
"""Facts after which a stream is measured anew; in between, each fact counts as `FACT_BYTES`."""
FACT_BYTES = 400
PEOPLE_BYTES = 512
"""Rows of the directory that differ by less are of the same size here."""
SHAPES_MAX = 4_096
"""Shapes whose sizes are remembered: to measure a stream takes as long as a third of a command."""


class _Size(Struct, frozen=True, gc=False):
    bytes: int
    measured: int
    """The version that was measured."""


Shape: TypeAlias = tuple[object, ...]


def shape_of(stream: Stream) -> Shape:
    """What streams of about the same size have in common: kind, version, people, and the units of each line."""
    units = (
        tuple(len(line.states) for line in stream.state.lines) if isinstance(stream.state, Package) else ()
    )
    people = sum(len(person.data) for person in stream.people) // PEOPLE_BYTES
    return stream.kind, stream.version, len(stream.people), people, units


class StreamCache:
    """Streams as they were last read, without their facts; the least recently used leaves first.

    At most `limit` streams of `bytes_max` bytes in all are cached, by the estimate of domain/ledger/stream_size.py.

    The next load brings a cached stream up to date, and the append checks its version. A stale one can therefore
    never mislead: the cache only saves reading and folding the same facts again. `views` are folded beside the
    states, by stream kind, for the answers that show them.
    """

    def __init__(
        self, views: Mapping[str, View] | None = None, limit: int = 256, bytes_max: int = CACHE_BYTES
    ) -> None:
        self.views = views or {}
        self._limit = limit
        self._bytes_max = bytes_max
        self._sizes: dict[tuple[str, str], _Size] = {}
        self._measured: dict[Shape, int] = {}
        """The bytes of the last stream of each shape that was measured."""
        self.bytes = 0
        """What the cached streams take together."""
        self._streams: OrderedDict[tuple[str, str], Stream] = OrderedDict()
        self._packages: dict[tuple[str, str], dict[str, None]] = {}
        """Business and customer → the packages of theirs that are cached."""
        self._lock = Lock()

    def state(self, business_id: str, stream_id: str) -> Any:
        """The state of a stream, or None when it is not cached."""
        found = self._streams.get((business_id, stream_id))
        return None if found is None else found.state

    def stream(self, business_id: str, stream_id: str) -> Stream | None:
        """A copy that the caller may extend, or None when the stream is not cached."""
        return self.streams(business_id, (stream_id,)).get(stream_id)

    def streams(self, business_id: str, stream_ids: Iterable[str]) -> dict[str, Stream]:
        """Copies that the caller may extend, of those of these streams that are cached, by id."""
        found: dict[str, Stream] = {}
        with self._lock:
            for id in stream_ids:
                key = business_id, id
                stream = self._streams.get(key)
                if stream is not None:
                    self._streams.move_to_end(key)
                    found[id] = stream.copy()
        return found

    def packages_of(self, business_id: str, customer_id: str) -> list[Stream]:
        """Copies of the packages of a customer that are cached: some or all of them."""
        return self._packages_that(business_id, customer_id, lambda package: True)

    def unspent_packages_of(self, business_id: str, customer_id: str) -> list[Stream]:
        """The same of those of which something was left: a load tells of the others."""
        return self._packages_that(business_id, customer_id, lambda package: not package.is_spent)

    def _packages_that(
        self, business_id: str, customer_id: str, hold: Callable[[Package], bool]
    ) -> list[Stream]:
        with self._lock:
            keys = [(business_id, id) for id in self._packages.get((business_id, customer_id), ())]
            found = [self._used(key) for key in keys if hold(self._streams[key].state)]
        return [stream.copy() for stream in found]

    def _used(self, key: tuple[str, str]) -> Stream:
        """A stream that is cached, which leaves last now. Needs the lock."""
        self._streams.move_to_end(key)
        return self._streams[key]

    def keep(self, business_id: str, streams: Iterable[Stream]) -> None:
        """Cache streams whose facts are all stored."""
        with self._lock:
            for stream in streams:
                known = self._streams.get((business_id, stream.id))
                if known is None or known.version < stream.version:
                    self._put((business_id, stream.id), stream.copy())
            while len(self._streams) > self._limit or self.bytes > self._bytes_max:
                key, stream = self._streams.popitem(last=False)
                self.bytes -= self._sizes.pop(key).bytes
                self._forget_owner(key, stream)

    def _put(self, key: tuple[str, str], stream: Stream) -> None:
        self._streams[key] = stream
        self._streams.move_to_end(key)
        if isinstance(stream.state, Package):
            self._packages.setdefault((key[0], stream.state.customer_id), {})[stream.id] = None
        before = self._sizes.get(key)
        size = self._size_of(stream, before)
        self._sizes[key] = size
        self.bytes += size.bytes - (0 if before is None else before.bytes)

    def _size_of(self, stream: Stream, before: _Size | None) -> _Size:
        if before is not None and 0 <= stream.version - before.measured < MEASURED_EVERY:
            return _Size(before.bytes + FACT_BYTES, before.measured)
        shape = shape_of(stream)
        if (found := self._measured.get(shape)) is None:
            if len(self._measured) >= SHAPES_MAX:
                self._measured.clear()
            found = self._measured[shape] = bytes_of(stream)
        return _Size(found, stream.version)

    def _forget_owner(self, key: tuple[str, str], stream: Stream) -> None:
        if isinstance(stream.state, Package):
            owner = key[0], stream.state.customer_id
            del self._packages[owner][stream.id]
            if not self._packages[owner]:
                del self._packages[owner]

    def keep_all(self, books: "LoadedBooks") -> None:
        """Cache the grown streams of books whose decided facts have all been stored."""
        self.keep(books.business_id, books.grown())

    def books(self, business_id: str, wanted: Reads, new_ids: Collection[str]) -> "LoadedBooks | None":
        """Books of cached streams alone, or None when these do not hold all of `wanted`.

        A claim prefix with a new id counts 0: nobody can have made such a claim.
        """
        if wanted.must_be_found:
            return None
        if not all_name(wanted.counted, new_ids):
            return None
        found = self.streams(business_id, wanted.streams)
        if len(found) < len(wanted.streams):
            return None
        streams = found.values()
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
