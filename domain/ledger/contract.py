"""What every store of ledgers can do: the contract that memory, SQLite and PostgreSQL fulfil alike.

A recorder is bound to one business when it is made; there is no way to ask it about another.
It extends the application recorder of `eventsourcing` (one gapless sequence of notifications per
business) by what one write path needs: load in one round trip, append a batch in one round trip.
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from eventsourcing.persistence import ApplicationRecorder

from domain.ledger.envelope import Head, NewFact, StoredFact

WITH_PEOPLE = ("customer", "staff")
"""Kinds of streams that are read together with the rows of the directory that belong to them."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a decision must see. Everything is answered in one round trip, streams before request keys."""

    streams: Mapping[str, int] = field(default_factory=dict)
    """Stream id → the version already known; only later facts are read (0: the whole stream)."""
    packages_of: tuple[str, ...] = ()
    """Customers all of whose package streams are read."""
    claimed: tuple[str, ...] = ()
    """Claim prefixes; every stream that holds a claim beginning so is read."""
    with_customers: bool = False
    """Also read the customer's stream of every package read."""
    counted: tuple[str, ...] = ()
    """Claim prefixes of which only the number of claims is asked."""

    def __or__(self, other: "Wanted") -> "Wanted":
        return Wanted.all_of((self, other))

    @classmethod
    def all_of(cls, many: Iterable["Wanted"]) -> "Wanted":
        """What answers each of them; a stream is read from the lowest version asked for."""
        many = tuple(many)
        if len(many) == 1:
            return many[0]
        streams: dict[str, int] = {}
        packages_of: dict[str, None] = {}
        claimed: dict[str, None] = {}
        counted: dict[str, None] = {}
        with_customers = False
        for wanted in many:
            for stream_id, version in wanted.streams.items():
                streams[stream_id] = min(version, streams.get(stream_id, version))
            packages_of |= dict.fromkeys(wanted.packages_of)
            claimed |= dict.fromkeys(wanted.claimed)
            counted |= dict.fromkeys(wanted.counted)
            with_customers = with_customers or wanted.with_customers
        return cls(streams, tuple(packages_of), tuple(claimed), with_customers, tuple(counted))


@dataclass(frozen=True, slots=True)
class Person:
    """A row of the directory: what is known of a person, as JSON text. Erased with its owner.

    `owner_id` is the customer it belongs to (a participant's customer), or the person's own id.
    """

    id: str
    owner_id: str
    data: str


@dataclass(frozen=True, slots=True)
class Text:
    """Free text (a reason, a note) beside the ledger; its fact keeps SHA-256(salt ‖ text)."""

    id: str
    owner_id: str
    salt: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Photo:
    """The image of a person, beside the directory. A row of the directory with its id says whose it is."""

    id: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """A name that only one stream of a business can ever hold, such as `purchase/cus_1/off_1/4`."""

    claim: str
    stream_id: str


@dataclass(frozen=True, slots=True)
class NewStream:
    """Registered with a stream's first fact, so that a decision finds a customer's packages."""

    kind: str
    id: str
    customer_id: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """The request that an append answers. `body` may hold `RECORDED_AT`; `people` are those in it."""

    key: str
    fingerprint: bytes
    body: str
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that was done before. `body` is None once a person in it was erased.

    `first` and `last` are the positions of its facts; both are the head's at that time if it wrote none.
    """

    key: str
    fingerprint: bytes
    first: int
    last: int
    recorded_at: int
    body: str | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """The answer to a `Wanted`, in stream order: facts of one stream lie together, by version."""

    facts: Sequence[StoredFact]
    counts: Mapping[str, int]
    people: Sequence[Person]
    """The directory rows of the customers and staff whose streams were read, their households' included."""
    answered: Mapping[str, Answered]
    head: Head


@dataclass(frozen=True, slots=True)
class Append:
    """One command's share of a batch: stored whole or not at all.

    `read` names every stream its decision saw, written or not, with the version it saw (0: none yet).
    """

    facts: tuple[NewFact, ...]
    read: Mapping[str, int]
    claims: tuple[Claim, ...] = ()
    streams: tuple[NewStream, ...] = ()
    people: tuple[Person, ...] = ()
    texts: tuple[Text, ...] = ()
    photos: tuple[Photo, ...] = ()
    request: Request | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """Positions (`first`..`last`; the head's when there were no facts) and moment of a stored command."""

    first: int
    last: int
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """Not stored: a stream moved on, a claim or a request key was taken meanwhile. Decide again."""

    on: str


class UnknownBusiness(LookupError):
    """The ledger of this business does not exist."""


class LedgerUnavailable(Exception):
    """The store could not be reached or is full; nothing is known to be written. Try again."""


class WrongSchema(Exception):
    """The database is not a ledger, has not been migrated, or was written by a newer Carnet."""


class Contention(Exception):
    """The head's lock was not had within its time limit (2 s). Nothing was written."""


