"""Customers whom the directory finds: by what is typed of a name or a number, and by their birthdays.

The directory names ids, and the read models filter them. What many have in common is compared in order instead.
"""

from collections.abc import Sequence
from typing import Annotated

from pydantic import StringConstraints

from api.http.date_ranges import check_range
from api.http.ledger_types import Recorder
from api.http.problems import Flaw, invalid
from domain.moments import Day
from domain.people.birthdays import DAYS_MAX, Birthdays
from domain.people.name_search import words
from domain.people.sought import Sought
from domain.values import Value
from projections.engine.definition import Row
from projections.engine.snapshot import Snapshot
from projections.queries.customers import CustomerFilter, customers_among, find_customers

LOOKED_THROUGH_FIRST = 200
"""Customers whose names are compared before the index is asked: a common word fills the page with them."""
LOOKED_THROUGH = 500
FOUND_MAX = 2_000
"""Customers that the index may name. A word with more is so common that comparing in order is quicker."""
AT_ONCE = 100
AT_ONCE_MAX = 500


class PeopleSearch(Value):
    """What is asked of the directory. No segment keeps it: it may be somebody's name, or a birthday."""

    search: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    """Parts of the name's words or of the mobile number, or an e-mail or its beginning, ignoring case, accents and
    spaces; only for readers who may see them."""
    birthday_from: Day | None = None
    """The first day of birthdays, together with the last: whose birthday returns on one of these days, one on the
    29th of February on the 28th in a year without one; only for readers who may see people's data."""
    birthday_to: Day | None = None
    """The last day of birthdays, at most 365 days after the first."""


def asks_for_people(asked: PeopleSearch) -> bool:
    """Whether people's data decides who is found. A search without a letter or a digit finds everybody."""
    return not (asked.search is None and asked.birthday_from is None and asked.birthday_to is None)


def sought(asked: PeopleSearch) -> Sought:
    """Who is looked for in the directory. Raises validation-failed on days that are no year or less."""
    return Sought(() if asked.search is None else words(asked.search), _birthdays(asked))


def _birthdays(asked: PeopleSearch) -> Birthdays | None:
    first, last = asked.birthday_from, asked.birthday_to
    if first is None and last is None:
        return None
    if first is None or last is None:
        missing, other = ("from", "to") if first is None else ("to", "from")
        raise invalid([Flaw(f"/birthday_{missing}", "missing", f"is needed with birthday_{other}")])
    check_range(first, last, None, "/birthday_to")
    if (last - first).days >= DAYS_MAX:
        raise invalid([Flaw("/birthday_to", "range-too-long", f"must leave at most {DAYS_MAX} days")])
    return Birthdays(first, last)


def found_in_directory(
    recorder: Recorder,
    snapshot: Snapshot,
    filters: Sequence[CustomerFilter],
    who: Sought,
    after: str | None,
    wanted: int,
) -> list[Row]:
    """At most `wanted` customers behind the id `after` who pass the filters and are sought, in order of id."""
    found: list[Row] = []
    asked_index = False
    # Few have a birthday in a week: those are named by the index at once.
    window = 0 if who.birthdays is not None else LOOKED_THROUGH_FIRST
    while True:
        rows = find_customers(snapshot, recorder.business_id, filters, after, window) if window else []
        found += _those(recorder, rows, who)
        if len(found) >= wanted or (window and len(rows) < window):
            return found[:wanted]
        after = rows[-1]["customer_id"] if rows else after
        if not asked_index:
            asked_index, window = True, LOOKED_THROUGH
            ids = _named(recorder, who, after or "")
            if len(ids) <= FOUND_MAX:
                return (found + _among(recorder, snapshot, filters, who, ids, wanted - len(found)))[:wanted]


def _named(recorder: Recorder, who: Sought, after: str) -> Sequence[str]:
    """Ids that an index names, one more than FOUND_MAX if there are more. Who is sought is among them."""
    if who.birthdays is not None:
        return recorder.born_on(who.birthdays.numbers(), after, FOUND_MAX + 1)
    return recorder.search(who.words, after, FOUND_MAX + 1)


def _those(recorder: Recorder, rows: Sequence[Row], who: Sought) -> list[Row]:
    people = recorder.people([row["customer_id"] for row in rows])
    found = {person.id for person in people if who.fits(person)}
    return [row for row in rows if row["customer_id"] in found]


def _among(
    recorder: Recorder,
    snapshot: Snapshot,
    filters: Sequence[CustomerFilter],
    who: Sought,
    ids: Sequence[str],
    wanted: int,
) -> list[Row]:
    """The customers of these ids who pass the filters and are sought, in order, until there are as many as wanted."""
    found: list[Row] = []
    in_order, some = sorted(ids), AT_ONCE
    while in_order and len(found) < wanted:
        rows = customers_among(snapshot, recorder.business_id, filters, in_order[:some])
        found += rows if who.birthdays is None else _those(recorder, rows, who)
        in_order, some = in_order[some:], min(2 * some, AT_ONCE_MAX)
    return found
