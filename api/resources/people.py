"""People in answers: the directory's data of customers, participants and members of staff.

Names, contacts and photos are added when an answer is given. They are null for readers who may not see
people's data.
"""

from collections.abc import Callable

from domain.people.directory import Person
from domain.people.profile import NameAndPhoto, Profile, name_and_photo_in, profile_in

FindPerson = Callable[[str], Person | None]


def nobody(_: str) -> None:
    """The directory for readers who may not see people's data."""


def profile_of(person: Person | None) -> Profile | None:
    return None if person is None else profile_in(person)


def called_of(person: Person | None) -> NameAndPhoto | None:
    return None if person is None else name_and_photo_in(person)


def called(person: Person | None) -> str | None:
    """The name of a participant or a member of staff."""
    known = called_of(person)
    return None if known is None else known.name
