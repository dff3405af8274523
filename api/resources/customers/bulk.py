"""Bulk actions: one change of many customers, those of a selection or of a segment (S113).

Each customer is a command of its own, decided and answered for itself. The list of customers is fixed under the
request's key before the first of them is decided, so that a repeated request goes on where a killed one ended.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from litestar.concurrency import sync_to_thread
from pydantic import Field
from pydantic_core import from_json, to_json

from api.http.body import body_of
from api.http.command_route import Command, CommandParameters, created, dry_run, read_command
from api.http.ledger_types import RequestKey
from api.http.permissions import MANAGERS
from api.http.problems import Flaw, invalid
from api.http.request import HttpRequest
from api.http.responses import Reply
from api.http.route import Route, handler_of
from api.resources.customers.lists import filter_of
from api.resources.texts import wording_or_none
from domain.decision import Reads, UseCase
from domain.ledger.mapper import Meta
from domain.ledger.orders import Order
from domain.people.commands import (
    ActivateCustomer,
    BlockCustomer,
    ChangeCustomer,
    DeactivateCustomer,
    UnblockCustomer,
)
from domain.refusals import LimitReached, NotFound, Refused
from domain.use_cases.activate_customer import ACTIVATE_CUSTOMER
from domain.use_cases.block_customer import BLOCK_CUSTOMER
from domain.use_cases.change_customer import CHANGE_CUSTOMER
from domain.use_cases.deactivate_customer import DEACTIVATE_CUSTOMER
from domain.use_cases.unblock_customer import UNBLOCK_CUSTOMER
from domain.values import CategoryName, CustomerId, LongText, SegmentId, Value
from projections.engine.outage import told_as_unavailable
from projections.queries.customers import find_customers, reads

SELECTED_MAX = 1_000
"""Customers that a body may name."""
SEGMENT_MAX = 10_000
"""Customers of a segment that are changed by one request."""
AT_ONCE = 200
"""Commands that are decided and stored together."""

Action = Literal["activate", "deactivate", "block", "unblock", "categorise"]


class BulkBody(Value):
    action: Action
    customer_ids: Annotated[tuple[CustomerId, ...], Field(min_length=1, max_length=SELECTED_MAX)] | None = (
        None
    )
    """The selection; or `segment_id`."""
    segment_id: SegmentId | None = None
    """All who pass the filters of this segment, at most 10,000."""
    category: CategoryName | None = None
    """For `categorise`: one of the business's; null takes the customers out of any."""
    reason: LongText | None = None
    """For `block`."""


class BulkRow(Value):
    customer_id: str
    done: bool
    """Whether it is so now, also where it was so before."""
    code: str | None
    """Why not: the code of the refusal."""
    rule: str | None
    """Of a code that stands for several rules: which one, as its problem names it."""
    detail: str | None


class BulkAnswer(Value):
    action: Action
    customers: int
    done: int
    refused: int
    rows: tuple[BulkRow, ...]
    """One for each customer: in the order of the selection, or of the ids of a segment."""


BULK = Route(
    "POST",
    "/v1/customers/bulk",
    "customers.bulk",
    "Change many customers at once",
    MANAGERS,
    201,
    BulkBody,
    CommandParameters,
    BulkAnswer,
    writes=True,
    versioned=False,
    takes_long=True,
    codes=("not-found", "limit-reached", "projection-lagging", "projection-stopped"),
    description="Each customer is decided and answered for itself: one that is refused keeps no other from being"
    " changed. A repeated request gets the same answer, and goes on where an interrupted one ended.",
)


@handler_of(BULK)
async def bulk(request: HttpRequest) -> Reply:
    raw = await body_of(request)
    return await sync_to_thread(_answered, request, raw)


def _answered(request: HttpRequest, raw: bytes) -> Reply:
    call, key = read_command(request, raw, BulkBody)
    _check(call.body)
    if key is None:
        told = _told(call.body, list(_previewed(call, _customers(call))))
        return dry_run(call, told.model_dump(), [], call.ledger.recorder.head().position)
    chosen = RequestKey(f"{key.key}/customers", key.fingerprint)
    ids = from_json(call.ledger.answer_once(chosen, lambda: to_json(_customers(call)).decode()).body)
    done = call.ledger.answer_once(
        key, lambda: _told(call.body, list(_carried_out(call, key, ids))).model_dump_json()
    )
    return created(done, None)


