"""The books of one business in memory, and a transaction on them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from eventsourcing.persistence import IntegrityError
from msgspec import structs

from domain.decision import NewStream
from domain.ledger.embedded.memory_streams import StreamsInMemory
from domain.ledger.embedded.transaction import Written
from domain.ledger.envelope import Head, StoredFact
from domain.ledger.numbers import behind, number_of
from domain.ledger.records import (
    Answered,
    Append,
    FactFilter,
    Request,
)
from domain.people.birthdays import day_number
from domain.people.directory import Person, Photo, Place, Text
from domain.people.name_search import matches
from domain.people.profile import profile_in, searched


@dataclass(slots=True)
class Books:
    """All data of one business. Published books are never changed: a writer works on a copy."""

    secret: bytes
    head: Head
    log: list[StoredFact] = field(default_factory=list)
    by_stream: dict[str, dict[int, StoredFact]] = field(default_factory=dict)
    streams: dict[str, NewStream] = field(default_factory=dict)
    spent: dict[str, int] = field(default_factory=dict)
    """Packages of which nothing is left, with the version at which this was so."""
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
            spent=dict(self.spent),
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

    def chosen_facts(
        self, wanted: FactFilter, after: int, upto: int, limit: int, *, newest_first: bool = False
    ) -> list[StoredFact]:
        between = self.books.log[after:upto]
        in_order = reversed(between) if newest_first else iter(between)
        return list(islice((each for each in in_order if wanted.holds(each)), limit))

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
        found = [
            stream.id for stream in streams if stream.kind == kind and number_of(stream.id) > behind(after)
        ]
        return sorted(found, key=number_of)[:limit]

    def streams_of(self, customer_id: str, kind: str) -> list[str]:
        streams = self.books.streams.values()
        return [stream.id for stream in streams if (stream.customer_id, stream.kind) == (customer_id, kind)]

    def unspent(self, customer_id: str) -> list[str]:
        packages = self.streams_of(customer_id, "package")
        return [id for id in packages if self.books.spent.get(id) != self.version(id)]

    def packages_moved(self, customers: Sequence[str], after: int) -> list[str]:
        theirs = {id for customer_id in customers for id in self.streams_of(customer_id, "package")}
        return [fact.stream_id for fact in self.books.log[after:] if fact.stream_id in theirs]

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

    def born_on(self, days: Sequence[int], after: str, at_most: int) -> list[str]:
        people = [each for each in self.books.directory.values() if each.id > after and searched(each)]
        born = {each.id: profile_in(each).date_of_birth for each in people}
        found = (id for id, day in born.items() if day and day_number(day.month, day.day) in days)
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
                books.answers[key] = structs.replace(books.answers[key], body=None)
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
        marks = {**self.books.spent, **command.spent}
        self.books.spent = {id: version for id, version in marks.items() if version}
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
