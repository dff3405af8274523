"""Reactions to facts, whatever verb made them: each looks at every decision, in the order of `REACTIONS`.

A reaction adds facts to the decision that caused them, so that all are stored in one append or none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.actor import Circumstances
from domain.decision import Books, Decision, Peek, Reads
from domain.fact import Fact
from domain.use_cases import earn_points, tell_bookings, top_up
from domain.use_cases.leave_erased import check_left_erased
from domain.use_cases.renewals_due import reads_memberships
from domain.values import Value


@dataclass(frozen=True, slots=True)
class Reaction:
    """`react` adds facts to a decision that has a fact of its `causes`.

    `reads` names what it is likely to need for some commands, by the streams that these read: id → state, of those
    that are cached.
    Without it, and for what it does not name, the reaction raises NotLoaded.
    """

    causes: frozenset[type[Fact]]
    react: Callable[[Decision, Books, Circumstances], Decision]
    reads: Callable[[Mapping[str, Any], Sequence[Value], str, Peek], Reads] | None = None


REACTIONS: Sequence[Reaction] = (
    Reaction(tell_bookings.GIVES_BACK, tell_bookings.tell_bookings),
    Reaction(earn_points.CAUSES, earn_points.earn_points, earn_points.reads_accounts),
    Reaction(top_up.MOVES, top_up.top_up, top_up.reads_rules),
)


def read_by_all(reads: Reads, commands: Sequence[Value], business_id: str, peek: Peek) -> Reads:
    """The reads of the verbs of a batch, with what every reaction and the renewals before it are likely to need."""
    known = {id: state for id in reads.streams if (state := peek(id)) is not None}
    more = [react.reads(known, commands, business_id, peek) for react in REACTIONS if react.reads is not None]
    return Reads.all_of((reads, *more, reads_memberships(known)))


def react(decision: Decision, books: Books, at: Circumstances) -> Decision:
    """The decision with the facts of every reaction. Raises NotLoaded, and CustomerIsErased for a fact about what an
    erased customer had."""
    types = decision.fact_types
    for reaction in REACTIONS:
        if reaction.causes.isdisjoint(types):
            continue
        reacted = reaction.react(decision, books, at)
        if reacted is not decision:
            decision, types = reacted, reacted.fact_types
    check_left_erased(decision, books)
    return decision
