"""Other customers who may be the same person, told when a customer is registered or changed (S103).

The answer names them by id: it is kept for ever, and holds nobody else's data.
"""

from collections.abc import Mapping
from typing import Any

from api.http.command_route import Command
from api.http.ledger_types import Books
from api.resources.customers.answer import Customer
from domain.decision import Reads
from domain.moments import LAST_DAY
from domain.people.duplicates import MATCHES, Match, in_common, searches
from domain.people.profile import Profile, changes, new_profile, profile_in
from domain.refusals import Invalid
from domain.values import Value

DUPLICATES_MAX = 20
"""Customers that are told; with more, such as a business's own e-mail, the others say nothing further."""
FOUND_MAX = 100
"""Customers of each search that are looked at."""


class PossibleDuplicate(Value):
    """An active customer with the same e-mail, mobile number, or name and date of birth."""

    customer_id: str
    matches: tuple[Match, ...]


class EnteredCustomer(Customer):
    """A customer as registered or changed."""

    possible_duplicates: tuple[PossibleDuplicate, ...]
    """Active customers with the same e-mail, mobile number, or name and date of birth as was given, in the order of
    their ids, at most 20. They are told, and nothing is refused."""


def entered(shown: Customer, duplicates: tuple[PossibleDuplicate, ...]) -> EnteredCustomer:
    return EnteredCustomer(**dict(shown), possible_duplicates=duplicates)


def possible_duplicates(
    call: Command[Any], customer_id: str, given: Mapping[Any, Any]
) -> tuple[PossibleDuplicate, ...]:
    """The customers who have what is given, as the directory stands now; none for a value that is refused anyway."""
    profile = _profile(call, customer_id, given)
    if profile is None:
        return ()
    recorder = call.ledger.recorder
    found: dict[str, set[Match]] = {}
    for match, wanted in searches(profile, given).items():
        for id in recorder.search(wanted, "", FOUND_MAX):
            found.setdefault(id, set()).add(match)
    found.pop(customer_id, None)
    if not found:
        return ()
    books = call.frame.look(call.business_id, Reads(dict.fromkeys((customer_id, *found), 0)))
    told: dict[str, frozenset[Match]] = {}
    for id, matches in sorted(found.items()):
        survivor_id = books.survivor_of(id)  # what a merged customer had leads to the survivor
        if survivor_id != books.survivor_of(customer_id):
            told[survivor_id] = told.get(survivor_id, frozenset()) | (_matches(books, id, profile) & matches)
    return tuple(
        PossibleDuplicate(customer_id=id, matches=tuple(each for each in MATCHES if each in matches))
        for id, matches in sorted(told.items())
        if matches
    )[:DUPLICATES_MAX]


def _matches(books: Books, id: str, profile: Profile) -> frozenset[Match]:
    customer, person = books.customer(id), books.person(id)
    if customer is None or not customer.active or person is None:
        return frozenset()
    return in_common(profile, profile_in(person))


def _profile(call: Command[Any], customer_id: str, given: Mapping[Any, Any]) -> Profile | None:
    """The profile as it will be; None where there is none, or a value is refused by the command itself."""
    person = call.frame.look(call.business_id, Reads({customer_id: 0})).person(customer_id)
    try:
        if person is not None:
            return changes(profile_in(person), given, LAST_DAY)[1]
        return new_profile(given, LAST_DAY) if "name" in given else None
    except Invalid:
        return None
