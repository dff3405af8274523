"""The recorder of the stores inside the process: memory and SQLite."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol
from uuid import UUID

from eventsourcing.persistence import ApplicationRecorder, Notification, StoredEvent, Subscription

from domain.decision import Reads
from domain.ledger.contract import LedgerRecorder
from domain.ledger.embedded.transaction import Transaction, append, head_after, load, sealed
from domain.ledger.envelope import Head, StoredFact
from domain.ledger.eventsourcing_adapter import Tail, event_of, fact_of, first_position, notification_of
from domain.ledger.records import Append, Conflict, FactFilter, Loaded, Stored, StoredKey
from domain.people.directory import Person, Photo, Place, Text

LOCK_WAIT_S = 2.0
"""Seconds a writer waits for the head before it raises Contention."""


class EmbeddedStore(Protocol):
    """The store as the recorder sees it: transactions, clock and growth signal."""

    def reading(self, business_id: str) -> AbstractContextManager[Transaction]:
        """A snapshot of one ledger. Raises LedgerUnavailable."""

    def writing(self, business_id: str) -> AbstractContextManager[Transaction]:
        """The only writer, committed on leaving, rolled back on an exception.

        Raises Contention after `LOCK_WAIT_S` without the lock, LedgerUnavailable.
        """

    def live_keys_of(self, business_id: str, role: str) -> Sequence[StoredKey]:
        """As `LedgerRecorder.live_keys`: those that are committed."""

    def now_ms(self) -> int: ...

    def wait_for_news(self, timeout_s: float) -> bool: ...


class EmbeddedRecorder(LedgerRecorder):
    """One business's ledger in an embedded store; light, opens a transaction for each call.

    `held` is the transaction of `locked()`: everything then happens inside it.
    """

    def __init__(self, business_id: str, store: EmbeddedStore, held: Transaction | None = None) -> None:
        self.business_id = business_id
        self._store = store
        self._held = held
        self.is_locked = held is not None

    def _reading(self) -> AbstractContextManager[Transaction]:
        return self._store.reading(self.business_id) if self._held is None else nullcontext(self._held)

    def _writing(self) -> AbstractContextManager[Transaction]:
        return self._store.writing(self.business_id) if self._held is None else nullcontext(self._held)

    def load(self, wanted: Reads, keys: Sequence[str] = ()) -> Loaded:
        with self._reading() as transaction:
            return load(transaction, wanted, keys)

    def append(self, batch: Sequence[Append]) -> Sequence[Stored | Conflict]:
        with self._writing() as transaction:
            return append(transaction, batch, self._store.now_ms())

    @contextmanager
    def locked(self) -> Iterator[LedgerRecorder]:
        with self._writing() as transaction:
            yield EmbeddedRecorder(self.business_id, self._store, transaction)

    def head(self) -> Head:
        with self._reading() as transaction:
            return transaction.head()

    def facts(
        self, after: int = 0, limit: int = 1000, upto: int | None = None, without: Sequence[str] = ()
    ) -> Sequence[StoredFact]:
        with self._reading() as transaction:
            return transaction.facts(after, upto, limit, (), without)

    def chosen_facts(
        self, wanted: FactFilter, after: int, upto: int, limit: int, *, newest_first: bool = False
    ) -> Sequence[StoredFact]:
        with self._reading() as transaction:
            return transaction.chosen_facts(wanted, after, upto, limit, newest_first=newest_first)

    def cuts(self, facts: int) -> Sequence[tuple[str, int]]:
        with self._reading() as transaction:
            return transaction.cuts(facts)

    def by_stream(
        self, after: tuple[str, int], last: str, upto: int, without: Sequence[str], limit: int
    ) -> Sequence[StoredFact]:
        with self._reading() as transaction:
            return transaction.by_stream(after, last, upto, without, limit)

    def stream(self, stream_id: str, upto_version: int | None = None) -> Sequence[StoredFact]:
        with self._reading() as transaction:
            return transaction.stream(stream_id, upto=upto_version)

    def streams(self, kind: str, after: str = "", limit: int = 1000) -> Sequence[str]:
        with self._reading() as transaction:
            return transaction.streams(kind, after, limit)

    def streams_of(self, customer_id: str, kind: str) -> Sequence[str]:
        with self._reading() as transaction:
            return transaction.streams_of(customer_id, kind)

    def claimants(self, prefix: str) -> Sequence[str]:
        with self._reading() as transaction:
            return transaction.claimants(prefix)

    def people(self, ids: Sequence[str]) -> Sequence[Person]:
        with self._reading() as transaction:
            return transaction.people(ids)

    def texts(self, ids: Sequence[str]) -> Sequence[Text]:
        with self._reading() as transaction:
            return transaction.texts(ids)

    def photo(self, id: str) -> Photo | None:
        with self._reading() as transaction:
            return transaction.photo(id)

    def personal_data(self, customer_id: str) -> Mapping[Place, int]:
        with self._reading() as transaction:
            return transaction.personal_data(customer_id)

    def search(self, words: Sequence[str], after: str, at_most: int) -> Sequence[str]:
        with self._reading() as transaction:
            return transaction.search(words, after, at_most)

    def born_on(self, days: Sequence[int], after: str, at_most: int) -> Sequence[str]:
        with self._reading() as transaction:
            return transaction.born_on(days, after, at_most)

    def live_keys(self, role: str) -> Sequence[StoredKey]:
        return self._store.live_keys_of(self.business_id, role)

    def secret(self) -> bytes:
        with self._reading() as transaction:
            return transaction.secret()

    # The contract of the library

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        with self._writing() as transaction:
            head = transaction.head()
            recorded_at = max(self._store.now_ms(), head.recorded_at)
            facts = sealed(self.business_id, head, [fact_of(event) for event in stored_events], recorded_at)
            transaction.write_facts(facts)
            transaction.move_head(head_after(head, facts))
            return [fact.position for fact in facts]

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        with self._reading() as transaction:
            facts = transaction.stream(str(originator_id), gt, lte, desc=desc, limit=limit)
        return [event_of(fact) for fact in facts]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        after = first_position(start, inclusive=inclusive_of_start)
        with self._reading() as transaction:
            facts = transaction.facts(after, stop, limit, topics)
        return [notification_of(fact) for fact in facts]

    def max_notification_id(self) -> int | None:
        return self.head().position or None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        return Tail(self, gt, topics, self._store.wait_for_news)
