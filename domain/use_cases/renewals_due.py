"""Renewals that are due: recorded before any other verb on their customer is decided (domain.md, Membership).

So it is the same whether the clock has run or not. A customer names its memberships, and a package the one that granted
it, so that nothing more is read of customers without any.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from domain.decision import NOTHING, Books, NotLoaded, Reads
from domain.membership.state import Membership
from domain.package.state import Package
from domain.people.state import Customer
from domain.use_cases.one_membership import reads_period

PERIODS_AT_ONCE = 500
"""Periods of one membership that come before a verb at most; what is left is granted before the next one."""


def reads_memberships(known: Mapping[str, Any]) -> Reads:
    """The memberships that these states name: stream id → state."""
    named = {id: 0 for state in known.values() for id in named_in(state)}
    return Reads(named) if named else NOTHING


def named_in(state: Any) -> tuple[str, ...]:
    """The memberships whose renewals matter to whoever looks at this state."""
    if isinstance(state, Package):
        return () if state.membership_id is None else (state.membership_id,)
    return state.memberships if isinstance(state, Customer) else ()


def concerns_renewals(state: Any) -> bool:
    """Whether `memberships_due` looks further for it; of nearly all states it does not."""
    return isinstance(state, Membership) or bool(named_in(state))


def memberships_due(seen: Mapping[str, Any], books: Books, now: datetime) -> list[str]:
    """The memberships that wait for a renewal, of what was `seen`: stream id → state. Raises NotLoaded."""
    named = dict.fromkeys([id for state in seen.values() for id in named_in(state)])
    named |= {id: None for id, state in seen.items() if isinstance(state, Membership)}
    if not named:
        return []
    found, missing = dict[str, Membership | None](), Reads()
    for id in named:
        try:
            found[id] = books.membership(id)
        except NotLoaded as lacking:  # all of them are read together
            missing |= lacking.reads
    if missing != Reads():
        raise NotLoaded(missing)
    return [id for id, membership in found.items() if _may_renew(membership, books, now)]


def _may_renew(membership: Membership | None, books: Books, now: datetime) -> bool:
    """Whether a period has begun that can be granted: blocked and inactive customers get theirs later."""
    if membership is None or not membership.is_due(now):
        return False
    customer = books.customer(membership.customer_id)
    return customer is not None and customer.active and not customer.blocked


def reads_renewals(memberships: Iterable[str], books: Books, now: datetime) -> Reads:
    """What their renewals read, for all periods that have begun."""
    due = {id: state for id in memberships if (state := books.membership(id)) is not None}
    wanted = [
        reads_period(state, id, min(state.periods_behind(now) + 1, PERIODS_AT_ONCE))
        for id, state in due.items()
    ]
    previous = {state.package_id: 0 for state in due.values() if state.package_id is not None}
    return Reads.all_of((Reads({**dict.fromkeys(due, 0), **previous}), *wanted))
