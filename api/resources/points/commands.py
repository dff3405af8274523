"""Moving points over HTTP."""

from typing import Any

from api.http.command_route import Command, CommandRequest, command
from api.http.ledger_types import Books
from api.http.permissions import DESK, MANAGERS
from api.http.problems import Flaw, invalid
from api.resources.authors import actors_known
from api.resources.points.answer import PointsMoved, shown_row
from api.resources.points.bodies import PointsBody, SourceByHand
from api.resources.texts import wording_or_none
from domain.decision import Decision, UseCase
from domain.points.commands import AddPoints, AdjustPoints, RedeemPoints, ReversePoints
from domain.points.facts import POINTS_MAX, PointsSource
from domain.points.state import account_id, customer_of
from domain.use_cases.add_points import ADD_POINTS
from domain.use_cases.adjust_points import ADJUST_POINTS
from domain.use_cases.redeem_points import REDEEM_POINTS
from domain.use_cases.reverse_points import REVERSE_POINTS
from domain.values import LongText, Value
from projections.models.points import entry


@command(
    "/v1/customers/{customer_id}/points",
    "points.move",
    "Add, redeem or adjust a customer's points; adjusting is for managers",
    roles=DESK,
    body=PointsBody,
    answer=PointsMoved,
    codes=("points-insufficient",),
    looks=True,
)
def move_points(call: Command[PointsBody]) -> CommandRequest:
    """`add` and `redeem` take points from 1 up; `adjust` is signed. Redeeming more than the balance is
    refused.
    """
    customer_id, body = call.id("customer_id"), call.body
    if body.action == "adjust":
        call.check_may(MANAGERS, "adjusting points")
    least = -POINTS_MAX if body.action == "adjust" else 1
    if body.points < least or body.points == 0:
        detail = "must not be 0" if body.action == "adjust" else "must be at least 1"
        raise invalid([Flaw("/points", "points", detail)])
    use_case, asked = _asked(call, customer_id)
    return _ask(call, use_case, asked, body.reason)


def _asked(call: Command[PointsBody], customer_id: str) -> tuple[UseCase[Any], Value]:
    body = call.body
    entry_id, reason = call.new("pts", body.id), wording_or_none(call, body.reason)
    given: dict[str, Any] = {
        "customer_id": customer_id,
        "entry_id": entry_id,
        "points": body.points,
        "reason": reason,
    }
    named = body.source.id if isinstance(body.source, SourceByHand) else body.source
    source = None if body.source is None else PointsSource(kind="manual", id=named)
    match body.action:
        case "add":
            return ADD_POINTS, AddPoints(**given, source=source or PointsSource(kind="manual"))
        case "redeem":
            return REDEEM_POINTS, RedeemPoints(**given, source=source)
        case "adjust":
            return ADJUST_POINTS, AdjustPoints(**given, source=source)


class ReversalBody(Value):
    reason: LongText | None = None


@command(
    "/v1/points/{entry_id}/reversal",
    "points.reverse",
    "Take back what is left of an addition of points; the balance may fall below zero",
    roles=MANAGERS,
    body=ReversalBody,
    answer=PointsMoved,
    codes=("already-restored", "not-eligible"),
    looks=True,
)
def reverse_points(call: Command[ReversalBody]) -> CommandRequest:
    """What was redeemed or adjusted is not reversed: adjust the balance instead."""
    addition_id, reason = call.id("entry_id"), call.body.reason
    new_id, worded = call.new("pts"), wording_or_none(call, reason)
    return _ask(
        call, REVERSE_POINTS, ReversePoints(addition_id=addition_id, entry_id=new_id, reason=worded), reason
    )


def _ask(call: Command[Any], use_case: UseCase[Any], asked: Value, reason: str | None) -> CommandRequest:
    author = call.caller.actor
    people, zone = actors_known(call, [author.id]), call.time_zone

    def answer(books: Books, decision: Decision) -> PointsMoved:
        # The entry comes first; what it changes for a merged customer goes on to the survivor's account.
        stream_id, (_, made) = next(iter(decision.facts.items()))
        stream = books.stream(stream_id)
        assert stream is not None, "it holds the new entry"
        new = entry(stream.facts[-len(made)])
        shown = shown_row(new, zone, people, reason if call.sees_people else None)
        customer_id = books.survivor_of(customer_of(stream_id))
        account = books.stream(account_id(customer_id))
        assert account is not None, "it has the points"
        return PointsMoved(
            **dict(shown),
            customer_id=customer_id,
            balance=account.state.balance,
            version=account.version,
        )

    def shows(books: Books, decision: Decision) -> tuple[str, ...]:
        staff = () if author.staff_id is None else (author.staff_id,)
        return (*map(customer_of, decision.facts), *staff)

    return CommandRequest(use_case, asked, answer, shows=shows)


HANDLERS = (move_points, reverse_points)
