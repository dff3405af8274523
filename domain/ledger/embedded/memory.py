"""Ledgers in memory, for tests: the same contract without a disk."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from secrets import token_bytes
from threading import Lock
from time import time_ns

from eventsourcing.persistence import IntegrityError

from domain.decision import NewStream, Reads
from domain.ledger.contract import LedgerRecorder, Roster, unproved
from domain.ledger.embedded.memory_evidence import MemoryEvidence
from domain.ledger.embedded.memory_streams import StreamsInMemory
from domain.ledger.embedded.outbox import MemoryOutbox
from domain.ledger.embedded.recorder import LOCK_WAIT_S, EmbeddedRecorder
from domain.ledger.embedded.transaction import Written, append
from domain.ledger.embedded.webhooks import MemoryWebhooks
from domain.ledger.envelope import Head, StoredFact, first_hash
from domain.ledger.errors import Contention, LedgerUnavailable, UnknownBusiness
from domain.ledger.evidence import Evidence, Mending
from domain.ledger.growth_signal import GrowthSignal
from domain.ledger.records import (
    Answered,
    Append,
    Conflict,
    KnownPepper,
    Loaded,
    Request,
    RunningServer,
    Stored,
    StoredKey,
    Whereabouts,
)
from domain.ledger.space import TableSpace
from domain.people.directory import ERASED_NAME, Person, Photo, Place, Text
from domain.people.name_search import matches
from domain.people.profile import searched


@dataclass(slots=True)
class Books:
    """All data of one business. Published books are never changed: a writer works on a copy."""

    secret: bytes
    head: Head
    log: list[StoredFact] = field(default_factory=list)
    by_stream: dict[str, dict[int, StoredFact]] = field(default_factory=dict)
    streams: dict[str, NewStream] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Answered] = field(default_factory=dict)
    answer_people: dict[str, tuple[str, ...]] = field(default_factory=dict)
    requests: dict[str, tuple[Request, bool]] = field(default_factory=dict)
    """Requests by key, and whether each has facts."""
    directory: dict[str, Person] = field(default_factory=dict)
    notes: dict[str, Text] = field(default_factory=dict)
    photos: dict[str, Photo] = field(default_factory=dict)

    def copy(self) -> "Books":
        return replace(
            self,
            log=list(self.log),
            by_stream=dict(self.by_stream),
            streams=dict(self.streams),
            claims=dict(self.claims),
            answers=dict(self.answers),
            answer_people=dict(self.answer_people),
            requests=dict(self.requests),
            directory=dict(self.directory),
            notes=dict(self.notes),
            photos=dict(self.photos),
        )


class MemoryTransaction(StreamsInMemory):
    """Reads and writes one business's books; the store publishes them when it commits."""

    def __init__(
        self, business_id: str, books: Books, beside: Callable[[str, str], Mapping[Place, int]]
    ) -> None:
        """`beside` counts what the store holds of (business, customer) outside of the books."""
        super().__init__(books.by_stream)
        self.business_id = business_id
        self.books = books
        self.beside = beside
        self.erased: list[tuple[str, int]] = []
        """Customers whose data outside of the books goes when it commits, and the moment."""

    def head(self) -> Head:
        return self.books.head

    def secret(self) -> bytes:
        return self.books.secret

    def facts(
        self, after: int, upto: int | None, limit: int, names: Sequence[str], without: Sequence[str] = ()
    ) -> list[StoredFact]:
        # Position n lies at index n - 1: positions have no gaps.
        wanted = (each for each in self.books.log[after:upto] if not names or each.name in names)
        return list(islice((each for each in wanted if each.name not in without), limit))

    def stream(
        self,
        stream_id: str,
        after: int | None = None,
        upto: int | None = None,
        *,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[StoredFact]:
        facts = self.books.by_stream.get(stream_id, {})
        versions = [
            version
            for version in sorted(facts, reverse=desc)
            if (after is None or version > after) and (upto is None or version <= upto)
        ]
        return [facts[version] for version in versions[:limit]]

    def registered(self, stream_id: str) -> NewStream | None:
        return self.books.streams.get(stream_id)

    def streams(self, kind: str, after: str, limit: int) -> list[str]:
        streams = self.books.streams.values()
        return sorted(stream.id for stream in streams if stream.kind == kind and stream.id > after)[:limit]

    def streams_of(self, customer_id: str, kind: str) -> list[str]:
        streams = self.books.streams.values()
        return [stream.id for stream in streams if (stream.customer_id, stream.kind) == (customer_id, kind)]

    def claimed(self, claims: Sequence[str]) -> list[str]:
        return [claim for claim in claims if claim in self.books.claims]

    def claimants(self, prefix: str) -> list[str]:
        held = sorted(claim for claim in self.books.claims if claim.startswith(prefix))
        return list(dict.fromkeys(self.books.claims[claim] for claim in held))

    def claim_count(self, prefix: str) -> int:
        return sum(claim.startswith(prefix) for claim in self.books.claims)

    def people(self, ids: Sequence[str]) -> list[Person]:
        return [self.books.directory[id] for id in ids if id in self.books.directory]

    def people_of(self, owner_id: str) -> list[Person]:
        people = self.books.directory
        return [people[id] for id in sorted(people) if people[id].owner_id == owner_id]

    def texts(self, ids: Sequence[str]) -> list[Text]:
        return [self.books.notes[id] for id in ids if id in self.books.notes]

    def photo(self, id: str) -> Photo | None:
        return self.books.photos.get(id)

    def search(self, words: Sequence[str], after: str, at_most: int) -> list[str]:
        people = self.books.directory.values()
        found = (each.id for each in people if each.id > after and matches(searched(each) or "", words))
        return list(islice(found, at_most))

    def personal_data(self, customer_id: str) -> Mapping[Place, int]:
        books, people = self.books, self.people_of(customer_id)
        return {
            "people": len(people),
            "search": sum(searched(each) is not None for each in people),
            "texts": sum(text.owner_id == customer_id for text in books.notes.values()),
            "photos": sum(each.id in books.photos for each in people),
            "answers": sum(
                customer_id in of and books.answers[key].body is not None
                for key, of in books.answer_people.items()
            ),
            **self.beside(self.business_id, customer_id),
        }

    def erase(self, customer_id: str, now_ms: int) -> None:
        books = self.books
        for person in self.people_of(customer_id):
            books.photos.pop(person.id, None)
            del books.directory[person.id]
        books.notes = {id: text for id, text in books.notes.items() if text.owner_id != customer_id}
        for key, people in books.answer_people.items():
            if customer_id in people:
                books.answers[key] = replace(books.answers[key], body=None)
        self.erased.append((customer_id, now_ms))

    def answered(self, keys: Sequence[str]) -> list[Answered]:
        return [self.books.answers[key] for key in keys if key in self.books.answers]

    def write_facts(self, facts: Sequence[StoredFact]) -> None:
        for fact in facts:
            stream = self.books.by_stream.get(fact.stream_id, {})
            if fact.version in stream:
                raise IntegrityError(f"{fact.stream_id} has a version {fact.version}")
            self.books.log.append(fact)
            self.books.by_stream[fact.stream_id] = {**stream, fact.version: fact}

    def write_beside(self, commands: Sequence[Written]) -> None:
        for command, facts, answer in commands:
            self._write_beside(command, facts, answer)

    def _write_beside(self, command: Append, facts: Sequence[StoredFact], answer: Answered | None) -> None:
        self.books.streams.update((stream.id, stream) for stream in command.streams)
        self.books.claims.update((claim.claim, claim.stream_id) for claim in command.claims)
        self.books.directory.update((person.id, person) for person in command.people)
        for text in command.texts:
            if text.id in self.books.notes:
                raise IntegrityError(f"there is a text {text.id}")
            self.books.notes[text.id] = text
        for photo in command.photos:
            if photo.id in self.books.photos:
                raise IntegrityError(f"there is a photo {photo.id}")
            self.books.photos[photo.id] = photo
        if answer is not None:
            self.books.answers[answer.key] = answer
            if command.request is not None:
                self.books.answer_people[answer.key] = command.request.people
                self.books.requests[answer.key] = command.request, bool(facts)

    def move_head(self, head: Head) -> None:
        self.books.head = head


class MemoryStore:
    """Many ledgers in memory. `clock` gives milliseconds since 1970; the default is the system's clock."""

    read_only = False

    def __init__(self, clock: Callable[[], int] | None = None, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self.clock = clock
        self._lock_wait_s = lock_wait_s
        self._books: dict[str, Books] = {}
        self._head_locks: dict[str, Lock] = {}
        self._keys: dict[str, StoredKey] = {}
        self._rosters: dict[str, tuple[tuple[str, ...], bytes]] = {}
        self._peppers: list[KnownPepper] = []
        self._servers: dict[str, RunningServer] = {}
        self._store_lock = Lock()
        self.outbox = MemoryOutbox()
        self.webhooks = MemoryWebhooks()
        self._news = GrowthSignal(lambda: False)

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

    def heads(self) -> Iterator[tuple[str, int]]:
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
        books, roster = self._published(business_id), self._rosters.get(business_id)
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

    def add_key(self, key: StoredKey, roster: Roster = unproved) -> None:
        with self._store_lock:
            if key.id in self._keys:
                raise IntegrityError(f"there is a key {key.id}")
            self._keys[key.id] = key
            ids = [*self._rosters.get(key.business_id, ((), b""))[0], key.id]
            self._rosters[key.business_id] = tuple(ids), roster(ids)

    def find_key(self, key_id: str) -> StoredKey | None:
        return self._keys.get(key_id)

    def keys_of(self, business_id: str) -> Sequence[StoredKey]:
        with self._store_lock:
            keys = [key for key in self._keys.values() if key.business_id == business_id]
        return sorted(keys, key=lambda key: (key.created_at, key.id))

    def key_names(self, business_id: str, key_ids: Sequence[str]) -> Mapping[str, str]:
        keys = [self._keys[id] for id in key_ids if id in self._keys]
        return {key.id: key.name for key in keys if key.business_id == business_id}

    def revoke_key(self, business_id: str, key_id: str, revoked_at: int, guard: bytes = b"") -> bool:
        with self._store_lock:
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
