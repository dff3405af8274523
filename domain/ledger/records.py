"""Records that go into a store and come out of it: plain values without behaviour."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal, NamedTuple

from msgspec import Struct, field

from domain.claims import Claim
from domain.decision import NewStream
from domain.ledger.answer_bytes import packed
from domain.ledger.envelope import Head, NewFact, StoredFact
from domain.ledger.numbers import numbers_in_bytes
from domain.ledger.proof import digest_of_answer, salt_of
from domain.people.directory import Person, Photo, Place, Text

WITH_PEOPLE = ("customer", "staff")
"""Kinds of streams that are read together with their directory rows."""


class Request(Struct, frozen=True, gc=False):
    """The request that an append answers. `body` may hold RECORDED_AT; `people` are the ids of those in it."""

    key: str
    fingerprint: bytes
    body: str
    people: tuple[str, ...]
    salt: bytes
    """Of the answer: stored beside it, and erased with it."""
    answered: bytes
    """What stays of the answer when it is erased."""
    kept: bytes
    """The answer as a store keeps it."""
    shown: bytes
    """The people, as a store keeps them."""

    @classmethod
    def of(
        cls, key: str, fingerprint: bytes, body: str, people: tuple[str, ...] = (), salt: bytes | None = None
    ) -> "Request":
        """With what a store keeps of it. The salt is drawn if it is not given."""
        salt, kept = salt_of(body) if salt is None else salt, packed(body)
        answered = digest_of_answer(salt, kept)
        return cls(key, fingerprint, body, people, salt, answered, kept, numbers_in_bytes(people))


class Answered(Struct, frozen=True, gc=False):
    """A request that was done before. `body` is None once a person in it was erased; it may hold RECORDED_AT.

    `first` and `last` are the positions of its facts; both are the head's at that time when it has none.
    """

    key: str
    fingerprint: bytes
    first: int
    last: int
    recorded_at: int
    body: str | None

    def is_of(self, fingerprint: bytes) -> bool:
        """Whether it was this request."""
        return self.fingerprint == fingerprint


@dataclass(frozen=True, slots=True)
class FactFilter:
    """Which facts are wanted: any of these kinds of stream, and of these names, and of these streams, and at these
    positions.

    Empty: whatever it is.
    """

    kinds: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    positions: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.kinds or self.names or self.streams or self.positions)

    def holds(self, fact: StoredFact) -> bool:
        return (
            (not self.kinds or fact.kind in self.kinds)
            and (not self.names or fact.name in self.names)
            and (not self.streams or fact.stream_id in self.streams)
            and (not self.positions or fact.position in self.positions)
        )


class Loaded(Struct, frozen=True, gc=False):
    """The answer to a `Reads`, in stream order: facts of one stream lie together, by version."""

    facts: Sequence[StoredFact]
    counts: Mapping[str, int]
    people: Sequence[Person]
    """Directory rows of the customers and staff whose streams were read, households included."""
    answered: Mapping[str, Answered]
    head: Head
    personal: Mapping[str, Mapping[Place, int]] = field(default_factory=dict)
    """Customer → rows of personal data by place, of those of whom everything was asked for."""


class Append(Struct, frozen=True, gc=False):
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
    erases: tuple[str, ...] = ()
    """The customer whose personal data is deleted with it, but for what this command writes."""
    request: Request | None = None
    unspent_of: tuple[str, ...] = ()
    """Customers of whose packages its decision saw those of which something was left. No other package of theirs may
    have got a fact behind `seen_upto`."""
    seen_upto: int = 0
    """The position of the head when the streams were read."""
    spent: Mapping[str, int] = field(default_factory=dict)
    """The marks of packages: the version after which nothing is left of one, or 0 where something is left again."""


def with_openings(command: Append) -> Iterator[tuple[NewFact, bool]]:
    """Each fact, and whether it keeps the id of its stream: nothing of the stream was there when this was decided."""
    opened = set[str]()
    for fact in command.facts:
        id = fact.stream_id
        yield fact, not command.read.get(id) and id not in opened
        opened.add(id)


class Stored(Struct, frozen=True, gc=False):
    """Positions of a stored command (`first`..`last`, the head's without facts), and its moment in ms since 1970."""

    first: int
    last: int
    recorded_at: int


class Conflict(Struct, frozen=True, gc=False):
    """Not stored: the stream, claim or request key `on` was changed or taken meanwhile. Decide again."""

    on: str


@dataclass(frozen=True, slots=True)
class KnownPepper:
    """A pepper that keys were made under: a MAC that tells it, and since when, in ms since 1970."""

    mark: bytes
    since: int


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that began to serve a database and has not ended in order. `started_at` in ms since 1970."""

    id: str
    place: str
    """Of the database that it serves. A copy of that database has another place, and this record in it."""
    address: str
    started_at: int


class Whereabouts(Enum):
    """What can be told of the place in a server's record, seen from this database."""

    HERE = "here"
    """It is this database, also if it was moved or restored in its place."""
    SERVED = "served"
    """It is another database, which somebody serves at this moment."""
    GONE = "gone"
    """It is another database that nobody serves, or is no more."""
    UNKNOWN = "unknown"
    """It is another database, out of sight."""


MessageState = Literal["waiting", "sent", "skipped", "given_up"]
MessageChannel = Literal["email", "sms", "whatsapp"]


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message for one fact or occasion, by one channel. It holds ids, never an address or a text. Moments in ms since
    1970."""

    business_id: str
    id: str
    """Made from the hash of the fact, or from the occasion: neither ever gets a second message by the same channel."""
    position: int
    """Of the fact in its ledger; of an occasion, that of the ledger when it came."""
    recorded_at: int
    """Of the fact; of an occasion, when it came."""
    kind: str
    language: str
    customer_id: str
    """Who it goes to."""
    thing_id: str
    """What it is about: a package, a booking, a rule that tops up, or the customer."""
    state: MessageState = "waiting"
    attempts: int = 0
    due_at: int = 0
    """The next try, while it waits."""
    settled_at: int | None = None
    """When it stopped waiting."""
    reason: str | None = None
    """Why it was skipped or given up, or why the last try failed."""
    channel: MessageChannel = "email"
    occasion: int | None = None
    """The start of the booking, or the year of the day that is greeted; None: a fact asked for it."""


@dataclass(frozen=True, slots=True)
class MessageTotal:
    """The messages of one business in one state."""

    business_id: str
    state: MessageState
    messages: int


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
    scopes: str = ""
    """What the key of an integration may do, separated by spaces; a key stored before there were scopes has none."""
    guard: bytes = b""
    """A MAC of all of this under the pepper (api/http/key_guard.py)."""


MEMBER = "stf_"
"""What the id of a member of staff begins with."""


class FoundKey(NamedTuple):
    """A key, and the version of the stream of the member of staff whose it is: 0 for the key of anybody else."""

    key: StoredKey
    member_version: int
