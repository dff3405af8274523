"""Two records that may be of one person: the same e-mail, mobile number, or name with date of birth.

They are told, never refused or merged: a family may share an e-mail, and the desk knows better.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from domain.people.name_search import born_word, email_word, folded, words
from domain.people.profile import Profile

Match = Literal["email", "mobile", "name_and_date_of_birth"]
MATCHES: tuple[Match, ...] = get_args(Match)
_FIELDS: Mapping[Match, frozenset[str]] = {
    "email": frozenset({"email"}),
    "mobile": frozenset({"mobile", "country_code"}),
    "name_and_date_of_birth": frozenset({"name", "date_of_birth"}),
}


def searches(profile: Profile, given: Iterable[str]) -> dict[Match, tuple[str, ...]]:
    """The words by which the directory finds others with what was given, by what they would have in common."""
    found: dict[Match, tuple[str, ...]] = {}
    if profile.email is not None:
        found["email"] = (email_word(profile.email),)
    if profile.mobile is not None:
        found["mobile"] = words(profile.mobile)
    if profile.date_of_birth is not None:
        found["name_and_date_of_birth"] = (born_word(profile.date_of_birth), *folded(profile.name).split())
    fields = frozenset(given)
    return {match: wanted for match, wanted in found.items() if wanted and _FIELDS[match] & fields}


def in_common(one: Profile, other: Profile) -> frozenset[Match]:
    """E-mails are compared without case, names as they are searched for, numbers as E.164."""
    both = zip(compared(one), compared(other), strict=True)
    return frozenset(
        match
        for match, (ours, theirs) in zip(MATCHES, both, strict=True)
        if ours is not None and ours == theirs
    )


def compared(profile: Profile) -> tuple[object, ...]:
    """A value for each of MATCHES; None where there is nothing to compare."""
    email = None if profile.email is None else email_word(profile.email)
    born = profile.date_of_birth
    return email, profile.mobile, None if born is None else (folded(profile.name), born)
