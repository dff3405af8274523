"""What a decision sees: the states of the streams it read, and what its predecessors made of them."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

from domain import booking, business, catalogue, customer, package, rewards, staff
from domain.booking import Booking
from domain.business import Business
from domain.catalogue import Offer, Service
from domain.customer import Customer
from domain.fact import Fact
from domain.ledger.contract import WITH_PEOPLE, Loaded, Person, Wanted
from domain.ledger.envelope import Head, NewFact, StoredFact
from domain.ledger.mapper import Recorded, recorded
from domain.package import Package
from domain.rewards import Rewards, rewards_id
from domain.staff import Staff

PENDING = -1
"""The `recorded_at` of a fact that is decided but not yet stored."""

EVOLVE: Mapping[str, Callable[[Any, Any], Any]] = {
    "business": business.evolve,
    "staff": staff.evolve,
    "service": catalogue.evolve_service,
    "offer": catalogue.evolve_offer,
    "customer": customer.evolve,
    "package": package.evolve,
    "rewards": rewards.evolve,
    "booking": booking.evolve,
}
"""Stream kind → how its facts make a state."""

View = Callable[[Any, Recorded], Any]
"""What a reader folds the same facts into, beside the state: (before, fact) → after; pure."""


class NotLoaded(Exception):
    """A decision asked for something that was not read; read it too and decide again."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(str(wanted))
        self.wanted = wanted


@dataclass
class Stream:
    """A stream as far as it is known: its state, and those of its facts that were read now."""

    kind: str
    id: str
    state: Any = None
    version: int = 0
    position: int = 0
    """Of its first fact; 0 while it is only decided."""
    view: Any = None
    """What the process's view of this kind makes of the facts; None where there is none."""
    people: tuple[Person, ...] = ()
    """Of a customer: the directory rows of the household. They change only together with its facts."""
    facts: list[Recorded] = field(default_factory=list)

    def copy(self) -> "Stream":
        """To go on with, without the facts; states and views are values and are shared."""
        return Stream(self.kind, self.id, self.state, self.version, self.position, self.view, self.people)

    def add(self, fact: Recorded, view: View | None) -> None:
        assert fact.version == self.version + 1, f"{self.id}: version {fact.version} after {self.version}"
        self.state = EVOLVE[self.kind](self.state, fact.fact)
        if view is not None:
            self.view = view(self.view, fact)
        self.version = fact.version
        self.position = self.position or fact.position
        self.facts.append(fact)


class Kept:
    """Streams as they stood when they were last read, without their facts; bounded, the least recently
    used goes first.

    What is kept is brought up to date by the next load and its version is checked by the append, so it
    can never mislead: it only saves reading and folding the same facts again. `views` are folded beside
    the states, by kind, for those who answer with them.
    """

    def __init__(self, views: Mapping[str, View] | None = None, limit: int = 256) -> None:
        self.views = views or {}
        self._limit = limit
        self._streams: OrderedDict[tuple[str, str], Stream] = OrderedDict()
        self._lock = Lock()

    def state(self, business_id: str, stream_id: str) -> Any:
        """The state of a stream, None where it is not kept."""
        found = self._streams.get((business_id, stream_id))
        return None if found is None else found.state

    def stream(self, business_id: str, stream_id: str) -> Stream | None:
        """A copy to go on with."""
        found = self._all(business_id, (stream_id,))
        return found[0] if found else None

    def _all(self, business_id: str, stream_ids: Iterable[str]) -> list[Stream] | None:
        """Copies to go on with; None where one of them is not kept."""
        found = []
        with self._lock:
            for key in [(business_id, id) for id in stream_ids]:
                if (stream := self._streams.get(key)) is None:
                    return None
                self._streams.move_to_end(key)
                found.append(stream)
        return [stream.copy() for stream in found]

    def keep(self, business_id: str, streams: Iterable[Stream]) -> None:
        """Keep streams of which every fact is stored."""
        with self._lock:
            for stream in streams:
                known = self._streams.get((business_id, stream.id))
                if known is None or known.version < stream.version:
                    self._streams[business_id, stream.id] = stream.copy()
                    self._streams.move_to_end((business_id, stream.id))
            while len(self._streams) > self._limit:
                self._streams.popitem(last=False)

    def keep_all(self, books: "Books") -> None:
        """Keep the streams of books all of whose decided facts have been stored since."""
        self.keep(books.business_id, books.grown())

    def books(self, business_id: str, wanted: Wanted, new_ids: Collection[str]) -> "Books | None":
        """Books made only of what is kept; None when that does not hold all that is wanted.

        A claim that holds a new id is not counted: nobody can have made it.
        """
        if wanted.packages_of or wanted.claimed:
            return None
        if not all(any(f"/{id}/" in prefix for id in new_ids) for prefix in wanted.counted):
            return None
        streams = self._all(business_id, wanted.streams)
        if streams is None:
            return None
        people = [person for stream in streams for person in stream.people]
        return Books(business_id, wanted, Loaded((), {}, people, {}, NO_HEAD), streams, self)


