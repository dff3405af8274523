"""The parts of a use case: what it reads (`Reads`), what it sees (`Books`), what it decides (`Decision`).

    CORRECT_LINE = UseCase(CorrectLine, reads, decide, target)

`reads` names streams, claims and counts before anything is known; `decide` gets them as `Books` and answers
with a `Decision`, or raises a refusal. Both are pure. A question whose answer was not read raises
`NotLoaded`: the answer is then read too, and the decision made again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from msgspec import Struct, field

from domain.claims import Claim
from domain.people.directory import Person, Place, Text

if TYPE_CHECKING:  # a store reads and appends without any of them
    from domain.actor import Circumstances
    from domain.booking.new_bookings import OccurrenceRefused
    from domain.booking.state import Booking
    from domain.business.state import Business
    from domain.catalogue.state import Offer, Plan, Service
    from domain.fact import Fact
    from domain.membership.state import Membership
    from domain.package.state import Package
    from domain.people.state import Customer
    from domain.points.state import PointsAccount
    from domain.staff.state import Staff
    from domain.top_up.state import TopUp
    from domain.values import Value

C = TypeVar("C", bound="Value")
Peek = Callable[[str], Any]
"""Stream id → its cached state, or None: only a hint at what else to read."""


class Reads(Struct, frozen=True, gc=False):
    """What a decision must see, read in one round trip. Streams are read before request keys."""

    streams: Mapping[str, int] = field(default_factory=dict)
    """Stream id → the version already known; only later facts are read (0: the whole stream)."""
    packages_of: tuple[str, ...] = ()
    """Customers; the streams of all their packages are read."""
    claimed: tuple[str, ...] = ()
    """Claim prefixes; every stream that holds a claim under one of them is read."""
    with_customers: bool = False
    """Also read the customer's stream of every package read."""
    counted: tuple[str, ...] = ()
    """Claim prefixes; only the number of claims under each is read."""
    everything_of: tuple[str, ...] = ()
    """Customers; every stream of theirs is read, and how much personal data there is of them."""
    unspent_of: tuple[str, ...] = ()
    """Customers; the streams of their packages are read, but not of those that are marked as spent."""

    @property
    def must_be_found(self) -> bool:
        """Whether only the ledger knows which streams these are."""
        return bool(self.packages_of or self.claimed or self.everything_of or self.unspent_of)

    def __or__(self, other: "Reads") -> "Reads":
        return self if other == NOTHING else Reads.all_of((self, other))

    @classmethod
    def all_of(cls, many: Iterable["Reads"]) -> "Reads":
        """The union of them; a stream is read from the lowest version asked for."""
        many = [each for each in many if each != NOTHING]
        if len(many) < 2:
            return many[0] if many else NOTHING
        streams: dict[str, int] = {}
        packages_of: dict[str, None] = {}
        claimed: dict[str, None] = {}
        counted: dict[str, None] = {}
        everything_of: dict[str, None] = {}
        unspent_of: dict[str, None] = {}
        with_customers = False
        for reads in many:
            for stream_id, version in reads.streams.items():
                if version < streams.setdefault(stream_id, version):
                    streams[stream_id] = version
            for named, asked in (
                (packages_of, reads.packages_of),
                (claimed, reads.claimed),
                (counted, reads.counted),
                (everything_of, reads.everything_of),
                (unspent_of, reads.unspent_of),
            ):
                if asked:
                    named.update(dict.fromkeys(asked))
            with_customers = with_customers or reads.with_customers
        return cls(
            streams,
            tuple(packages_of),
            tuple(claimed),
            with_customers,
            tuple(counted),
            tuple(everything_of),
            tuple(unspent_of),
        )


NOTHING = Reads()


class NotLoaded(Exception):
    """A decision asked for something that was not read; read it too and decide again."""

    def __init__(self, reads: Reads) -> None:
        super().__init__(str(reads))
        self.reads = reads


