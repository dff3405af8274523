"""Who is sought in the directory: by words of a name, a number or an e-mail, and by birthdays."""

from dataclasses import dataclass

from domain.people.birthdays import Birthdays
from domain.people.directory import Person
from domain.people.name_search import matches
from domain.people.profile import profile_in, searched


@dataclass(frozen=True, slots=True)
class Sought:
    """Nothing asked: everybody."""

    words: tuple[str, ...] = ()
    """Parts of the name, number or e-mail that all must match, as `name_search.words` gives them."""
    birthdays: Birthdays | None = None

    def __bool__(self) -> bool:
        return bool(self.words) or self.birthdays is not None

    def fits(self, person: Person) -> bool:
        """Whether a customer is among those who are sought."""
        if self.words and not matches(searched(person) or "", self.words):
            return False
        return self.birthdays is None or self.birthdays.hold(profile_in(person).date_of_birth)


EVERYBODY = Sought()
