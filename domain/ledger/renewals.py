"""Renewals that come before an order, in the same batch; the clock is their actor, as where its job records them."""

from collections.abc import Iterable
from datetime import datetime

from domain.actor import CLOCK, Circumstances
from domain.decision import NotLoaded, Reads
from domain.ledger.books import LoadedBooks
from domain.ledger.mapper import Meta
from domain.ledger.one_order import decide
from domain.ledger.orders import Order
from domain.ledger.records import Append
from domain.membership.commands import RenewMembership
from domain.membership.state import period_package
from domain.refusals import Refused
from domain.use_cases.renew_membership import RENEW_MEMBERSHIP
from domain.use_cases.renewals_due import PERIODS_AT_ONCE, reads_renewals

META = Meta(actor=CLOCK)


def renewal(membership_id: str) -> Order:
    """The next period of a membership; refused where none has begun."""
    return Order(RENEW_MEMBERSHIP, RenewMembership(membership_id=membership_id), META)


def renew(
    memberships: Iterable[str], books: LoadedBooks, now: datetime, passed_over: set[str]
) -> list[Append]:
    """Every period of these memberships that has begun, added to the books.

    A membership whose renewal is refused, or of which too many are due, is `passed_over`: it hinders no order.
    Raises NotLoaded.
    """
    at, appends = Circumstances(now, CLOCK), list[Append]()
    for id in memberships:
        for _ in range(PERIODS_AT_ONCE):
            state = books.membership(id)
            if state is None or not state.is_due(now):
                break
            if books.lacks(Reads({period_package(id, state.period + 1): 0})):
                raise NotLoaded(reads_renewals(memberships, books, now))
            try:
                _, append, _ = decide(renewal(id), books, at)
            except Refused:
                passed_over.add(id)
                break
            appends.append(append)
        else:
            passed_over.add(id)
    return appends
