"""Reactions to facts, whatever verb made them: each looks at every decision, in the order of `REACTIONS`.

A reaction adds facts to the decision that caused them, so that all are stored in one append or none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from domain.actor import Circumstances
from domain.decision import Books, Decision, Peek, Reads
from domain.use_cases.earn_points import earn_points, reads_accounts
from domain.use_cases.leave_erased import leave_erased
from domain.use_cases.renewals_due import reads_memberships
from domain.use_cases.tell_bookings import tell_bookings
from domain.use_cases.top_up import reads_rules, top_up
from domain.values import Value


def nothing_more(reads: Reads, command: Value, business_id: str, peek: Peek) -> Reads:
    """Read nothing more beforehand; a reaction that lacks something then raises NotLoaded."""
    return reads


@dataclass(frozen=True, slots=True)
class Reaction:
    """`react` adds facts to a decision; `reads` adds what it is likely to need to what the verb reads."""

    react: Callable[[Decision, Books, Circumstances], Decision]
    reads: Callable[[Reads, Value, str, Peek], Reads] = nothing_more


REACTIONS: Sequence[Reaction] = (
    Reaction(tell_bookings),
    Reaction(earn_points, reads_accounts),
    Reaction(top_up, reads_rules),
    Reaction(leave_erased),
)


def read_by_all(reads: Reads, command: Value, business_id: str, peek: Peek) -> Reads:
    """The reads of a verb, with what every reaction and the renewals before it are likely to need."""
    for reaction in REACTIONS:
        reads = reaction.reads(reads, command, business_id, peek)
    return reads_memberships(reads, peek)


def react(decision: Decision, books: Books, at: Circumstances) -> Decision:
    """The decision with the facts of every reaction. Raises NotLoaded."""
    for reaction in REACTIONS:
        decision = reaction.react(decision, books, at)
    return decision
