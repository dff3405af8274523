"""The people directory: names and contacts beside the ledger, where they can be erased.

Facts hold only opaque ids. A row is written in the same append as the fact that speaks of it.
"""

from typing import Annotated

from pydantic import StringConstraints

from domain.customer import ProfileField
from domain.ledger.recorder import Person
from domain.values import CustomerId, Name, Value

Email = Annotated[str, StringConstraints(pattern=r"^[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,189}$")]
Mobile = Annotated[str, StringConstraints(pattern=r"^[0-9][0-9 ()./-]{2,29}$")]
CountryCode = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{0,3}$")]


class Profile(Value):
    """What is known of a customer."""

    name: Name
    email: Email | None = None
    mobile: Mobile | None = None
    country_code: CountryCode | None = None


class Called(Value):
    """What is known of a participant or a member of staff."""

    name: Name


class ChangeDirectory(Value):
    """New values of a customer's profile, by field; None takes a field away (a name stays)."""

    customer_id: CustomerId
    changes: dict[ProfileField, str | None]


def changes(known: Profile, command: ChangeDirectory) -> tuple[tuple[ProfileField, ...], Profile]:
    """The fields that differ, and the profile with them. Raises pydantic's error on an invalid value."""
    changed = Profile.model_validate(known.model_dump() | command.changes)
    fields = tuple(name for name in command.changes if getattr(changed, name) != getattr(known, name))
    return fields, changed


def row(id: str, owner_id: str, known: Value) -> Person:
    return Person(id, owner_id, known.model_dump_json(exclude_none=True))
