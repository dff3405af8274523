"""What forbids telling of a failed charge, between its fact and the message."""

from typing import Literal, TypeAlias

from domain.top_up.facts import TopUpFailed
from domain.top_up.state import TopUp

WhyNotTold: TypeAlias = Literal["paid", "superseded", "withdrawn"]


def why_not_told(failure: TopUpFailed, rule: TopUp) -> WhyNotTold | None:
    """None: the customer may be told.

    paid: the charge succeeded meanwhile; superseded: it failed again; withdrawn: nothing is charged any more.
    """
    attempt = rule.attempts[failure.attempt_id]
    if attempt.ended == "paid":
        return "paid"
    if attempt.failures != failure.failures:
        return "superseded"
    return "withdrawn" if attempt.ended in ("withdrawn", "expired") else None
