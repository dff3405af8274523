"""One booking, now or then."""

from collections.abc import Sequence

from domain.ledger.mapper import Recorded
from replay.as_of import Past, as_it_was, effective_at


def booking_facts(facts: Sequence[Recorded], past: Past) -> list[Recorded]:
    """The facts of a booking that count, in the order in which they are folded.

    What was paid before the booking was entered counts from its entry: until then there is no booking.
    """
    return as_it_was(facts, past, effective_at(facts[0])) if facts else []
