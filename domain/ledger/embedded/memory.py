"""Ledgers in memory, for tests: the same contract without a disk."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import replace
from secrets import token_bytes
from threading import Lock
from time import time_ns

from eventsourcing.persistence import IntegrityError

from domain.decision import Reads
from domain.ledger.contract import LedgerRecorder
from domain.ledger.embedded.memory_books import Books, MemoryTransaction
from domain.ledger.embedded.memory_evidence import MemoryEvidence
from domain.ledger.embedded.outbox import MemoryOutbox
from domain.ledger.embedded.recorder import LOCK_WAIT_S, EmbeddedRecorder
from domain.ledger.embedded.report_sums import MemoryReportSums
from domain.ledger.embedded.transaction import append
from domain.ledger.embedded.verifications import MemoryVerifications
from domain.ledger.embedded.webhooks import MemoryWebhooks
from domain.ledger.envelope import Head, StoredFact, first_hash
from domain.ledger.errors import Contention, LedgerUnavailable, UnknownBusiness
from domain.ledger.evidence import Evidence, Mending
from domain.ledger.growth_signal import GrowthSignal
from domain.ledger.key_roster import UNPROVED, Page, Roster, with_key
from domain.ledger.records import (
    MEMBER,
    Append,
    Conflict,
    FoundKey,
    KnownPepper,
    Loaded,
    RunningServer,
    Stored,
    StoredKey,
    Whereabouts,
)
from domain.ledger.space import TableSpace
from domain.people.directory import ERASED_NAME, Place


class MemoryStore:
    """Many ledgers in memory. `clock` gives milliseconds since 1970; the default is the system's clock."""

    read_only = False

    def __init__(self, clock: Callable[[], int] | None = None, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self.clock = clock
        self._lock_wait_s = lock_wait_s
        self._books: dict[str, Books] = {}
        self._head_locks: dict[str, Lock] = {}
        self._keys: dict[str, StoredKey] = {}
        self._rosters: dict[str, dict[str, Page]] = {}
        self._peppers: list[KnownPepper] = []
        self._servers: dict[str, RunningServer] = {}
        self._store_lock = Lock()
        self.outbox = MemoryOutbox()
        self.webhooks = MemoryWebhooks()
        self.verifications = MemoryVerifications()
        self.report_sums = MemoryReportSums()
        self._news = GrowthSignal(lambda: False)

    def make_ready(self) -> None: ...

    def ledger(self, business_id: str) -> LedgerRecorder:
        return EmbeddedRecorder(business_id, self)

    def open_ledger(self, business_id: str) -> None:
        with self._store_lock:
            if business_id not in self._books:
                self._head_locks[business_id] = Lock()
                head = Head(0, first_hash(business_id), 0)
                self._books[business_id] = Books(token_bytes(32), head)

    def load_all(self, asked: Mapping[str, tuple[Reads, Sequence[str]]]) -> Mapping[str, Loaded]:
        known = {id: each for id, each in asked.items() if id in self._books}
        return {id: self.ledger(id).load(wanted, keys) for id, (wanted, keys) in known.items()}

    def append_all(
        self, batches: Mapping[str, Sequence[Append]]
    ) -> Mapping[str, Sequence[Stored | Conflict]]:
        outcomes: dict[str, Sequence[Stored | Conflict]] = {}
        with ExitStack() as all_or_none:
            for business_id, batch in batches.items():
                with suppress(UnknownBusiness, Contention):
                    transaction = all_or_none.enter_context(self.writing(business_id, wait_s=0))
                    outcomes[business_id] = append(transaction, batch, self.now_ms())
        return outcomes

    def facts_of(self, asked: Mapping[str, tuple[int, int]]) -> Mapping[str, Sequence[StoredFact]]:
        known = {id: each for id, each in asked.items() if id in self._books}
        found = {id: self.ledger(id).facts(after, limit) for id, (after, limit) in known.items()}
        return {id: facts for id, facts in found.items() if facts}

    def heads(self, since: object = None) -> Iterator[tuple[str, int]]:
        with self._store_lock:
            return iter([(id, self._books[id].head.position) for id in sorted(self._books)])

    def growth_mark(self) -> object:
        return list(self.heads())

    def may_record(self) -> bool:
        return True

    def follows_another(self) -> bool:
        return False

    def business_ids(self) -> Sequence[str]:
        return [id for id, _ in self.heads()]

    def space(self) -> Sequence[TableSpace]:
        return []

    def evidence(self, business_id: str) -> AbstractContextManager[Evidence]:
        books, roster = self._published(business_id), [*self._rosters.get(business_id, {}).values()]
        return nullcontext(MemoryEvidence(business_id, books, self.keys_of(business_id), roster))

    def mending(self, business_id: str) -> AbstractContextManager[Mending]:
        raise LedgerUnavailable("books in memory have no tables that could be mended")

    def damaged_indexes(self) -> Sequence[str]:
        return []

    def make_indexes_anew(self) -> None:
        """Nothing: there are none."""

    def gather_statistics(self) -> None: ...

    def overwrite_copies(self) -> bool:
        return True

    def add_key(self, key: StoredKey, roster: Roster = UNPROVED) -> None:
        with self._store_lock:
            if key.id in self._keys:
                raise IntegrityError(f"there is a key {key.id}")
            self._keys[key.id] = key
            pages = self._rosters.setdefault(key.business_id, {})
            changed = [*with_key(pages.get, pages.values, key.id, roster)]
            pages.update({each.page: each for each in changed})

    def find_key(self, key_id: str) -> StoredKey | None:
        return self._keys.get(key_id)

    def find_keys(self, key_ids: Sequence[str]) -> Sequence[FoundKey]:
        found = [key for id in key_ids if (key := self._keys.get(id)) is not None]
        return [FoundKey(key, self._member_version(key)) for key in found]

    def _member_version(self, key: StoredKey) -> int:
        if not key.actor_id.startswith(MEMBER) or key.business_id not in self._books:
            return 0
        return len(self.ledger(key.business_id).stream(key.actor_id))

    def keys_of(self, business_id: str) -> Sequence[StoredKey]:
        with self._store_lock:
            keys = [key for key in self._keys.values() if key.business_id == business_id]
        return sorted(keys, key=lambda key: (key.created_at, key.id))

    def key_names(self, business_id: str, key_ids: Sequence[str]) -> Mapping[str, str]:
        keys = [self._keys[id] for id in key_ids if id in self._keys]
        return {key.id: key.name for key in keys if key.business_id == business_id}

    def live_keys_of(self, business_id: str, role: str) -> Sequence[StoredKey]:
        keys = self.keys_of(business_id)
        return [key for key in keys if key.role == role and key.revoked_at is None]

    def revoke_key(
        self,
        business_id: str,
        key_id: str,
        revoked_at: int,
        guard: bytes = b"",
        *,
        check: Callable[[LedgerRecorder], None] | None = None,
    ) -> bool:
        with ExitStack() as held:
            if check is not None:
                check(held.enter_context(self.ledger(business_id).locked()))
            held.enter_context(self._store_lock)
            key = self._keys.get(key_id)
            if key is None or key.business_id != business_id or key.revoked_at is not None:
                return False
            self._keys[key_id] = replace(key, revoked_at=revoked_at, guard=guard)
            return True

    def has_keys(self) -> bool:
        return bool(self._keys)

    def peppers(self) -> Sequence[KnownPepper]:
        return list(self._peppers)

    def settle_pepper(self, mark: bytes, replacing: bytes | None) -> bytes:
        with self._store_lock:
            in_use = self._peppers[-1].mark if self._peppers else None
            if in_use is not None and in_use != replacing:
                return in_use
            others = [pepper for pepper in self._peppers if pepper.mark != mark]
            self._peppers = [*others, KnownPepper(mark, self.now_ms())]
            return mark

    def place(self) -> str:
        return f"memory {id(self)}"

    def whereabouts(self, place: str) -> Whereabouts:
        return Whereabouts.HERE if place == self.place() else Whereabouts.GONE

    def servers(self) -> Sequence[RunningServer]:
        return sorted(self._servers.values(), key=lambda server: (server.started_at, server.id))

    def add_server(self, server: RunningServer, gone: Sequence[str]) -> None:
        for id in gone:
            self._servers.pop(id, None)
        self._servers[server.id] = server

    def remove_server(self, id: str) -> None:
        self._servers.pop(id, None)

    def wait_for_news(self, timeout_s: float) -> bool:
        return self._news.wait(timeout_s)

    def close(self) -> None:
        """Do nothing: nothing needs closing."""

    def now_ms(self) -> int:
        return time_ns() // 1_000_000 if self.clock is None else self.clock()

    @contextmanager
    def reading(self, business_id: str) -> Iterator[MemoryTransaction]:
        yield MemoryTransaction(business_id, self._published(business_id), self._beside)

    @contextmanager
    def writing(self, business_id: str, wait_s: float | None = None) -> Iterator[MemoryTransaction]:
        self._published(business_id)
        lock = self._head_locks[business_id]
        if not lock.acquire(timeout=self._lock_wait_s if wait_s is None else wait_s):
            raise Contention(business_id)
        try:
            transaction = MemoryTransaction(business_id, self._published(business_id).copy(), self._beside)
            yield transaction
            self._books[business_id] = transaction.books
            for customer_id, now_ms in transaction.erased:
                self._erase_beside(business_id, customer_id, now_ms)
        finally:
            lock.release()
        self._news.announce()

    def _beside(self, business_id: str, customer_id: str) -> Mapping[Place, int]:
        keys = [key for key in self.keys_of(business_id) if key.actor_id == customer_id]
        return {
            "messages": self.outbox.count_of(business_id, customer_id),
            "keys": sum(key.name != ERASED_NAME for key in keys),
        }

    def _erase_beside(self, business_id: str, customer_id: str, now_ms: int) -> None:
        self.outbox.forget(business_id, customer_id)
        for key in self.keys_of(business_id):
            if key.actor_id == customer_id:
                revoked_at = key.revoked_at or now_ms
                self._keys[key.id] = replace(key, name=ERASED_NAME, revoked_at=revoked_at)

    def _published(self, business_id: str) -> Books:
        try:
            return self._books[business_id]
        except KeyError:
            raise UnknownBusiness(business_id) from None
