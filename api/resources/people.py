"""People as answers show them: what the directory knows of a customer, a participant, a member of staff.

Names, contacts and photos are joined to an answer when it is given, and are null for those who may not see
people's data.
"""

from collections.abc import Callable

from domain.people.directory import Person
from domain.people.profile import NameAndPhoto, Profile, name_and_photo_in, profile_in

FindPerson = Callable[[str], Person | None]


def nobody(_: str) -> None:
    """The directory as those see it who may not see people's data."""


def profile_of(person: Person | None) -> Profile | None:
    return None if person is None else profile_in(person)


def called_of(person: Person | None) -> NameAndPhoto | None:
    return None if person is None else name_and_photo_in(person)


def called(person: Person | None) -> str | None:
    """The name of a participant or a member of staff."""
    known = called_of(person)
    return None if known is None else known.name
