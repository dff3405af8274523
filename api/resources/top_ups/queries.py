"""Rules that top up, and the attempts that the payment system is to answer (S88–S90)."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from api.http.permissions import READERS_OR_OWN
from api.http.query import Found, ListParameters, NoParameters, Page, Query
from api.http.query_route import query
from api.resources.parts import ERASED
from api.resources.top_ups.answer import TopUpCharge, TopUpRule, shown_charge, shown_rule
from domain.decision import Reads
from domain.refusals import NotFound
from domain.top_up.state import AttemptStatus
from domain.values import CustomerId
from projections.engine.definition import Row
from projections.models.customers import CUSTOMERS
from projections.models.top_up_attempts import attempts
from projections.queries.merged import as_owned, with_other_names


@query(
    "/v1/top-ups/{top_up_id}",
    "top_ups.show",
    "One rule that tops up, with its latest attempt",
    roles=READERS_OR_OWN,
    answer=TopUpRule,
)
def show_rule(call: Query[NoParameters]) -> Found:
    """Also when it was removed. `hindered_by` tells why a fall would open no attempt now."""
    id = call.id("top_up_id")
    rule = call.look(Reads({id: 0})).top_up(id)
    if rule is None:
        raise NotFound("rule that tops up", id)
    books = call.look(_reads(call, (id,), rule.customer_id, (rule.offer_id,)))
    body = shown_rule(books, id, call.frame.carnet.clock())
    return Found(body, books.head.position, books.version(id))


def _reads(call: Query[Any], ids: Sequence[str], customer_id: str, offers: Sequence[str]) -> Reads:
    """What rules are shown with: the business, the customer and its packages, the offers."""
    streams = dict.fromkeys((call.business_id, customer_id, *ids, *offers), 0)
    return Reads(streams, packages_of=(customer_id,))


class TopUpRulePage(Page[TopUpRule]):
    pass


@query(
    "/v1/customers/{customer_id}/top-ups",
    "top_ups.list_of_customer",
    "The rules that top up a customer's packages, oldest first",
    roles=READERS_OR_OWN,
    answer=TopUpRulePage,
    parameters=ListParameters,
)
def list_rules(call: Query[ListParameters]) -> Found:
    """Removed ones too."""
    customer_id = call.id("customer_id")
    names = call.look(Reads({customer_id: 0})).names_of(customer_id)
    ids = [id for name in names for id in call.ledger.recorder.streams_of(name, "top_up")]
    first = call.look(Reads(dict.fromkeys((customer_id, *ids), 0)))
    if first.customer(customer_id) is None:
        raise NotFound("customer", customer_id)
    found = (first.top_up(id) for id in ids)
    offers = [rule.offer_id for rule in found if rule is not None]
    books, now = call.look(_reads(call, ids, customer_id, offers)), call.frame.carnet.clock()
    (after,) = call.after() or (0,)
    return call.page(
        TopUpRulePage,
        list(enumerate(ids, 1))[after:],
        key=lambda numbered: [numbered[0]],
        shown=lambda numbered: shown_rule(books, numbered[1], now),
        position=books.head.position,
    )


class AttemptFilter(ListParameters):
    """Filters combine with AND."""

    status: Annotated[tuple[AttemptStatus, ...], Field(max_length=5)] = ()
    customer_id: Annotated[tuple[CustomerId, ...], Field(max_length=50)] = ()
    due: bool = False
    """Only those that are to be charged now: open, and not waiting for their next try."""


class TopUpChargePage(Page[TopUpCharge]):
    pass


@query(
    "/v1/top-up-attempts",
    "top_ups.list_attempts",
    "Attempts to top up, oldest first: what the payment system is to charge",
    roles=READERS_OR_OWN,
    answer=TopUpChargePage,
    parameters=AttemptFilter,
)
def list_attempts(call: Query[AttemptFilter]) -> Found:
    """The payment system asks with `due=true`, charges the saved card, and answers each attempt. The same attempts
    stand in the feed of facts as `top_up.triggered`; `top_up.settled` is what the customer is notified of.
    """
    asked, now = call.parameters, call.frame.carnet.clock()
    with call.snapshot("top_up_attempts", CUSTOMERS.name) as snapshot:
        found = attempts(
            snapshot,
            call.business_id,
            call.after(),
            asked.limit + 1,
            now,
            status=asked.status,
            customer_id=with_other_names(snapshot, call.business_id, asked.customer_id),
            due=asked.due,
        )
        rows = as_owned(snapshot, call.business_id, found)
        position = snapshot.position
    reasons = _reasons(call, rows)
    return call.page(
        TopUpChargePage,
        rows,
        key=lambda row: [row["position"]],
        shown=lambda row: shown_charge(row, now, call.time_zone, reasons.get(row["reason_id"])),
        position=position,
    )


def _reasons(call: Query[Any], rows: Sequence[Row]) -> dict[str | None, str]:
    """The reasons of failures by text id, as far as the reader may see them."""
    wanted = sorted({row["reason_id"] for row in rows if row["reason_id"]})
    if not wanted or not call.sees_people:
        return {}
    texts = {text.id: text.text for text in call.ledger.recorder.texts(wanted)}
    return {id: texts.get(id, ERASED) for id in wanted}


HANDLERS = (show_rule, list_rules, list_attempts)
