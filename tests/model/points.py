"""What can be asked about points: as `asking.py`, for the product as a command and for the reference as a call.

Nobody but owners and managers is let through to adjust or reverse (api/permissions.py): so only they ask for it.
"""

from domain.points.commands import AddPoints, AdjustPoints, RedeemPoints, ReversePoints
from domain.points.facts import PointsSource
from tests.model.accounts import GIVEN_MAX, Source
from tests.model.desk import OFTEN, TILL, Asked, Desk
from tests.model.plain import account_of

MOST = 1_000_000


def move(desk: Desk) -> Asked:
    """Often all that there is, and then back what gave it: so an account falls below zero."""
    return desk.one_of(add, add, redeem, redeem, redeem, adjust, reverse, reverse, reverse)(desk)


def _whose(desk: Desk) -> str:
    return desk.one_of(*list(desk.books.accounts.accounts) * OFTEN, desk.customer_id())


def _new_id(desk: Desk) -> str:
    """Only those of a caller's are ever taken: no caller can make one as long as those of rules."""
    return desk.new("pts", [entry.id for _, entry in desk.books.accounts.entries() if entry.who and entry.id])


def _source(desk: Desk) -> Source | None:
    """Now and then called as something that gives points by rule, for which it must not be taken."""
    payments = [id for package in desk.books.packages.values() for id in package.payments]
    named = ("manual", desk.among("pay", payments))
    return desk.one_of(None, None, ("manual", None), ("manual", "Spring"), named)


def _told(source: Source | None) -> PointsSource | None:
    if source is None:
        return None
    return PointsSource.model_validate({"kind": source[0], "id": source[1]})


def _within(points: int, least: int) -> int:
    return min(max(points, least), MOST)


def add(desk: Desk) -> Asked:
    customer, id = _whose(desk), _new_id(desk)
    room, source = GIVEN_MAX - desk.books.accounts.of(customer).given, _source(desk) or ("manual", None)
    points = _within(desk.one_of(1, 10, 500, room, room, room + 1), 1)
    command = AddPoints(
        customer_id=customer,
        entry_id=id,
        points=points,
        source=_told(source) or PointsSource(kind="manual"),
        reason=desk.wording_or_none(),
    )
    who = desk.one_of(*[None] * OFTEN, TILL)
    return Asked(
        command,
        lambda books, asking: books.accounts.add(asking, customer, id, points, source),
        account_of(customer),
        who,
    )


def redeem(desk: Desk) -> Asked:
    customer, id = _whose(desk), _new_id(desk)
    balance, source = desk.books.accounts.of(customer).balance, _source(desk)
    points = _within(desk.one_of(1, 1, balance, balance, balance // 2, balance + 1), 1)
    command = RedeemPoints(
        customer_id=customer,
        entry_id=id,
        points=points,
        source=_told(source),
        reason=desk.wording_or_none(),
    )
    who = desk.one_of(*[None] * OFTEN, TILL)
    return Asked(
        command,
        lambda books, asking: books.accounts.redeem(asking, customer, id, points, source),
        account_of(customer),
        who,
    )


def adjust(desk: Desk) -> Asked:
    customer, id = _whose(desk), _new_id(desk)
    balance, source = desk.books.accounts.of(customer).balance, _source(desk)
    points = _within(desk.one_of(7, -1, -balance, -balance, -balance - 1, 0, MOST), -MOST)
    command = AdjustPoints(
        customer_id=customer,
        entry_id=id,
        points=points,
        source=_told(source),
        reason=desk.wording_or_none(),
    )
    return Asked(
        command,
        lambda books, asking: books.accounts.adjust(asking, customer, id, points, source),
        account_of(customer),
        desk.one_of("stf_olga", "stf_mia"),
    )


def reverse(desk: Desk) -> Asked:
    """Mostly something that has been added; now and then what was no addition, or nothing."""
    entries = [entry for _, entry in desk.books.accounts.entries()]
    added = [entry.id for entry in entries if entry.id and entry.action == "added"]
    addition = desk.one_of(
        desk.among("pts", added), *added[-3:], desk.among("pts", [entry.id for entry in entries if entry.id])
    )
    id = _new_id(desk)
    command = ReversePoints(addition_id=addition, entry_id=id, reason=desk.wording_or_none())
    return Asked(
        command,
        lambda books, asking: books.accounts.reverse(asking, addition, id),
        who=desk.one_of("stf_olga", "stf_mia"),
    )