def _check(body: BulkBody) -> None:
    """Raises validation-failed for members that do not go together."""
    given = body.model_fields_set
    if (body.customer_ids is None) == (body.segment_id is None):
        raise invalid([Flaw("/customer_ids", "missing", "is needed, or segment_id, and not both")])
    if ("category" in given) != (body.action == "categorise"):
        raise invalid([Flaw("/category", "not-allowed", "goes with categorise, and only with it")])
    if body.reason is not None and body.action != "block":
        raise invalid([Flaw("/reason", "not-allowed", "goes with block alone")])


def _customers(call: Command[BulkBody]) -> list[str]:
    """The ids to change, each once. Raises NotFound for the segment, LimitReached."""
    body = call.body
    if body.customer_ids is not None:
        return list(dict.fromkeys(body.customer_ids))
    business = call.frame.look(call.business_id, Reads({call.business_id: 0})).business
    segment = business.segments.get(body.segment_id or "")
    if segment is None or segment.removed:
        raise NotFound("segment", body.segment_id or "")
    filters = [filter_of(segment.filters)]
    # As fresh as what this caller may have just written.
    head = call.ledger.recorder.head().position
    with told_as_unavailable(), call.frame.reads.snapshot(call.business_id, reads(filters), head) as snapshot:
        rows = find_customers(snapshot, call.business_id, filters, None, SEGMENT_MAX + 1)
    if len(rows) > SEGMENT_MAX:
        raise LimitReached("bulk-customers", SEGMENT_MAX)
    return [row["customer_id"] for row in rows]


def _command(call: Command[BulkBody], id: str) -> tuple[UseCase[Any], Value]:
    body = call.body
    match body.action:
        case "activate":
            return ACTIVATE_CUSTOMER, ActivateCustomer(customer_id=id)
        case "deactivate":
            return DEACTIVATE_CUSTOMER, DeactivateCustomer(customer_id=id)
        case "block":
            return BLOCK_CUSTOMER, BlockCustomer(customer_id=id, reason=wording_or_none(call, body.reason))
        case "unblock":
            return UNBLOCK_CUSTOMER, UnblockCustomer(customer_id=id)
        case "categorise":
            return CHANGE_CUSTOMER, ChangeCustomer(customer_id=id, category=body.category)


def _order(call: Command[BulkBody], id: str, request: RequestKey | None) -> Order:
    use_case, asked = _command(call, id)
    return Order(use_case, asked, Meta(actor=call.caller.actor, request_id=call.request_id), request)


def _previewed(call: Command[BulkBody], ids: Sequence[str]) -> Iterator[BulkRow]:
    for id in ids:
        try:
            call.ledger.preview(_order(call, id, None))
            yield _row(id, None)
        except Refused as refusal:
            yield _row(id, refusal)


def _carried_out(call: Command[BulkBody], key: RequestKey, ids: Sequence[str]) -> Iterator[BulkRow]:
    """Raises LedgerUnavailable, Contention: the same request then goes on."""
    for at in range(0, len(ids), AT_ONCE):
        some = ids[at : at + AT_ONCE]
        orders = [_order(call, id, RequestKey(f"{key.key}/{id}", key.fingerprint)) for id in some]
        for id, result in zip(some, call.ledger.execute(orders), strict=True):
            yield _row(id, result if isinstance(result, Refused) else None)


def _row(id: str, refusal: Refused | None) -> BulkRow:
    if refusal is None:
        return BulkRow(customer_id=id, done=True, code=None, rule=None, detail=None)
    return BulkRow(
        customer_id=id, done=False, code=refusal.code, rule=refusal.broken_rule, detail=str(refusal)
    )


def _told(body: BulkBody, rows: Sequence[BulkRow]) -> BulkAnswer:
    done = sum(row.done for row in rows)
    return BulkAnswer(
        action=body.action, customers=len(rows), done=done, refused=len(rows) - done, rows=tuple(rows)
    )


HANDLERS = (bulk,)
