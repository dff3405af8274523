"""Orders, results and previews: the values the write path takes and returns."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from domain.actor import Actor
from domain.decision import Decision, Reads, UseCase
from domain.ledger.books import LoadedBooks
from domain.ledger.contract import LedgerRecorder
from domain.ledger.envelope import NewFact
from domain.ledger.mapper import Meta
from domain.people.directory import Photo
from domain.refusals import Refused
from domain.values import Value

Clock = Callable[[], datetime]


class Answer(Struct, frozen=True, gc=False):
    """The body that answers a command, and the ids of the people whose data is in it."""

    body: str
    people: tuple[str, ...] = ()


class RequestKey(Struct, frozen=True, gc=False):
    """An idempotency key, with the fingerprint of its request."""

    key: str
    fingerprint: bytes


def no_answer(books: LoadedBooks, decision: Decision) -> Answer:
    return Answer("")


class Order(Struct, frozen=True, gc=False):
    """A command to be carried out, with its actor and its request."""

    use_case: UseCase[Any]
    command: Value
    meta: Meta
    request: RequestKey | None = None
    answer: Callable[[LoadedBooks, Decision], Answer] = no_answer
    photos: tuple[Photo, ...] = ()
    shows: Reads | None = None
    """Reads of the answer beside those of the command."""
    if_match: tuple[int, ...] | None = None
    """The versions the target stream may have; empty: none will do. Raises VersionMismatch."""
    new_ids: tuple[str, ...] = ()
    """Random ids made for this command: nothing can have them yet."""
    check: Callable[[LedgerRecorder], None] | None = None
    """Looks at what stands beside the ledger, under the lock of its head, once the command is decided: such an order is
    carried out by itself. It raises Refused; nothing is written then."""

    @property
    def alone(self) -> bool:
        """Whether it is decided under the lock of the ledger's head alone."""
        return self.use_case.alone or self.check is not None

    def __post_init__(self) -> None:
        assert isinstance(self.command, self.use_case.command), (
            f"{self.use_case.command.__name__} is decided here"
        )

    @property
    def actor(self) -> Actor:
        return self.meta.actor


class Done(Struct, frozen=True, gc=False):
    """A command that is in the ledger. `first`..`last` are its positions, the head's without facts."""

    body: str
    first: int
    last: int
    recorded_at: datetime
    replayed: bool = False


Result = Done | Refused


class Preview(Struct, frozen=True, gc=False):
    """The answer of a command, and the facts it would record. Nothing was written."""

    body: str
    facts: tuple[NewFact, ...]
    position: int
