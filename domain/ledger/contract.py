"""The contract of every store of ledgers: memory, SQLite and PostgreSQL fulfil it alike.

A recorder is bound to one business when it is made, and reads no other. It extends the application recorder of
`eventsourcing` (one gapless sequence of notifications per business) for the one write path: a load is one round
trip, and so is the append of a batch.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from eventsourcing.persistence import ApplicationRecorder

from domain.decision import Reads
from domain.ledger.envelope import Head, StoredFact
from domain.ledger.evidence import Evidence, Mending
from domain.ledger.kept_beside import Outbox, ReportSums, Verifications, Webhooks
from domain.ledger.key_roster import UNPROVED, Roster
from domain.ledger.records import (
    Append,
    Conflict,
    FactFilter,
    FoundKey,
    KnownPepper,
    Loaded,
    RunningServer,
    Stored,
    StoredKey,
    Whereabouts,
)
from domain.ledger.space import TableSpace
from domain.people.directory import Person, Photo, Place, Text


class LedgerRecorder(ApplicationRecorder):
    """The ledger of one business."""

    business_id: str
    is_locked: bool = False
    """True for the recorder of `locked()`: its appends are committed when `locked()` is left."""

    @abstractmethod
    def load(self, wanted: Reads, keys: Sequence[str] = ()) -> Loaded:
        """Read what a decision needs, *then* look the request keys up; one round trip.

        Raises UnknownBusiness, LedgerUnavailable.
        """

    @abstractmethod
    def append(self, batch: Sequence[Append]) -> Sequence[Stored | Conflict]:
        """Store each command whole or not at all, in order, in one transaction and one round trip.

        A command conflicts when a stream it read has another version, when one of its claims is held, or when
        its request key is known. It also conflicts when it read a stream that an earlier conflicting command
        would have written: it was decided on facts that are not there. Later commands are judged on what was
        really stored before them. And it conflicts when a package of a customer in `unspent_of` that it did not read
        got a fact behind `seen_upto`: something may be left of it again.
        A command that erases a customer deletes the rows of all places (`domain.people.directory.Place`), but for
        those it writes itself, in the same transaction; keys of the customer are revoked.
        Raises UnknownBusiness, Contention (the head was locked for 2 s), LedgerUnavailable (the request key
        then tells whether it was stored).
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
    def facts(
        self, after: int = 0, limit: int = 1000, upto: int | None = None, without: Sequence[str] = ()
    ) -> Sequence[StoredFact]:
        """Facts in order of position, `after` < position ≤ `upto`, at most `limit`, but none of the names `without`."""

    @abstractmethod
    def chosen_facts(
        self, wanted: FactFilter, after: int, upto: int, limit: int, *, newest_first: bool = False
    ) -> Sequence[StoredFact]:
        """At most `limit` wanted facts in order of position, or from the last one back; `after` < position ≤ `upto`.

        Those of named streams, and those at named positions, are read by their index. Else every fact between the two
        positions is looked at.
        """

    @abstractmethod
    def cuts(self, facts: int) -> Sequence[tuple[str, int]]:
        """Where the streams, in order of their numbers (numbers.py), can be cut into ranges of `facts` facts and more.

        Each is the id of the last stream of a range, with the facts up to there. What follows the last cut has less.
        """

    @abstractmethod
    def by_stream(
        self, after: tuple[str, int], last: str, upto: int, without: Sequence[str], limit: int
    ) -> Sequence[StoredFact]:
        """Facts in order of stream and version, at most `limit`, but those of the names `without`, and those with a
        position above `upto`.

        `after` is a stream and a version in it; what comes behind them is read, up to the stream `last`.
        """

    @abstractmethod
    def stream(self, stream_id: str, upto_version: int | None = None) -> Sequence[StoredFact]:
        """The facts of one stream by version, up to `upto_version`."""

    @abstractmethod
    def streams(self, kind: str, after: str = "", limit: int = 1000) -> Sequence[str]:
        """Ids of streams of that kind behind the stream `after`, in order of their numbers, at most `limit`."""

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
    def personal_data(self, customer_id: str) -> Mapping[Place, int]:
        """The rows of personal data there are of a customer, by place. All 0 once the customer is erased."""

    @abstractmethod
    def search(self, words: Sequence[str], after: str, at_most: int) -> Sequence[str]:
        """Ids above `after` of customers whose name or mobile holds all of these words, in no order.

        `words` are folded (`domain.people.name_search.words`), at least one of them.
        """

    @abstractmethod
    def born_on(self, days: Sequence[int], after: str, at_most: int) -> Sequence[str]:
        """Ids above `after`, in no order, of customers who were born on one of these days of any year.

        `days`: numbers such as 1231 (`domain.people.birthdays.day_number`).
        """

    @abstractmethod
    def live_keys(self, role: str) -> Sequence[StoredKey]:
        """Keys of this business and role that are not revoked, in no order."""

    @abstractmethod
    def secret(self) -> bytes:
        """32 random bytes made when the ledger was opened: the key of the request fingerprints."""


