"""Reward points of a customer: adding, redeeming, adjusting, reversing, and the history of the account.

The account is folded from its stream: it is always true (S143–S150).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from api.http.command_route import Command, CommandRequest, command
from api.http.date_ranges import check_range
from api.http.ledger_types import Books
from api.http.permissions import DESK, MANAGERS, READERS_OR_OWN
from api.http.problems import Flaw, Problem, invalid
from api.http.query_route import Found, ListParameters, Page, Query, TravelParameters, behind, query
from api.resources.packages.card import CustomerOnCard
from api.resources.parts import ERASED
from api.resources.people import called, profile_of
from api.resources.texts import wording_or_none
from domain.decision import Decision, Reads, UseCase
from domain.moments import Day, local_day
from domain.points.commands import AddPoints, AdjustPoints, RedeemPoints, ReversePoints
from domain.points.facts import POINTS_EVER_MAX, POINTS_MAX, PointsSource
from domain.points.state import account_id, customer_of
from domain.refusals import NotFound
from domain.use_cases.add_points import ADD_POINTS
from domain.use_cases.adjust_points import ADJUST_POINTS
from domain.use_cases.redeem_points import REDEEM_POINTS
from domain.use_cases.reverse_points import REVERSE_POINTS
from domain.values import LongText, Name, Value
from projections.engine.definition import Row
from projections.models.points import entry
from replay.as_of import Past, as_it_was, position_of

Action = Literal["added", "redeemed", "adjusted"]

# Answers


class RewardedBy(Value):
    """Who gave or took the points: a person at the desk, or a rule or another program (S149)."""

    id: str | None
    """The member of staff or the key; a rule has none."""
    name: str | None
    kind: Literal["staff", "system"]


class PointsRow(Value):
    """One entry of the account. `total` is the balance after it, in the order of recording (S147, S148)."""

    id: str
    date: str
    points: int
    """Signed."""
    action: Action
    total: int
    rewarded_by: RewardedBy
    reason: str | None
    """`(erased)` once it is; null to those who may not see people's data."""
    source: PointsSource | None
    """The payment, package, redemption or booking they were for; of what was added by hand the name given."""


class PointsMoved(PointsRow):
    """The new entry, and what the account came to."""

    customer_id: str
    balance: int
    version: int


def points_of(books: Books, customer_id: str) -> int:
    """The balance of a customer, as the books stand. Raises NotLoaded where the account was not read."""
    account = books.points_of(customer_id)
    return 0 if account is None else account.balance


def _row(told: Row, zone: str, names: Mapping[str, str | None], reason: str | None) -> PointsRow:
    actor_id = told["actor_id"]
    return PointsRow(
        **{name: told[name] for name in ("id", "points", "action", "total")},
        date=local_day(told["effective_at"], zone).isoformat(),
        rewarded_by=RewardedBy(id=actor_id, name=names.get(actor_id or ""), kind=told["by"]),
        reason=reason,
        source=None if told["source"] is None else PointsSource(**told["source"]),
    )


# Commands


class SourceByHand(Value):
    """Only what is earned by a rule names a payment, a purchase or a visit."""

    kind: Literal["manual"]
    id: Name | None = None


class PointsBody(Value):
    id: Annotated[str, StringConstraints(pattern=r"^pts_[0-9A-Za-z_-]{1,32}$")] | None = None
    action: Literal["add", "redeem", "adjust"]
    points: Annotated[int, Field(ge=-POINTS_MAX, le=POINTS_MAX)]
    """At least 1 to add or redeem; signed, and not 0, to adjust."""
    reason: LongText | None = None
    source: Name | SourceByHand | None = None
    """What they are for, such as the name of a campaign; never that of a person."""


class ReversalBody(Value):
    reason: LongText | None = None


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
    customer_id, body = call.id("customer_id"), call.body
    if body.action == "adjust" and call.role not in MANAGERS:
        raise Problem("forbidden", f"the role {call.role.value} does not allow adjusting points")
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
    addition_id, reason = call.id("entry_id"), call.body.reason
    new_id, worded = call.new("pts"), wording_or_none(call, reason)
    return _ask(
        call, REVERSE_POINTS, ReversePoints(addition_id=addition_id, entry_id=new_id, reason=worded), reason
    )


