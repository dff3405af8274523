"""Load and append for the stores inside the process (memory, SQLite), whose reads cost no round trip.

A store supplies a `Transaction` of small steps. The rules of the contract are written here once, over those
steps. PostgreSQL has them in SQL functions.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from domain.decision import NewStream, Reads
from domain.ledger.envelope import Head, NewFact, StoredFact, seal
from domain.ledger.records import WITH_PEOPLE, Answered, Append, Conflict, FactFilter, Loaded, Stored
from domain.people.directory import Person, Photo, Place, Text

PACKAGE = "package"


class Written(NamedTuple):
    """A command that is stored: its facts in their places, and its answer."""

    command: Append
    facts: Sequence[StoredFact]
    answer: Answered | None


class Transaction(Protocol):
    """One open transaction on the ledger of one business; it sees its own writes."""

    business_id: str

    def head(self) -> Head:
        """Raises UnknownBusiness."""

    def secret(self) -> bytes:
        """Raises UnknownBusiness."""

    def facts(
        self, after: int, upto: int | None, limit: int, names: Sequence[str], without: Sequence[str] = ()
    ) -> list[StoredFact]:
        """By position, `after` < position ≤ `upto`; only of these names, or of all when `names` is empty, but none of
        the names `without`."""

    def chosen_facts(
        self, wanted: FactFilter, after: int, upto: int, limit: int, *, newest_first: bool = False
    ) -> list[StoredFact]:
        """As `LedgerRecorder.chosen_facts`."""

    def stream(
        self,
        stream_id: str,
        after: int | None = None,
        upto: int | None = None,
        *,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[StoredFact]:
        """By version, `after` < version ≤ `upto`."""

    def cuts(self, facts: int) -> list[tuple[str, int]]:
        """As `LedgerRecorder.cuts`."""

    def by_stream(
        self, after: tuple[str, int], last: str, upto: int, without: Sequence[str], limit: int
    ) -> list[StoredFact]:
        """As `LedgerRecorder.by_stream`."""

    def version(self, stream_id: str) -> int:
        """The stream's last version, 0 when it has no fact."""

    def registered(self, stream_id: str) -> NewStream | None: ...

    def streams(self, kind: str, after: str, limit: int) -> list[str]:
        """Registered streams of that kind behind the stream `after`, in order of their numbers."""

    def streams_of(self, customer_id: str, kind: str) -> list[str]:
        """In the order they were opened."""

    def unspent(self, customer_id: str) -> list[str]:
        """The customer's packages in the same order, but none whose mark says that nothing is left at its version."""

    def packages_moved(self, customers: Sequence[str], after: int) -> list[str]:
        """Packages of these customers that have a fact with a position above `after`."""

    def claimed(self, claims: Sequence[str]) -> list[str]:
        """Those of these claims that a stream holds."""

    def claimants(self, prefix: str) -> list[str]:
        """Streams in order of their claims; one that holds several such claims is named once."""

    def claim_count(self, prefix: str) -> int: ...

    def people(self, ids: Sequence[str]) -> list[Person]: ...

    def people_of(self, owner_id: str) -> list[Person]: ...

    def texts(self, ids: Sequence[str]) -> list[Text]: ...

    def photo(self, id: str) -> Photo | None: ...

    def personal_data(self, customer_id: str) -> Mapping[Place, int]: ...

    def erase(self, customer_id: str, now_ms: int) -> None:
        """Delete the personal data of a customer, and revoke their keys."""

    def search(self, words: Sequence[str], after: str, at_most: int) -> list[str]:
        """Ids above `after` of customers whose name or mobile holds all of these words, in no order."""

    def born_on(self, days: Sequence[int], after: str, at_most: int) -> list[str]:
        """Ids above `after`, in no order, of customers who were born on one of these days of any year."""

    def answered(self, keys: Sequence[str]) -> list[Answered]:
        """The answers under those of these request keys that have one."""

    def write_facts(self, facts: Sequence[StoredFact]) -> None:
        """Raises eventsourcing's IntegrityError when a stream already has the version of one."""

    def write_beside(self, commands: Sequence[Written]) -> None:
        """Write the rest of these commands: streams with their marks, claims, directory, photos, answers.

        People are replaced. Raises eventsourcing's IntegrityError when a text or a photo is already there.
        """

    def move_head(self, head: Head) -> None: ...


def load(transaction: Transaction, wanted: Reads, keys: Sequence[str]) -> Loaded:
    """Answer a `Reads`: the streams first, the request keys after them (docs/decisions/0003-one-write-path.md)."""
    head = transaction.head()
    versions = _streams_to_read(transaction, wanted)
    facts = [fact for stream_id, known in versions.items() for fact in transaction.stream(stream_id, known)]
    kinds = {fact.stream_id: fact.kind for fact in facts}
    owners = [id for id in versions if (kinds.get(id) or _kind(transaction, id)) in WITH_PEOPLE]
    people = [person for owner in owners for person in transaction.people_of(owner)]
    counts = {prefix: transaction.claim_count(prefix) for prefix in wanted.counted}
    answered = {answer.key: answer for answer in transaction.answered(keys)} if keys else {}
    return Loaded(facts, counts, people, answered, head)


