"""Renew a membership: grant the package of one period that has begun.

The clock job and the route ask for the same. The package has an id that the membership and the number of the period
fix, so that a renewal may come late, twice, or in two places.
"""

from domain.actor import Circumstances
from domain.decision import Books, Decision, Peek, Reads, UseCase
from domain.membership.commands import RenewMembership
from domain.membership.state import Membership
from domain.use_cases.checks import known_membership
from domain.use_cases.one_membership import period_granted, reads_membership, reads_period
from domain.use_cases.own_stream import id_in


def reads(command: RenewMembership, business_id: str, peek: Peek) -> Reads:
    known = peek(command.membership_id)
    more = reads_period(known, command.membership_id) if isinstance(known, Membership) else Reads()
    return reads_membership(command, business_id, peek) | more


def decide(command: RenewMembership, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `period_granted` raises."""
    return period_granted(known_membership(books, command.membership_id), command, books, at)


RENEW_MEMBERSHIP = UseCase(RenewMembership, reads, decide, id_in("membership_id"))