class Store(Protocol):
    """One database of many ledgers; a process holds one."""

    @property
    def read_only(self) -> bool:
        """Whether the database cannot be written here: what would write raises ReadOnlyBooks."""

    def make_ready(self) -> None:
        """For a server, before its first request: whatever the first ones would wait for. Records nothing.

        Raises LedgerUnavailable.
        """

    def ledger(self, business_id: str) -> LedgerRecorder:
        """A light recorder bound to that business. The business need not exist yet."""

    def open_ledger(self, business_id: str) -> None:
        """Make the head row, its secret and position 0. Opening an existing ledger changes nothing."""

    def load_all(self, asked: Mapping[str, tuple[Reads, Sequence[str]]]) -> Mapping[str, Loaded]:
        """Load from several ledgers in one round trip, each as `LedgerRecorder.load` does.

        Returned by business id, without ledgers that do not exist. Raises LedgerUnavailable.
        """

    def append_all(
        self, batches: Mapping[str, Sequence[Append]]
    ) -> Mapping[str, Sequence[Stored | Conflict]]:
        """Append to several ledgers in one transaction, each batch as `LedgerRecorder.append` does.

        Returned by business id, without ledgers that do not exist or that another writer holds: no business
        waits for another. Raises LedgerUnavailable as `append` does, for all of them, and Contention where one
        writer holds all ledgers.
        """

    def facts_of(self, asked: Mapping[str, tuple[int, int]]) -> Mapping[str, Sequence[StoredFact]]:
        """Facts of several ledgers in one round trip, each as `LedgerRecorder.facts`: business id → (after, limit).

        Returned by business id, without ledgers that have no such fact. Raises LedgerUnavailable.
        """

    def heads(self, since: object = None) -> Iterator[tuple[str, int]]:
        """(business id, position) of every ledger, in order of business id.

        `since` is a growth mark: those that have grown after it, in any order. Others may be among them, and one may
        be missing that a transaction of more than a minute has let grow: look at all of them now and then.
        """

    def growth_mark(self) -> object:
        """Equal marks mean that no ledger has grown between them. Costs the same for any number of ledgers.

        Marks may differ though nothing has grown. Raises LedgerUnavailable.
        """

    def may_record(self) -> bool:
        """Whether the user of the database may append facts. On PostgreSQL that depends on its roles."""

    def follows_another(self) -> bool:
        """Whether it is a replica, which may lack what was recorded a moment ago. Raises LedgerUnavailable."""

    def business_ids(self) -> Sequence[str]:
        """Every business that has a row in any table, in order."""

    def space(self) -> Sequence[TableSpace]:
        """The room that each table takes on the disk; none in memory. It counts every row. Raises LedgerUnavailable."""

    def evidence(self, business_id: str) -> AbstractContextManager[Evidence]:
        """Everything of a business as of one moment. Raises LedgerUnavailable."""

    def mending(self, business_id: str) -> AbstractContextManager[Mending]:
        """The same in a transaction of the only writer of this business, committed on leaving.

        On PostgreSQL by whoever may migrate. Raises Contention, LedgerUnavailable.
        """

    def damaged_indexes(self) -> Sequence[str]:
        """Tables that are indexes of others, and do not hold what these say."""

    def make_indexes_anew(self) -> None: ...

    def gather_statistics(self) -> None:
        """After many facts at once: have the database plan for the rows that are there. Takes seconds at most.

        On SQLite nothing is done: its plans do not depend on it. Raises LedgerUnavailable.
        """

    def overwrite_copies(self) -> bool:
        """Overwrite the copies of erased rows that pages of the ledger file keep; False where some may be left.

        On PostgreSQL that is the work of its vacuum. Raises LedgerUnavailable.
        """

    def add_key(self, key: StoredKey, roster: Roster = UNPROVED) -> None:
        """Store a key, and its id in the list of all keys of its business: `roster` makes the MACs of that list.

        Raises eventsourcing's IntegrityError when the id is taken.
        """

    def find_key(self, key_id: str) -> StoredKey | None: ...

    def find_keys(self, key_ids: Sequence[str]) -> Sequence[FoundKey]:
        """Those of these keys that there are, of any business, as of one moment and in no order."""

    def keys_of(self, business_id: str) -> Sequence[StoredKey]: ...

    def key_names(self, business_id: str, key_ids: Sequence[str]) -> Mapping[str, str]:
        """Key → name, of keys of this business, also of revoked ones. A name never changes."""

    def revoke_key(
        self,
        business_id: str,
        key_id: str,
        revoked_at: int,
        guard: bytes = b"",
        *,
        check: Callable[[LedgerRecorder], None] | None = None,
    ) -> bool:
        """True when the business has this key and it was not revoked before. `guard`: of the revoked key.

        `check` gets the ledger as in `LedgerRecorder.locked()`, while nobody else records a fact in it, or revokes one
        of its keys with a check. What it raises leaves the key as it is. With a check it raises Contention, too.
        """

    def has_keys(self) -> bool:
        """Whether any business has a key, also one that was revoked."""

    def peppers(self) -> Sequence[KnownPepper]:
        """The peppers that keys were made under; the last is the one in use."""

    def settle_pepper(self, mark: bytes, replacing: bytes | None) -> bytes:
        """Make a pepper the one in use, unless another than `replacing` is. Returns the mark of the one in use then."""

    @property
    def outbox(self) -> Outbox:
        """The e-mails that facts ask for."""

    @property
    def webhooks(self) -> Webhooks:
        """The receivers of facts."""

    @property
    def verifications(self) -> Verifications:
        """The verifications that are remembered."""

    @property
    def report_sums(self) -> ReportSums:
        """The sums from which reports are answered."""

    def place(self) -> str:
        """What tells this database from a copy of it."""

    def whereabouts(self, place: str) -> Whereabouts:
        """What can be told from here of the place in a server's record."""

    def servers(self) -> Sequence[RunningServer]:
        """The servers that have not ended in order: of this database, and of the one it was copied from."""

    def add_server(self, server: RunningServer, gone: Sequence[str]) -> None:
        """Register a server, and forget those of these ids."""

    def remove_server(self, id: str) -> None: ...

    def wait_for_news(self, timeout_s: float) -> bool:
        """Wait until some ledger may have grown, at most `timeout_s`. A hint: polling is the guarantee."""

    def close(self) -> None: ...