def _streams_to_read(transaction: Transaction, wanted: Reads) -> dict[str, int]:
    """Every stream asked for, by id, customer, claim or package, with the version already known."""
    versions = dict(wanted.streams)
    for customer_id in wanted.packages_of:
        for stream_id in transaction.streams_of(customer_id, PACKAGE):
            versions.setdefault(stream_id, 0)
    for customer_id in wanted.unspent_of:
        for stream_id in transaction.unspent(customer_id):
            versions.setdefault(stream_id, 0)
    for prefix in wanted.claimed:
        for stream_id in transaction.claimants(prefix):
            versions.setdefault(stream_id, 0)
    if wanted.with_customers:
        for stream_id in tuple(versions):
            stream = transaction.registered(stream_id)
            if stream is not None and stream.kind == PACKAGE and stream.customer_id is not None:
                versions.setdefault(stream.customer_id, 0)
    return versions


def _kind(transaction: Transaction, stream_id: str) -> str | None:
    stream = transaction.registered(stream_id)
    return None if stream is None else stream.kind


def append(transaction: Transaction, batch: Sequence[Append], now_ms: int) -> list[Stored | Conflict]:
    """Store each command whole or not at all, in order, and the whole batch at one moment."""
    before = head = transaction.head()
    recorded_at = max(now_ms, head.recorded_at)
    outcomes: list[Stored | Conflict] = []
    spoiled: set[str] = set()
    """Streams that conflicting commands would have written."""
    present, pending = _Present(transaction, batch, head.position), list[Written]()
    for command in batch:
        conflict = _spoiled(command, spoiled) or present.conflict(command)
        if conflict is not None:
            spoiled |= {fact.stream_id for fact in command.facts}
            outcomes.append(conflict)
            continue
        facts = sealed(transaction.business_id, head, command.facts, recorded_at)
        first = facts[0].position if facts else head.position
        head = head_after(head, facts)
        stored = Stored(first, head.position, recorded_at)
        if command.erases:  # also what the commands before it wrote
            _write(transaction, pending)
            pending = []
        for customer_id in command.erases:
            transaction.erase(customer_id, recorded_at)
        pending.append(Written(command, facts, _answer(command, stored)))
        present.add(command)
        outcomes.append(stored)
    _write(transaction, pending)
    if head != before:
        transaction.move_head(head)
    return outcomes


def _write(transaction: Transaction, commands: Sequence[Written]) -> None:
    if commands:
        transaction.write_facts([fact for each in commands for fact in each.facts])
        transaction.write_beside(commands)


def _spoiled(command: Append, spoiled: set[str]) -> Conflict | None:
    """Conflict of a command decided on facts that are not there: another fact may have their version by now."""
    if not spoiled:
        return None
    return next((Conflict(stream_id) for stream_id in command.read if stream_id in spoiled), None)


class _Present:
    """The request keys, claims and versions that a batch depends on, with what its commands have added so far."""

    def __init__(self, transaction: Transaction, batch: Sequence[Append], position: int) -> None:
        """`position`: of the head before the batch."""
        self._transaction = transaction
        self._position = position
        keys = [command.request.key for command in batch if command.request is not None]
        claims = [claim.claim for command in batch for claim in command.claims]
        self._keys = {answer.key for answer in transaction.answered(keys)} if keys else set[str]()
        self._claims = set(transaction.claimed(claims)) if claims else set[str]()
        self._versions: dict[str, int] = {}

    def conflict(self, command: Append) -> Conflict | None:
        """The first request key, stream or claim of the command that has changed since its decision, or None."""
        if command.request is not None and command.request.key in self._keys:
            return Conflict(command.request.key)
        versions = self._versions
        for stream_id, version in command.read.items():
            if stream_id not in versions:
                versions[stream_id] = self._transaction.version(stream_id)
            if versions[stream_id] != version:
                return Conflict(stream_id)
        if command.unspent_of and command.seen_upto < self._position:
            moved = self._transaction.packages_moved(command.unspent_of, command.seen_upto)
            if unread := [stream_id for stream_id in moved if stream_id not in command.read]:
                return Conflict(unread[0])
        for claim in command.claims:
            if claim.claim in self._claims:
                return Conflict(claim.claim)
        return None

    def add(self, command: Append) -> None:
        """The command is stored, and the next ones see it."""
        if command.request is not None:
            self._keys.add(command.request.key)
        self._versions |= {fact.stream_id: fact.version for fact in command.facts}
        self._claims.update([claim.claim for claim in command.claims])


def _answer(command: Append, stored: Stored) -> Answered | None:
    asked = command.request
    if asked is None:
        return None
    return Answered(asked.key, asked.fingerprint, stored.first, stored.last, stored.recorded_at, asked.body)


def sealed(business_id: str, head: Head, facts: Sequence[NewFact], recorded_at: int) -> list[StoredFact]:
    """The facts at the next positions after the head, each sealed on the one before it."""
    previous = head.hash
    chained: list[StoredFact] = []
    for position, fact in enumerate(facts, head.position + 1):
        previous = seal(previous, business_id, position, fact, recorded_at)
        chained.append(fact.at(business_id, position, recorded_at, previous))
    return chained


def head_after(head: Head, facts: Sequence[StoredFact]) -> Head:
    """The head once these facts, sealed on it, are stored."""
    if not facts:
        return head
    last = facts[-1]
    return Head(last.position, last.hash, last.recorded_at)
