"""What follows from facts, whatever verb made them: each reaction looks at every decision, in this order.

A reaction adds facts to the decision that caused them, so that all are stored in one append or none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from domain.actor import Circumstances
from domain.decision import Books, Decision, Peek, Reads
from domain.use_cases.earn_points import earn_points, reads_accounts
from domain.use_cases.tell_bookings import tell_bookings
from domain.values import Value


def nothing_more(reads: Reads, command: Value, business_id: str, peek: Peek) -> Reads:
    """What a reaction that foresees nothing reads beforehand; a decision that lacks something asks for it."""
    return reads


@dataclass(frozen=True, slots=True)
class Reaction:
    """`react` adds what follows from a decision; `reads` what it is likely to need, beside what the verb reads."""

    react: Callable[[Decision, Books, Circumstances], Decision]
    reads: Callable[[Reads, Value, str, Peek], Reads] = nothing_more


REACTIONS: Sequence[Reaction] = (
    Reaction(tell_bookings),
    Reaction(earn_points, reads_accounts),
)


def read_by_all(reads: Reads, command: Value, business_id: str, peek: Peek) -> Reads:
    """What a verb reads, with what every reaction is likely to need."""
    for reaction in REACTIONS:
        reads = reaction.reads(reads, command, business_id, peek)
    return reads


def react(decision: Decision, books: Books, at: Circumstances) -> Decision:
    """The decision with everything that follows from it. Raises NotLoaded."""
    for reaction in REACTIONS:
        decision = reaction.react(decision, books, at)
    return decision
