"""The ledgers of a process: one eventsourcing Application, one factory, one pool.

`Carnet.ledger(business_id)` hands out a light `Ledger` bound to one business. The library's own
environment variables are kept out: a stray `COMPRESSOR_TOPIC` would change the stored bytes.
"""

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from eventsourcing.application import Application
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    EventStore,
    InfrastructureFactory,
    Mapper,
    ProcessRecorder,
    StoredEvent,
    TrackingRecorder,
    Transcoder,
)
from eventsourcing.utils import Environment

from domain.decision import Reads
from domain.fact import Fact
from domain.fact_registry import FACTS
from domain.ledger.attempt import done, replayed_result
from domain.ledger.batch_reads import present_all
from domain.ledger.books import LoadedBooks
from domain.ledger.cache import StreamCache
from domain.ledger.cache_first import Run, execute_all, here
from domain.ledger.cache_size import CACHE_BYTES
from domain.ledger.contract import LedgerRecorder, Store
from domain.ledger.erasure_journal import ErasureJournal
from domain.ledger.errors import UnknownBusiness
from domain.ledger.execute import execute, preview
from domain.ledger.group_commit import GroupCommit, Settle
from domain.ledger.host_clock import APART, HostClock
from domain.ledger.mapper import Recorded, recorded
from domain.ledger.orders import Clock, Done, Order, Preview, RequestKey, Result
from domain.ledger.records import Append, Conflict, Request
from domain.ledger.renewals import renewal
from domain.ledger.stores import store_at
from domain.ledger.stream import View
from domain.moments import to_milliseconds
from domain.refusals import Refused

FINGERPRINT_BYTES = 16
"""As much of a MAC as nobody can guess."""
NO_BUSINESS = "biz_none"
"""The business of the application's own recorder. It is never opened, so the recorder reads nothing."""


def system_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """A fact as the library sees it: at a version of a stream."""

    originator_id: str
    originator_version: int
    fact: Fact


class FactMapper(Mapper[str]):
    """Maps facts by their stored names; the library's own mapper would import any module that a row names."""

    def __init__(self, *_: object, **__: object) -> None:
        """Ignores transcoder, compressor and cipher: facts encode themselves."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        fact = domain_event.fact
        return StoredEvent(
            domain_event.originator_id, domain_event.originator_version, fact.stored_name, fact.to_bytes()
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        fact = FACTS.read(stored_event.topic, FACTS.version(stored_event.topic), stored_event.state)
        return StreamEvent(str(stored_event.originator_id), stored_event.originator_version, fact)


class LedgerFactory(InfrastructureFactory[TrackingRecorder]):
    """Makes the process's one store, and recorders bound to a business on it."""

    def __init__(self, env: Environment, clock: Clock) -> None:
        super().__init__(env)
        by_hand = None if clock is system_clock else lambda: to_milliseconds(clock())
        pool_size = int(self.env["CARNET_POOL"])
        self.store = store_at(
            self.env["CARNET_DATABASE"],
            pool_size=pool_size,
            clock=by_hand,
            wait_s=float(self.env["CARNET_WAIT_S"]) if self.env.get("CARNET_WAIT_S") else None,
        )

    def mapper(self, transcoder: Transcoder | None = None, mapper_class: Any = None) -> Mapper[Any]:
        return FactMapper()

    def application_recorder(self) -> ApplicationRecorder:
        return self.store.ledger(NO_BUSINESS)

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        return self.store.ledger(NO_BUSINESS)

    def tracking_recorder(self, tracking_recorder_class: Any = None) -> TrackingRecorder:
        raise NotImplementedError("positions of read models are kept beside their rows")

    def process_recorder(self) -> ProcessRecorder:
        raise NotImplementedError("positions of read models are kept beside their rows")

    def close(self) -> None:
        self.store.close()


class Carnet(Application[str]):
    """All ledgers of one database. Close it when the process ends; use it from any thread.

    Raises WrongSchema when the database is not migrated, LedgerUnavailable when it cannot be reached.
    """

    factory: LedgerFactory

    def __init__(
        self,
        database: str,
        *,
        pool_size: int = 8,
        clock: Clock = system_clock,
        views: Mapping[str, View] | None = None,
        kept_max: int = 4_096,
        kept_bytes: int = CACHE_BYTES,
        journal: ErasureJournal | None = None,
        clocks_apart: timedelta = APART,
        wait_s: float | None = None,
    ) -> None:
        """`views`: stream kind → the fold that answers show, cached beside its state.

        `kept_max` and `kept_bytes`: cached streams at most, and the bytes they may take together. `journal`: where
        erasures are written outside of the database. `clocks_apart`: how far `clock` may be behind what the ledger has
        recorded. `wait_s`: as for `store_at`.
        """
        self.host_clock = HostClock(clock, clocks_apart)
        self.journal = journal
        self.kept = StreamCache(views, kept_max, kept_bytes)
        self.decide_by: Run = here
        """Has the orders of a batch decided, as `execute_all` says (domain/ledger/cache_first.py)."""
        self._keyed: dict[str, hmac.HMAC] = {}
        waits = {} if wait_s is None else {"CARNET_WAIT_S": str(wait_s)}
        super().__init__({"CARNET_DATABASE": database, "CARNET_POOL": str(pool_size), **waits})
        self.grouped = GroupCommit(
            lambda business_id, orders: self.ledger(business_id).execute(orders),
            lambda batches: execute_all(self.store, batches, self.host_clock, self.kept, self.decide_by),
            pool_size,
        )

    @property
    def clock(self) -> Clock:
        return self.host_clock.read

    def construct_factory(self, env: Environment) -> LedgerFactory:
        return LedgerFactory(env, self.clock)

    def construct_env(self, name: str, env: Any = None) -> Environment:
        """Only our own settings reach the library, none of the process's environment."""
        return Environment(name, env or {})

    @property
    def store(self) -> Store:
        return self.factory.store

    def ledger(self, business_id: str) -> "Ledger":
        """A light handle on the ledger of one business, and of no other."""
        return Ledger(self, business_id)

    def present(self, asked: Mapping[str, Reads]) -> Mapping[str, LoadedBooks]:
        """As `present_all` (domain/ledger/batch_reads.py)."""
        return present_all(self.store, asked, self.kept)

    def fingerprint(self, business_id: str, content: bytes) -> bytes:
        """The first 16 bytes of the HMAC-SHA-256 of a request under the secret of its business."""
        keyed = self._keyed.get(business_id)
        if keyed is None:
            keyed = self._keyed[business_id] = hmac.new(self.store.ledger(business_id).secret(), None, sha256)
        # A copy of the keyed state: `hmac.digest` would release the interpreter's lock.
        mac = keyed.copy()
        mac.update(content)
        return mac.digest()[:FINGERPRINT_BYTES]

    def close(self) -> None:
        self.grouped.close()
        super().close()