def _ask(call: Command[Any], use_case: UseCase[Any], asked: Value, reason: str | None) -> CommandRequest:
    staff_id = call.caller.actor.staff_id
    names = _names(call, [staff_id]) if staff_id else {}

    def answer(books: Books, decision: Decision) -> PointsMoved:
        (stream_id,) = decision.facts
        stream = books.stream(stream_id)
        assert stream is not None, "it holds the new entry"
        shown = _row(entry(stream.facts[-1]), call.time_zone, names, reason if call.sees_people else None)
        return PointsMoved(
            **dict(shown),
            customer_id=customer_of(stream_id),
            balance=stream.state.balance,
            version=stream.version,
        )

    def shows(books: Books, decision: Decision) -> tuple[str, ...]:
        return (*map(customer_of, decision.facts), *names)

    return CommandRequest(use_case, asked, answer, shows=shows)


def _names(call: Command[Any] | Query[Any], ids: Sequence[str | None]) -> dict[str, str | None]:
    """What members of staff are called, as far as the reader may know."""
    wanted = sorted({id for id in ids if id is not None and id.startswith("stf_")})
    if not wanted or not call.sees_people:
        return {}
    return {person.id: called(person) for person in call.ledger.recorder.people(wanted)}


# The history


SignedPoints = Annotated[int, Field(ge=-POINTS_EVER_MAX, le=POINTS_EVER_MAX)]


class PointsParameters(ListParameters, TravelParameters):
    """Filters combine with AND (S144)."""

    from_: Annotated[Day | None, Field(alias="from")] = None
    to: Day | None = None
    action: Annotated[tuple[Action, ...], Field(max_length=3)] = ()
    points: SignedPoints | None = None
    """Exactly so many, signed."""


class PointsPage(Page[PointsRow]):
    customer: CustomerOnCard
    points: int
    """The balance, whatever the filters."""
    version: int
    """Of the account; 0 while there is no entry."""


@query(
    "/v1/customers/{customer_id}/points",
    "points.list",
    "The points of a customer: balance and history, oldest first",
    roles=READERS_OR_OWN,
    answer=PointsPage,
    parameters=PointsParameters,
)
def list_points(call: Query[PointsParameters]) -> Found:
    past, customer_id, asked = call.past(), call.id("customer_id"), call.parameters
    check_range(asked.from_, asked.to, call.time_zone, "/to")
    books = call.look(Reads({customer_id: 0, account_id(customer_id): 0}))
    if books.customer(customer_id) is None:
        raise NotFound("customer", customer_id)
    stream = books.stream(account_id(customer_id))
    facts = [] if stream is None else stream.facts
    call.check_version(past, len(facts), "account")
    counted = as_it_was(facts, past)
    entries = [entry(recorded) for recorded in counted]
    rows = behind([told for told in entries if _matches(told, call)], call.after())
    page = rows[: asked.limit]
    names = {} if past else _names(call, [told["actor_id"] for told in page])
    reasons = {} if past else _reasons(call, page)

    def shown(told: Row) -> PointsRow:
        return _row(told, call.time_zone, names, reasons.get(told["version"]))

    version = max((told["version"] for told in entries), default=0)
    found = call.page(
        PointsPage,
        rows,
        key=lambda told: [told["version"]],
        shown=shown,
        position=position_of(call.ledger.recorder, past, facts, books.head.position),
        customer=_customer(call, books, customer_id, past),
        points=sum(told["points"] for told in entries),
        version=version,
    )
    return replace(found, version=version)


def _matches(told: Row, call: Query[PointsParameters]) -> bool:
    asked, on = call.parameters, local_day(told["effective_at"], call.time_zone)
    return (
        (asked.from_ is None or asked.from_ <= on)
        and (asked.to is None or on <= asked.to)
        and (not asked.action or told["action"] in asked.action)
        and asked.points in (None, told["points"])
    )


def _reasons(call: Query[Any], rows: Sequence[Row]) -> dict[int, str]:
    """The reasons by version, as far as the reader may know them."""
    wanted = {told["version"]: told["text_id"] for told in rows if told["text_id"]}
    if not wanted or not call.sees_people:
        return {}
    texts = {text.id: text.text for text in call.ledger.recorder.texts(sorted(wanted.values()))}
    return {version: texts.get(id, ERASED) for version, id in wanted.items()}


def _customer(call: Query[Any], books: Books, customer_id: str, past: Past) -> CustomerOnCard:
    """Whose account it is (S143). An answer about the past holds no text of the directory."""
    known = profile_of(books.person(customer_id)) if call.sees_people and not past else None
    return CustomerOnCard(
        id=customer_id,
        name=known.name if known else None,
        email=known.email if known else None,
        mobile=known.mobile if known else None,
    )


HANDLERS = (move_points, reverse_points, list_points)
