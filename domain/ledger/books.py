"""The books a decision sees: the streams it read, as the earlier decisions of the batch left them."""

from bisect import insort
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from domain.booking.state import Booking
from domain.business.state import Business
from domain.catalogue.state import Offer, Plan, Service
from domain.claims import prefixes_of
from domain.decision import NotLoaded, Reads
from domain.fact import Fact
from domain.ledger.envelope import Head, NewFact
from domain.ledger.mapper import Recorded, recorded
from domain.ledger.owners import lacks, merged_then, owned_by, owner_of, survivor_among
from domain.ledger.records import WITH_PEOPLE, Loaded
from domain.ledger.stream import Last, Stream, View, by_sale
from domain.membership.state import Membership
from domain.package.state import Package
from domain.people.directory import Person, Place
from domain.people.state import Customer
from domain.points.state import PointsAccount, account_id
from domain.staff.state import Staff
from domain.top_up.state import TopUp
from domain.use_cases.renewals_due import concerns_renewals

PENDING = -1
"""The `recorded_at` of a fact that is decided but not yet stored."""
NO_VIEWS: Mapping[str, View] = {}
NO_HEAD = Head(0, b"", 0)
"""The head of books that were made without a load."""
S = TypeVar("S")


class LoadedBooks:
    """The streams one batch read. `seen`: stream id → version, of those the current decision looked at."""

    def __init__(
        self,
        business_id: str,
        wanted: Reads,
        loaded: Loaded,
        known: Iterable[Stream] = (),
        views: Mapping[str, View] = NO_VIEWS,
    ) -> None:
        """`known`: cached streams, of which only later facts were loaded. `views` are folded beside the states."""
        self.business_id = business_id
        self.head = loaded.head
        self.counts = {prefix: loaded.counts.get(prefix, 0) for prefix in wanted.counted}
        self.seen: dict[str, int] = {}
        self.unspent_of: dict[str, None] = {}
        """Customers of whom the current decision saw only the packages that are not spent."""
        self.wanted = wanted
        self._personal = loaded.personal
        self._people: dict[str, Person] = {person.id: person for person in loaded.people}
        self._views = views
        self._streams: dict[str, Stream] = {}
        self._of_customer: dict[str, list[Stream]] = {}
        """Customer → packages, in the order of their sales."""
        self._merged: dict[str, Customer] = {}
        """Customers, among those read, that were merged into another or absorbed one."""
        self.has_renewals = False
        """Whether a membership was read, or something that names one."""
        self.has_top_ups = False
        """Whether a customer was read who has rules that top up."""
        for stream in known:
            self._hold(stream)
        for stored in loaded.facts:
            self._add(stored.kind, stored.stream_id, recorded(stored))

    @property
    def streams(self) -> Collection[Stream]:
        """All streams, with their people."""
        return self._with_people(self._streams.values())

    def grown(self) -> Collection[Stream]:
        """Streams that got facts, with their people, but without new streams.

        A new stream has no position, and its view may still show a pending moment.
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
            led_on = stream.leads_on
            stream.add(fact, self._views.get(kind))
            if led_on or stream.leads_on:
                self._note(stream)
            return
        stream = Stream(kind, stream_id)
        stream.add(fact, self._views.get(kind))
        self._hold(stream)

    def _hold(self, stream: Stream) -> None:
        self._streams[stream.id] = stream
        if isinstance(stream.state, Package):
            insort(self._of_customer.setdefault(stream.state.customer_id, []), stream, key=by_sale)
        if stream.leads_on:
            self._note(stream)

    def _note(self, stream: Stream) -> None:
        """For a stream that leads on, or did before a fact."""
        self.has_renewals = self.has_renewals or concerns_renewals(stream.state)
        if isinstance(stream.state, Customer):
            self.has_top_ups = self.has_top_ups or bool(stream.state.top_ups)
            if stream.state.is_merged:
                self._merged[stream.id] = stream.state
            else:
                self._merged.pop(stream.id, None)

    # Customers that were merged

    def survivor_of(self, customer_id: str) -> str:
        """As far as the customers that were read tell; `unread_survivors` names those that were not."""
        return survivor_among(self._merged, customer_id) if self._merged else customer_id

    @property
    def has_merged(self) -> bool:
        """Whether a customer among those read was merged into another, or absorbed one."""
        return bool(self._merged)

    def lacks(self, reads: Reads) -> bool:
        """Whether something of these reads was not read."""
        return lacks(reads, self.wanted, self._streams, self.counts)

    def unread_survivors(self) -> Reads:
        """Customers to be read before merged ones can answer; none in almost all books."""
        named = {each.merged_into for each in self._merged.values() if each.merged_into is not None}
        return Reads({id: 0 for id in named if id not in self._streams and id not in self.wanted.streams})

    def own_owner_of(self, stream_id: str) -> str | None:
        """The customer for whom the first fact of this stream was recorded, whatever was merged since."""
        found = self._streams.get(stream_id)
        return None if found is None else owner_of(found.state)

    def as_merged(self, counts: Callable[[Recorded], bool]) -> None:
        """Follow merges as they stood when only the facts for which `counts` is true were recorded.

        The streams must have been read with all their facts. States stay those of the present.
        """
        customers = [each for each in self._streams.values() if isinstance(each.state, Customer)]
        self._merged = merged_then({each.id: each.facts for each in customers}, counts)

    def owned(self, card: dict[str, Any]) -> dict[str, Any]:
        """A card that was folded from facts, as its owner has it; `stream` answers so by itself."""
        survivor = self.survivor_of(card["customer_id"])
        return card if survivor == card["customer_id"] else owned_by(card, survivor)

    def own_customer(self, customer_id: str) -> Customer | None:
        state = self._stream(customer_id)
        return state.state if state is not None and isinstance(state.state, Customer) else None

    def has_read(self, stream_id: str) -> bool:
        """Whether the stream was read, be it there or not."""
        return stream_id in self._streams or stream_id in self.wanted.streams

    def is_erased(self, customer_id: str) -> bool:
        """Whether it is a customer among those read who was erased."""
        found = self._streams.get(customer_id)
        return found is not None and isinstance(found.state, Customer) and found.state.erased

    def own_points(self, customer_id: str) -> PointsAccount | None:
        return self._state(account_id(customer_id), PointsAccount)

    def owner_of(self, stream_id: str) -> str | None:
        """The customer whose package, booking, membership or rule this stream is. Raises NotLoaded."""
        found = self._stream(stream_id)
        owner = None if found is None else owner_of(found.state)
        return owner if owner is None else self.survivor_of(owner)

    # Questions of a decision

    def stream(self, stream_id: str) -> Stream | None:
        """A stream with its facts, or None when it does not exist. Raises NotLoaded."""
        found = self._stream(stream_id)
        return self._owned(found) if found is not None and self._merged else found

    def _owned(self, stream: Stream) -> Stream:
        """The stream as its owner has it now: what belongs to a merged customer is the survivor's."""
        owner = owner_of(stream.state)
        if owner is None or (survivor := self.survivor_of(owner)) == owner:
            return stream
        owned = stream.copy()
        owned.state, owned.view = owned_by(stream.state, survivor), owned_by(stream.view, survivor)
        owned.facts = stream.facts
        return owned

    def _stream(self, stream_id: str) -> Stream | None:
        found = self._streams.get(stream_id)
        if found is not None:
            self.seen.setdefault(stream_id, found.version)
        elif stream_id in self.wanted.streams:
            self.seen[stream_id] = 0
        else:
            raise NotLoaded(Reads({stream_id: 0}))
        return found

    @property
    def seen_states(self) -> dict[str, Any]:
        """Stream id → state, of the streams that the present decision looked at and that exist."""
        return {id: self._streams[id].state for id in self.seen if id in self._streams}

    def version(self, stream_id: str) -> int:
        found = self._streams.get(stream_id)
        return found.version if found else 0

    def spent_at(self, package_id: str) -> int:
        """The version of a package of which nothing is left; 0 for any other."""
        found = self._streams.get(package_id)
        return found.version if found is not None and found.state.is_spent else 0

    def _state(self, stream_id: str, of: type[S]) -> S | None:
        found = self._stream(stream_id)
        if found is None or not isinstance(found.state, of):
            return None
        return self._owned(found).state if self._merged else found.state

    def exists(self, stream_id: str) -> bool:
        """Whether any stream has this id. Raises NotLoaded."""
        return self.stream(stream_id) is not None

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

    def plan(self, stream_id: str) -> Plan | None:
        return self._state(stream_id, Plan)

    def membership(self, stream_id: str) -> Membership | None:
        return self._state(stream_id, Membership)

    def customer(self, stream_id: str) -> Customer | None:
        found = self.own_customer(stream_id)
        if not self._merged or (survivor := self.survivor_of(stream_id)) == stream_id:
            return found
        return self.own_customer(survivor)

    def package(self, stream_id: str) -> Package | None:
        return self._state(stream_id, Package)

    def booking(self, stream_id: str) -> Booking | None:
        return self._state(stream_id, Booking)

    def points_of(self, customer_id: str) -> PointsAccount | None:
        """The points account of a customer; None while it has no entry. Raises NotLoaded."""
        read = (customer_id, account_id(customer_id))
        lacks = [id for id in read if id not in self._streams and id not in self.wanted.streams]
        if lacks:
            raise NotLoaded(Reads(dict.fromkeys(lacks, 0)))
        return self.own_points(self.survivor_of(customer_id))

    def top_up(self, stream_id: str) -> TopUp | None:
        return self._state(stream_id, TopUp)

    def accounts_that(self, hold: Callable[[PointsAccount], bool]) -> Iterator[tuple[str, PointsAccount]]:
        """Accounts, among those read, for which `hold` is true: (stream id, account)."""
        for stream in self._streams.values():
            if isinstance(stream.state, PointsAccount) and hold(stream.state):
                self.seen.setdefault(stream.id, stream.version)
                yield stream.id, stream.state

    def packages_of(self, customer_id: str) -> Sequence[tuple[str, Package, int]]:
        """(id, state, position) of all of a customer's packages, in the order of their sales. Raises NotLoaded."""
        owners = self.names_of(customer_id)
        if lacks := tuple(id for id in owners if id not in self.wanted.packages_of):
            raise NotLoaded(Reads(packages_of=lacks))
        return self._packages_of(owners)

    def unspent_packages_of(self, customer_id: str) -> Sequence[tuple[str, Package, int]]:
        """The same of those of which something is left. Raises NotLoaded.

        Of the others nothing is known but that nothing was left, and the append checks that none of them got a fact.
        """
        owners = self.names_of(customer_id)
        read = {*self.wanted.unspent_of, *self.wanted.packages_of}
        if lacks := tuple(id for id in owners if id not in read):
            raise NotLoaded(Reads(unspent_of=lacks))
        self.unspent_of |= dict.fromkeys(owners)
        return [found for found in self._packages_of(owners) if not found[1].is_spent]

    def _packages_of(self, owners: Sequence[str]) -> list[tuple[str, Package, int]]:
        if len(owners) == 1:
            found = self._of_customer.get(owners[0], [])
        else:
            found = sorted([each for id in owners for each in self._of_customer.get(id, ())], key=by_sale)
        for stream in found:
            self.seen.setdefault(stream.id, stream.version)
        if self._merged:
            found = [self._owned(stream) for stream in found]
        return [(stream.id, stream.state, stream.position) for stream in found]

    def merged_names(self) -> tuple[str, ...]:
        """All names of the customers, among those read, that were merged or absorbed another."""
        names = (name for id in self._merged for name in self.names_of(id))
        return tuple(dict.fromkeys(names))

    def names_of(self, customer_id: str) -> tuple[str, ...]:
        """The customer that this id names, and all its other names. Raises NotLoaded."""
        if not self._merged:
            return (customer_id,)
        survivor = self.survivor_of(customer_id)
        state = self._merged.get(survivor)
        return (survivor,) if state is None else (survivor, *state.absorbed)

    def packages_that(self, hold: Callable[[Package], bool]) -> dict[str, Package]:
        """Packages, among those read, for which `hold` is true, by id."""
        streams = (self._owned(stream) for owned in self._of_customer.values() for stream in owned)
        found = [stream for stream in streams if hold(stream.state)]
        for stream in found:
            self.seen.setdefault(stream.id, stream.version)
        return {stream.id: stream.state for stream in found}

    def bookings_that(self, hold: Callable[[Booking], bool]) -> dict[str, Booking]:
        """Bookings, among those read, for which `hold` is true, by id."""
        found: dict[str, Booking] = {}
        for stream in self._streams.values():
            if isinstance(stream.state, Booking) and hold(owned := self._owned(stream).state):
                self.seen.setdefault(stream.id, stream.version)
                found[stream.id] = owned
        return found

    def claimants(self, prefix: str, hold: Callable[[Package], bool]) -> dict[str, Package]:
        """As `packages_that`, once every stream with a claim that begins with `prefix` was read. Raises NotLoaded."""
        if prefix not in self.wanted.claimed:
            raise NotLoaded(Reads(claimed=(prefix,)))
        return self.packages_that(hold)

    def entered_by(self, redemption_id: str) -> str | None:
        """The actor who entered a redemption, of the packages among those read."""
        for stream in (stream for owned in self._of_customer.values() for stream in owned):
            if redemption_id in stream.authors:
                return stream.authors[redemption_id]
            if redemption_id in stream.state.uses:
                performer: str | None = stream.state.uses[redemption_id].staff_id
                return performer
        return None

    def count(self, prefix: str) -> int:
        """Number of claims that begin with `prefix`. Raises NotLoaded."""
        if prefix not in self.counts:
            raise NotLoaded(Reads(counted=(prefix,)))
        return self.counts[prefix]

    def streams_of(self, customer_id: str, kind: str) -> list[str]:
        """Ids of all of a customer's streams of a kind. Raises NotLoaded."""
        names = self.names_of(customer_id)
        if lacks := tuple(id for id in names if id not in self.wanted.everything_of):
            raise NotLoaded(Reads(everything_of=lacks))
        of_kind = [stream for stream in self._streams.values() if stream.kind == kind]
        return [stream.id for stream in of_kind if stream.state.customer_id in names]

    def personal_data(self, customer_id: str) -> Mapping[Place, int]:
        """Rows of personal data by place, as they were loaded. Raises NotLoaded."""
        if customer_id not in self._personal:
            raise NotLoaded(Reads(everything_of=(customer_id,)))
        return self._personal[customer_id]

    def person(self, id: str) -> Person | None:
        return self._people.get(id)

    def people(self, owner_id: str) -> list[Person]:
        return [person for person in self._people.values() if person.owner_id == owner_id]

    # Results of a decision

    def apply(self, facts: Sequence[NewFact], made: Sequence[Fact], people: Iterable[Person]) -> None:
        """Add decided facts: the answer, and the later decisions of the batch, see them."""
        for new, fact in zip(facts, made, strict=True):
            pending = new.at(self.business_id, 0, PENDING, b"")
            self._add(new.kind, new.stream_id, Recorded(fact, pending))
        for person in people:
            self._people[person.id] = person

    def place(self, facts: Sequence[NewFact], first: int, recorded_at: int) -> None:
        """Note where decided facts were stored, one after the other from the position `first` on."""
        for place, fact in enumerate(facts):
            stream = self._streams.get(fact.stream_id)
            if stream is not None and stream.last is not None and stream.version == fact.version:
                stream.last = Last(first + place, recorded_at, stream.last.meta)

    def erase(self, customer_id: str) -> None:
        """Forget the rows of the directory of a customer."""
        self._people = {id: each for id, each in self._people.items() if each.owner_id != customer_id}

    def claim(self, claim: str) -> None:
        """Count a new claim under every prefix that was asked for."""
        for prefix in prefixes_of(claim) if self.counts else ():
            if prefix in self.counts:
                self.counts[prefix] += 1