class Ledger:
    """The ledger of one business: commands go in, facts come out."""

    def __init__(self, carnet: Carnet, business_id: str) -> None:
        self.business_id = business_id
        self.recorder: LedgerRecorder = carnet.store.ledger(business_id)
        self._carnet = carnet

    @property
    def events(self) -> EventStore[str]:
        """The library's view of this ledger's streams."""
        return EventStore(self._carnet.mapper, self.recorder)

    def execute(self, orders: Sequence[Order]) -> list[Result]:
        """Carry out a batch on this thread. Raises what `execute()` raises."""
        carnet = self._carnet
        return execute(self.recorder, orders, carnet.host_clock, carnet.kept, carnet.journal)

    def execute_grouped(self, order: Order) -> Result:
        """Carry out one order in a batch with the waiting orders of other threads. Raises what `execute()` raises."""
        return self._carnet.grouped.execute(self.business_id, order)

    def submit(self, order: Order, settle: Settle) -> None:
        """As `execute_grouped`, without waiting: `settle` gets the outcome, on another thread."""
        self._carnet.grouped.submit(self.business_id, order, settle)

    def preview(self, order: Order) -> Preview:
        return preview(self.recorder, order, self._carnet.host_clock, self._carnet.kept)

    def renew(self, membership_ids: Iterable[str]) -> None:
        """Grant every period of these memberships that has begun, as before a command on their customer."""
        for id in membership_ids:
            while not isinstance(self.execute([renewal(id)])[0], Refused):
                pass

    def request(self, key: str, content: bytes) -> RequestKey:
        """A request key with the fingerprint of `content`, keyed with a secret of the business."""
        return RequestKey(key, self._carnet.fingerprint(self.business_id, content))

    def look(self, wanted: Reads) -> LoadedBooks:
        """Streams as they stand now, with the survivors of merged customers among them.

        Raises UnreadableFact, UnknownBusiness, LedgerUnavailable.
        """
        while True:
            loaded = self.recorder.load(wanted)
            books = self._carnet.kept.books_of(self.business_id, wanted, loaded)
            if not (survivors := books.unread_survivors()).streams:
                return books
            wanted |= survivors

    def present(self, wanted: Reads) -> LoadedBooks:
        """As `look`, without the facts: from the streams that are kept, and what was recorded since."""
        found = self._carnet.present({self.business_id: wanted})
        if self.business_id not in found:
            raise UnknownBusiness(self.business_id)
        return found[self.business_id]

    def stream(self, stream_id: str, upto_version: int | None = None) -> list[Recorded]:
        """All facts of a stream in order. Raises UnreadableFact."""
        return [recorded(stored) for stored in self.recorder.stream(stream_id, upto_version)]

    def answered(self, request: RequestKey) -> Done | None:
        """The answer stored under the key of a request; None for a new one. Raises IdempotencyKeyReused, Erased."""
        known = self.recorder.load(Reads(), [request.key]).answered.get(request.key)
        if known is None:
            return None
        result = replayed_result(request, known)
        if isinstance(result, Refused):
            raise result
        return result

    def answer_once(self, request: RequestKey, make: Callable[[], str], people: tuple[str, ...] = ()) -> Done:
        """The answer to a request that records no fact: the one stored under its key, else made and stored now.

        `people` are the ids of those whose data is in it; who was erased before has none.
        `make` may run again when the same request comes twice at once, or one of them changes meanwhile, and must then
        do no harm. Raises IdempotencyKeyReused, Erased.
        """
        while (known := self.answered(request)) is None:
            books = self.look(Reads(dict.fromkeys(people, 0)))
            there = tuple(id for id in people if not books.is_erased(id))
            body = make()
            asked = Request.of(request.key, request.fingerprint, body, there)
            read = {id: books.version(id) for id in there}
            (stored,) = self.recorder.append([Append((), read, request=asked)])
            if not isinstance(stored, Conflict):
                return done(asked.body, stored)
        return known
