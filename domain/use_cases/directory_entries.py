"""Rows of the people directory that go in with the facts, and the photos they name."""

from collections.abc import Mapping, Sequence

from msgspec import structs

from domain.claims import Claim
from domain.decision import Books, Decision
from domain.people.directory import Person
from domain.people.photos import owned, photo_claims, row_of_photo
from domain.people.profile import NameAndPhoto, NameOrPhoto, name_and_photo_changes, name_and_photo_in, row
from domain.refusals import Invalid, NotFound

Photos = Mapping[str, str]
"""Pointer in the command → the photo it names."""


def named(photos: Mapping[str, object]) -> Photos:
    """The members that name a photo; None removes one and names nothing."""
    return {pointer: id for pointer, id in photos.items() if isinstance(id, str)}


def counts_photos(photos: Photos) -> tuple[str, ...]:
    """The claims that `with_entries` needs counted."""
    return tuple(photo_claims(id) for id in dict.fromkeys(photos.values()))


def with_entries(
    decision: Decision, owner_id: str, entries: Sequence[Person], photos: Photos, books: Books
) -> Decision:
    """The decision with rows of the directory, and with the photos that become the owner's.

    Raises Invalid for a photo that was never taken in or has another owner.
    """
    taken: dict[str, Person] = {}
    for pointer, id in photos.items():
        theirs = books.person(id)
        if theirs is not None and theirs.owner_id == owner_id:
            continue
        if books.count(photo_claims(id)) != 1:
            raise Invalid(pointer, "unknown-photo", "is not a photo that was sent and is nobody else's")
        taken[id] = row_of_photo(id, owner_id)
    claims = tuple(Claim(owned(id), owner_id) for id in taken)
    return structs.replace(
        decision,
        claims=decision.claims + claims,
        people=(*decision.people, *entries, *taken.values()),
    )


def changed_entry(
    id: str, given: Mapping[NameOrPhoto, str | None], kind: str, books: Books
) -> tuple[frozenset[str], Person]:
    """The fields that differ of a participant or a member of staff, and their changed row. Raises NotFound."""
    person = books.person(id)
    if person is None:
        raise NotFound(kind, id)
    fields, changed = name_and_photo_changes(name_and_photo_in(person), given)
    return fields, row(id, person.owner_id, changed)


def new_entries(owner_id: str, people: Mapping[str, NameAndPhoto | None]) -> list[Person]:
    """The rows of people, given by id; None gives no row."""
    return [row(id, owner_id, known) for id, known in people.items() if known is not None]
