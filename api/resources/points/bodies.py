"""Bodies that add, redeem, adjust and reverse points."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from domain.points.facts import POINTS_MAX
from domain.values import LongText, ThingName, Value


class SourceByHand(Value):
    """Only what is earned by a rule names a payment, a purchase or a visit."""

    kind: Literal["manual"]
    id: ThingName | None = None


class PointsBody(Value):
    id: Annotated[str, StringConstraints(pattern=r"^pts_[0-9A-Za-z_-]{1,32}$")] | None = None
    action: Literal["add", "redeem", "adjust"]
    points: Annotated[int, Field(ge=-POINTS_MAX, le=POINTS_MAX)]
    """At least 1 to add or redeem; signed, and not 0, to adjust."""
    reason: LongText | None = None
    source: ThingName | SourceByHand | None = None
    """Their cause, such as the name of a campaign; never that of a person."""
