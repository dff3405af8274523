"""The facts of a customer's reward points. Each carries the balance after it."""

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from domain.business.facts import EarnRule
from domain.fact import Fact
from domain.moments import Moment
from domain.values import Name, PointsId, TextRef, Value

POINTS_MAX = 1_000_000
"""The most points that one command adds, redeems or adjusts."""
POINTS_EVER_MAX = 2**53 - 1
"""Points ever given to one customer. The limit keeps the balance, even below zero, within what every reader
can hold (invariant 14)."""

AnyPoints = Annotated[int, Field(ge=1, le=POINTS_EVER_MAX)]
SignedPoints = Annotated[int, Field(ge=-POINTS_EVER_MAX, le=POINTS_EVER_MAX)]
By = Literal["staff", "system"]
"""staff: a person at the desk; system: a rule or another program."""


class PointsSource(Value):
    """What the points were for: the payment, the package, the redemption or booking; or a campaign's name.

    merge: they went to the account of another customer, or came from it, as the two were merged or un-merged.
    """

    kind: Literal["manual", "payment", "purchase", "visit", "merge"]
    id: Name | None = None


class PointsEntry(Fact):
    effective_at: Moment
    entry_id: PointsId


class PointsAdded(PointsEntry):
    stored_name: ClassVar = "points.added"
    points: AnyPoints
    balance: SignedPoints
    """After this fact, in recorded order."""
    source: PointsSource
    rule: EarnRule | None = None
    """The rule that gave them, as of `policy_version`; None: added by hand."""
    policy_version: int | None = None
    reason: TextRef | None = None
    by: By


class PointsRedeemed(PointsEntry):
    stored_name: ClassVar = "points.redeemed"
    points: AnyPoints
    balance: SignedPoints
    source: PointsSource | None = None
    reason: TextRef | None = None
    by: By


class PointsAdjusted(PointsEntry):
    stored_name: ClassVar = "points.adjusted"
    points: SignedPoints
    """Never 0."""
    balance: SignedPoints
    """Below zero only after a reversal."""
    reverses: PointsId | None = None
    """The addition whose points this takes back."""
    source: PointsSource | None = None
    reason: TextRef | None = None
    by: By


PointsFact = PointsAdded | PointsRedeemed | PointsAdjusted
FACTS: tuple[type[Fact], ...] = get_args(PointsFact)
