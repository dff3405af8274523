"""Points that go over to another account as customers are merged and un-merged.

An account keeps its own entries for ever. What came about in the account of an absorbed customer goes on to the
survivor's in the same append, so that the absorbed balance stays 0 and the survivor's is that of both.
"""

from datetime import datetime

from domain.points.facts import POINTS_EVER_MAX, PointsAdjusted, PointsSource
from domain.points.state import PointsAccount, entry_of, granted_by
from domain.refusals import LimitReached


def moved(
    points: int, giver: tuple[str, PointsAccount], taker: tuple[str, PointsAccount], now: datetime
) -> dict[str, PointsAdjusted]:
    """The two entries, by customer, that move points (below zero: a debt) between two accounts; none for 0.

    `giver` and `taker`: customer and account. Raises LimitReached where an account has no room.
    """
    if points == 0:
        return {}
    return {
        giver[0]: _entry(-points, giver, taker[0], now),
        taker[0]: _entry(points, taker, giver[0], now),
    }


def _entry(points: int, whose: tuple[str, PointsAccount], other: str, now: datetime) -> PointsAdjusted:
    customer_id, account = whose
    if account.granted + granted_by(account, other, points) > POINTS_EVER_MAX:
        raise LimitReached("points-ever", POINTS_EVER_MAX)
    at = now if account.latest_at is None else max(now, account.latest_at)
    return PointsAdjusted(
        effective_at=at,
        entry_id=entry_of("merge", customer_id, account.version + 1),
        points=points,
        balance=account.balance + points,
        source=PointsSource(kind="merge", id=other),
        by="system",
    )