class LedgerRecorder(ApplicationRecorder):
    """All that can be asked of one business's ledger."""

    business_id: str
    is_locked: bool = False
    """Whether this is the recorder of `locked()`: what it appends is not recorded before it is left."""

    @abstractmethod
    def load(self, wanted: Wanted, keys: Sequence[str] = ()) -> Loaded:
        """Read what a decision needs, *then* look the request keys up; one round trip.

        Raises UnknownBusiness, LedgerUnavailable.
        """

    @abstractmethod
    def append(self, batch: Sequence[Append]) -> Sequence[Stored | Conflict]:
        """Store each command whole or not at all, in order, in one transaction and one round trip.

        A command conflicts when a stream it read has another version, when one of its claims is held
        or its request key is known; later commands are judged on what was really stored before them, and
        conflict too when they read a stream that a conflicting one before them would have written: they
        were decided on facts that are not there.
        Raises UnknownBusiness, Contention (the head was locked for 2 s), LedgerUnavailable (then the
        request key tells whether it was stored).
        """

    @abstractmethod
    def locked(self) -> "AbstractContextManager[LedgerRecorder]":
        """The same recorder inside one transaction that holds the head: its append cannot conflict.

        Commits on leaving, rolls back on an exception. Raises Contention after 2 s without the lock.
        """

    @abstractmethod
    def head(self) -> Head:
        """The end of the ledger. Raises UnknownBusiness."""

    @abstractmethod
    def facts(self, after: int = 0, limit: int = 1000, upto: int | None = None) -> Sequence[StoredFact]:
        """Facts in order of position, `after` < position ≤ `upto`, at most `limit`."""

    @abstractmethod
    def stream(self, stream_id: str, upto_version: int | None = None) -> Sequence[StoredFact]:
        """The facts of one stream by version, up to `upto_version`."""

    @abstractmethod
    def streams_of(self, customer_id: str, kind: str) -> Sequence[str]:
        """Ids of the customer's streams of that kind, in the order they were opened."""

    @abstractmethod
    def claimants(self, prefix: str) -> Sequence[str]:
        """Ids of the streams that hold a claim beginning with `prefix`, in order of the claim."""

    @abstractmethod
    def people(self, ids: Sequence[str]) -> Sequence[Person]:
        """Directory rows by id; unknown and erased ones are left out."""

    @abstractmethod
    def texts(self, ids: Sequence[str]) -> Sequence[Text]:
        """Texts by id; unknown and erased ones are left out."""

    @abstractmethod
    def photo(self, id: str) -> Photo | None:
        """A photo; None for one that is unknown or was erased."""

    @abstractmethod
    def search(self, words: Sequence[str], after: str, at_most: int) -> Sequence[str]:
        """Ids of customers behind the id `after` whose name or mobile holds all of these words, in no order.

        `words` are folded (`domain.ledger.search.words`), at least one of them.
        """

    @abstractmethod
    def secret(self) -> bytes:
        """32 random bytes made when the ledger was opened; request fingerprints are keyed with it."""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An API key as it is stored: the MAC of its secret, never the secret. Moments in ms since 1970."""

    id: str
    business_id: str
    name: str
    role: str
    actor_id: str
    mac: bytes
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None


class Store(Protocol):
    """One database of many ledgers: what a process holds once."""

    def ledger(self, business_id: str) -> LedgerRecorder:
        """A light recorder bound to that business; it need not exist yet."""

    def open_ledger(self, business_id: str) -> None:
        """Make the head row, its secret and position 0. Opening an existing ledger changes nothing."""

    def load_all(self, asked: Mapping[str, tuple[Wanted, Sequence[str]]]) -> Mapping[str, Loaded]:
        """Read from several ledgers in one round trip: of each what `LedgerRecorder.load` reads.

        By business id; a ledger that does not exist is left out. Raises LedgerUnavailable.
        """

    def append_all(
        self, batches: Mapping[str, Sequence[Append]]
    ) -> Mapping[str, Sequence[Stored | Conflict]]:
        """Append to several ledgers in one transaction, each batch as `LedgerRecorder.append` does.

        By business id; a ledger that does not exist, or that somebody else is writing to, is left out: no
        business waits for another. Raises LedgerUnavailable as `append` does, for all of them, and Contention
        where one writer holds all ledgers.
        """

    def facts_of(self, asked: Mapping[str, tuple[int, int]]) -> Mapping[str, Sequence[StoredFact]]:
        """Business id → (after, limit): what `LedgerRecorder.facts` reads of each, in one round trip.

        A ledger without such a fact is left out. Raises LedgerUnavailable.
        """

    def heads(self) -> Iterator[tuple[str, int]]:
        """(business id, position) of every ledger, in order of business id."""

    def add_key(self, key: StoredKey) -> None: ...

    def find_key(self, key_id: str) -> StoredKey | None: ...

    def keys_of(self, business_id: str) -> Sequence[StoredKey]: ...

    def revoke_key(self, business_id: str, key_id: str, revoked_at: int) -> bool: ...

    def wait_for_news(self, timeout_s: float) -> bool:
        """Wait until some ledger may have grown, at most so long. A hint: polling is the guarantee."""

    def close(self) -> None: ...
