"""The account of a customer's points and its history (S143–S149)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from api.http.cursors import behind
from api.http.date_ranges import check_range
from api.http.ledger_types import Books, RecordedFact
from api.http.permissions import READERS_OR_OWN
from api.http.query import Found, ListParameters, Page, Query, TravelParameters
from api.http.query_route import query
from api.resources.authors import actors_known
from api.resources.packages.card import CustomerOnCard
from api.resources.parts import ERASED, NOBODY
from api.resources.people import profile_of
from api.resources.points.answer import Action, PointsRow, shown_row
from domain.decision import Reads
from domain.moments import Day, local_day
from domain.points.facts import POINTS_EVER_MAX
from domain.points.state import account_id
from domain.refusals import NotFound
from projections.engine.definition import Row
from projections.models.points import entry
from replay.as_of import Past, as_it_was, position_of

SignedPoints = Annotated[int, Field(ge=-POINTS_EVER_MAX, le=POINTS_EVER_MAX)]


class PointsParameters(ListParameters, TravelParameters):
    """Filters combine with AND (S144)."""

    from_: Annotated[Day | None, Field(alias="from")] = None
    to: Day | None = None
    action: Annotated[tuple[Action, ...], Field(max_length=3)] = ()
    points: SignedPoints | None = None
    """Exactly this number, signed."""
    order: Literal["oldest", "newest"] = "oldest"
    """Which entry comes first."""


class PointsPage(Page[PointsRow]):
    customer: CustomerOnCard
    points: int
    """The balance, whatever the filters."""
    version: int
    """The version of the account; 0 while there is no entry."""


@query(
    "/v1/customers/{customer_id}/points",
    "points.list",
    "The points of a customer: balance and history, oldest first",
    roles=READERS_OR_OWN,
    answer=PointsPage,
    parameters=PointsParameters,
)
def list_points(call: Query[PointsParameters]) -> Found:
    """Oldest first unless `order` says otherwise. The balance counts all entries, whatever the filters."""
    past, customer_id, asked = call.past(), call.id("customer_id"), call.parameters
    check_range(asked.from_, asked.to, call.time_zone, "/to")
    books = call.look(Reads({customer_id: 0, account_id(customer_id): 0}))
    if books.customer(customer_id) is None:
        raise NotFound("customer", customer_id)
    stream = books.stream(account_id(customer_id))
    own = [] if stream is None else stream.facts
    call.check_version(past, len(own), "account")
    facts = own if past.at_version is not None else _of_all_names(books, customer_id)
    counted = as_it_was(facts, past)
    entries = [{**entry(recorded), "position": recorded.position} for recorded in counted]
    wanted = [told for told in entries if _matches(told, call)]
    if asked.order == "newest":
        wanted.reverse()
    rows = behind(wanted, call.after(), "position")
    page = rows[: asked.limit]
    people = NOBODY if past else actors_known(call, [told["actor_id"] for told in page])
    reasons = {} if past else _reasons(call, page)

    def shown(told: Row) -> PointsRow:
        return shown_row(told, call.time_zone, people, reasons.get(told["position"]))

    version = max((fact.version for fact in counted if stream and fact.stream_id == stream.id), default=0)
    found = call.page(
        PointsPage,
        rows,
        key=lambda told: [told["position"]],
        shown=shown,
        position=position_of(call.ledger.recorder, past, facts, books.head.position),
        customer=_customer(call, books, customer_id, past),
        points=sum(told["points"] for told in entries),
        version=version,
    )
    return replace(found, version=version)


def _of_all_names(books: Books, customer_id: str) -> list[RecordedFact]:
    """The entries of a customer, and of those it absorbed, in recorded order."""
    names = books.names_of(customer_id)
    streams = [stream for name in names if (stream := books.stream(account_id(name))) is not None]
    return sorted((fact for stream in streams for fact in stream.facts), key=lambda fact: fact.position)


def _matches(told: Row, call: Query[PointsParameters]) -> bool:
    asked, on = call.parameters, local_day(told["effective_at"], call.time_zone)
    return (
        (asked.from_ is None or asked.from_ <= on)
        and (asked.to is None or on <= asked.to)
        and (not asked.action or told["action"] in asked.action)
        and asked.points in (None, told["points"])
    )


def _reasons(call: Query[Any], rows: Sequence[Row]) -> dict[int, str]:
    """The reasons by position, as far as the reader may see them."""
    wanted = {told["position"]: told["text_id"] for told in rows if told["text_id"]}
    if not wanted or not call.sees_people:
        return {}
    texts = {text.id: text.text for text in call.ledger.recorder.texts(sorted(wanted.values()))}
    return {position: texts.get(id, ERASED) for position, id in wanted.items()}


def _customer(call: Query[Any], books: Books, customer_id: str, past: Past) -> CustomerOnCard:
    """The customer of the account (S143). An answer about the past holds no text of the directory."""
    known = profile_of(books.person(customer_id)) if call.sees_people and not past else None
    return CustomerOnCard(
        id=customer_id,
        name=known.name if known else None,
        email=known.email if known else None,
        mobile=known.mobile if known else None,
    )


HANDLERS = (list_points,)