NO_HEAD = Head(0, b"", 0)
"""Of books that were not loaded: nobody asked where the ledger ends."""


S = TypeVar("S")


class Books:
    """The streams one batch read. `seen` collects what the current decision looked at."""

    def __init__(
        self, business_id: str, wanted: Wanted, loaded: Loaded, known: Iterable[Stream], kept: Kept
    ) -> None:
        """`known`: kept states, of which only later facts were loaded."""
        self.business_id = business_id
        self.head = loaded.head
        self.counts = {prefix: loaded.counts.get(prefix, 0) for prefix in wanted.counted}
        self.seen: dict[str, int] = {}
        self.wanted = wanted
        self._people: dict[str, Person] = {person.id: person for person in loaded.people}
        self._views = kept.views
        self._streams: dict[str, Stream] = {}
        self._of_customer: dict[str, list[Stream]] = {}
        for stream in known:
            self._hold(stream)
        for stored in loaded.facts:
            self._add(stored.kind, stored.stream_id, recorded(stored))
        if loaded.facts:
            kept.keep(business_id, self._with_people(self._streams.values()))

    def grown(self) -> Collection[Stream]:
        """The streams that got facts, with the people that belong to them, but for new ones.

        Without a position a stream is new: its view may still show its moment as pending.
        """
        grown = [stream for stream in self._streams.values() if stream.facts and stream.position]
        return self._with_people(grown)

    def _with_people(self, streams: Collection[Stream]) -> Collection[Stream]:
        households: dict[str, list[Person]] = {each.id: [] for each in streams if each.kind in WITH_PEOPLE}
        if households:
            for person in self._people.values():
                if person.owner_id in households:
                    households[person.owner_id].append(person)
            for stream in streams:
                stream.people = tuple(households.get(stream.id, ()))
        return streams

    def _add(self, kind: str, stream_id: str, fact: Recorded) -> None:
        stream = self._streams.get(stream_id)
        if stream is not None:
            stream.add(fact, self._views.get(kind))
            return
        stream = Stream(kind, stream_id)
        stream.add(fact, self._views.get(kind))
        self._hold(stream)

    def _hold(self, stream: Stream) -> None:
        self._streams[stream.id] = stream
        if isinstance(stream.state, Package):
            self._of_customer.setdefault(stream.state.customer_id, []).append(stream)

    # What a decision may ask

    def stream(self, stream_id: str) -> Stream | None:
        """A stream with its facts, or None when it does not exist. Raises NotLoaded."""
        found = self._streams.get(stream_id)
        if found is None and stream_id not in self.wanted.streams:
            raise NotLoaded(Wanted({stream_id: 0}))
        self.seen.setdefault(stream_id, found.version if found else 0)
        return found

    def version(self, stream_id: str) -> int:
        found = self._streams.get(stream_id)
        return found.version if found else 0

    def _state(self, stream_id: str, of: type[S]) -> S | None:
        found = self.stream(stream_id)
        return found.state if found is not None and isinstance(found.state, of) else None

    @property
    def business(self) -> Business:
        """The business itself; it is opened with its ledger."""
        found = self._state(self.business_id, Business)
        assert found is not None, "a ledger begins with business.opened"
        return found

    def business_or_none(self) -> Business | None:
        return self._state(self.business_id, Business)

    def staff(self, stream_id: str) -> Staff | None:
        return self._state(stream_id, Staff)

    def service(self, stream_id: str) -> Service | None:
        return self._state(stream_id, Service)

    def offer(self, stream_id: str) -> Offer | None:
        return self._state(stream_id, Offer)

    def customer(self, stream_id: str) -> Customer | None:
        return self._state(stream_id, Customer)

    def package(self, stream_id: str) -> Package | None:
        return self._state(stream_id, Package)

    def booking(self, stream_id: str) -> Booking | None:
        return self._state(stream_id, Booking)

    def rewards_of(self, customer_id: str) -> Rewards | None:
        """The account of a customer's points; None while there is no entry in it."""
        return self._state(rewards_id(customer_id), Rewards)

    def rewards_that(self, hold: Callable[[Rewards], bool]) -> Iterator[tuple[str, Rewards]]:
        """Of the accounts that were read, those for which `hold` is true: (stream id, account)."""
        for stream in self._streams.values():
            if isinstance(stream.state, Rewards) and hold(stream.state):
                self.seen.setdefault(stream.id, stream.version)
                yield stream.id, stream.state

    def packages_of(self, customer_id: str) -> Iterator[tuple[str, Package, int]]:
        """(id, state, position) of all of a customer's packages, in the order of their sales."""
        if customer_id not in self.wanted.packages_of:
            raise NotLoaded(Wanted(packages_of=(customer_id,)))
        for stream in self._of_customer.get(customer_id, ()):
            self.seen.setdefault(stream.id, stream.version)
            yield stream.id, stream.state, stream.position

    def packages_that(self, hold: Callable[[Package], bool]) -> dict[str, Package]:
        """Of the packages that were read, those for which `hold` is true, by id."""
        streams = (stream for owned in self._of_customer.values() for stream in owned)
        found = [stream for stream in streams if hold(stream.state)]
        for stream in found:
            self.seen.setdefault(stream.id, stream.version)
        return {stream.id: stream.state for stream in found}

    def claimants(self, prefix: str, hold: Callable[[Package], bool]) -> dict[str, Package]:
        """As `packages_that`, once every stream with a claim beginning so was read."""
        if prefix not in self.wanted.claimed:
            raise NotLoaded(Wanted(claimed=(prefix,)))
        return self.packages_that(hold)

    def count(self, prefix: str) -> int:
        """How many claims begin with a prefix."""
        if prefix not in self.counts:
            raise NotLoaded(Wanted(counted=(prefix,)))
        return self.counts[prefix]

    def person(self, id: str) -> Person | None:
        return self._people.get(id)

    def people(self, owner_id: str) -> list[Person]:
        return [person for person in self._people.values() if person.owner_id == owner_id]

    # What a decision made

    def apply(self, facts: Sequence[NewFact], made: Sequence[Fact], people: Iterable[Person]) -> None:
        """Add decided facts, so that what follows in the batch, and the answer, stand on them."""
        for new, fact in zip(facts, made, strict=True):
            pending = StoredFact(
                self.business_id,
                0,
                new.kind,
                new.stream_id,
                new.version,
                new.name,
                new.name_version,
                new.data,
                new.meta,
                PENDING,
                b"",
            )
            self._add(new.kind, new.stream_id, Recorded(fact, pending))
        for person in people:
            self._people[person.id] = person

    def claim(self, claim: str) -> None:
        """Count a new claim under every prefix that was asked for; prefixes end with a stroke."""
        end = claim.find("/")
        while end >= 0:
            if claim[: end + 1] in self.counts:
                self.counts[claim[: end + 1]] += 1
            end = claim.find("/", end + 1)