class Books(Protocol):
    """The questions a decision may ask. Each raises NotLoaded where its answer was not read.

    A question for a state answers None where the stream does not exist or is of another kind. A merged customer
    answers as its survivor, and what belongs to it belongs to the survivor.
    """

    @property
    def business_id(self) -> str: ...

    @property
    def has_top_ups(self) -> bool:
        """Whether a customer that was read has rules that top up. Reads nothing."""

    @property
    def business(self) -> "Business": ...

    def business_or_none(self) -> "Business | None": ...

    def staff(self, staff_id: str, /) -> "Staff | None": ...

    def service(self, service_id: str, /) -> "Service | None": ...

    def offer(self, offer_id: str, /) -> "Offer | None": ...

    def plan(self, plan_id: str, /) -> "Plan | None": ...

    def membership(self, membership_id: str, /) -> "Membership | None": ...

    def customer(self, customer_id: str, /) -> "Customer | None": ...

    def survivor_of(self, customer_id: str) -> str:
        """The customer whose other name this is, after a merge; else the same. Reads nothing."""

    def owner_of(self, stream_id: str) -> str | None:
        """The customer whose package, booking, membership or rule this stream is; None for any other stream."""

    def own_owner_of(self, stream_id: str) -> str | None:
        """The customer for whom a stream that was read was recorded, whatever was merged since."""

    def own_customer(self, customer_id: str) -> "Customer | None":
        """The customer of this very id, also after it was merged into another."""

    def own_points(self, customer_id: str) -> "PointsAccount | None":
        """The account of this very id, also after it was merged into another."""

    def package(self, package_id: str, /) -> "Package | None": ...

    def booking(self, booking_id: str, /) -> "Booking | None": ...

    def points_of(self, customer_id: str) -> "PointsAccount | None":
        """The account of a customer's points; None while there is no entry in it."""

    def top_up(self, top_up_id: str, /) -> "TopUp | None": ...

    def exists(self, stream_id: str) -> bool:
        """Whether any stream has this id."""

    def packages_of(self, customer_id: str) -> "Sequence[tuple[str, Package, int]]":
        """(id, state, position of the sale) of all of a customer's packages, in the order of their sales."""

    def unspent_packages_of(self, customer_id: str) -> "Sequence[tuple[str, Package, int]]":
        """The same of those packages of which something is left."""

    def packages_that(self, hold: "Callable[[Package], bool]") -> "dict[str, Package]":
        """The packages that were read and for which `hold` is true, by id."""

    def bookings_that(self, hold: "Callable[[Booking], bool]") -> "dict[str, Booking]":
        """The bookings that were read and for which `hold` is true, by id."""

    def claimants(self, prefix: str, hold: "Callable[[Package], bool]") -> "dict[str, Package]":
        """As `packages_that`, after every stream with a claim under `prefix` was read."""

    def entered_by(self, redemption_id: str) -> str | None:
        """The actor who entered a redemption of the packages that were read."""

    def accounts_that(self, hold: "Callable[[PointsAccount], bool]") -> "Iterator[tuple[str, PointsAccount]]":
        """(stream id, account) of the points accounts that were read and for which `hold` is true."""

    def count(self, prefix: str) -> int:
        """The number of claims under a prefix."""

    def names_of(self, customer_id: str) -> tuple[str, ...]:
        """The customer that this id names, and all its other names."""

    def streams_of(self, customer_id: str, kind: str) -> list[str]:
        """Ids of all of a customer's streams of a kind, in the order they were opened."""

    def personal_data(self, customer_id: str) -> Mapping[Place, int]:
        """The rows of personal data there are of a customer, by place."""

    def person(self, id: str) -> Person | None:
        """A row of the directory, of a customer or member of staff that was read."""


class NewStream(Struct, frozen=True, gc=False):
    """The registration of a stream, stored with its first fact; `customer_id` finds a customer's packages."""

    kind: str
    id: str
    customer_id: str | None = None


class Decision(Struct, frozen=True, gc=False):
    """The outcome of a command: facts by stream, and everything stored together with them."""

    facts: "Mapping[str, tuple[str, Sequence[Fact]]]"
    """Stream id → (kind, its new facts)."""
    claims: tuple[Claim, ...] = ()
    streams: tuple[NewStream, ...] = ()
    people: tuple[Person, ...] = ()
    texts: tuple[Text, ...] = ()
    erases: tuple[str, ...] = ()
    """The customers whose personal data is deleted in the same append: all names of one."""
    refused: "tuple[OccurrenceRefused, ...]" = ()
    """Occurrences of a series that could not be booked, while the others are."""

    @property
    def packages(self) -> list[str]:
        """Ids of the packages it adds facts to."""
        return [id for id, (of, _) in self.facts.items() if of == "package"]

    def facts_of(self, kind: str) -> dict[str, Sequence[Any]]:
        """Stream id → its new facts, of all streams of a kind."""
        return {id: facts for id, (of, facts) in self.facts.items() if of == kind}

    @property
    def fact_types(self) -> "set[type[Fact]]":
        """The classes of its facts."""
        return {type(fact) for _, facts in self.facts.values() for fact in facts}


def one_stream(kind: str, id: str, facts: "Sequence[Fact]", *, new: bool = False) -> Decision:
    """A decision about one stream; `new`: its first facts."""
    return Decision({id: (kind, facts)}, streams=(NewStream(kind, id),) if new else ())


@dataclass(frozen=True, slots=True)
class UseCase(Generic[C]):
    """A verb: the command that asks for it, what it reads, what it decides."""

    command: type[C]
    reads: Callable[[C, str, Peek], Reads]
    """(command, business id, peek) → what is read."""
    decide: "Callable[[C, Books, Circumstances], Decision]"
    target: Callable[[C, Books], str | None] | None = None
    """(command, books) → the stream whose version If-Match names, None where it is not there. Without it the command is
    given for no version."""
    alone: bool = False
    """Whether it is decided under the lock of the ledger's head alone, so that nothing it must see is missed."""
