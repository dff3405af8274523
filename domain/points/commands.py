"""Commands on a customer's account of points."""

from typing import Annotated

from pydantic import Field

from domain.points.facts import POINTS_MAX, PointsSource
from domain.values import CustomerId, PointsId, Value, Wording

PointsByHand = Annotated[int, Field(ge=1, le=POINTS_MAX)]


class AddPoints(Value):
    customer_id: CustomerId
    entry_id: PointsId
    points: PointsByHand
    source: PointsSource = PointsSource(kind="manual")
    reason: Wording | None = None


class RedeemPoints(Value):
    customer_id: CustomerId
    entry_id: PointsId
    points: PointsByHand
    source: PointsSource | None = None
    reason: Wording | None = None


class AdjustPoints(Value):
    """Correct the balance by `points`, up or down."""

    customer_id: CustomerId
    entry_id: PointsId
    points: Annotated[int, Field(ge=-POINTS_MAX, le=POINTS_MAX)]
    source: PointsSource | None = None
    reason: Wording | None = None


class ReversePoints(Value):
    """Take back what is left of an addition."""

    addition_id: PointsId
    entry_id: PointsId
    reason: Wording | None = None
