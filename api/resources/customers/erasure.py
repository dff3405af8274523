"""Erasing a customer, and the proof that nothing is left."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from api.http.command_route import Command, CommandRequest, command
from api.http.ledger_types import Books
from api.http.new_values import NewMoment
from api.http.permissions import BOOKKEEPERS, OWNER
from api.http.query import Found, NoParameters, Query
from api.http.query_route import query
from api.resources.texts import wording
from domain.decision import Decision, Reads
from domain.moments import rfc3339
from domain.people.commands import EraseCustomer
from domain.people.facts import CustomerErased, RemovedRows
from domain.refusals import NotFound
from domain.use_cases.erase_customer import ERASE_CUSTOMER
from domain.values import RECORDED_AT, Value

REASON = "The customer was erased."
"""Of what is cancelled with it. It is kept nowhere: histories show that it was erased."""


class ErasureBody(Value):
    unused: Literal["cancel"] | None = None
    """cancel: what the customer can still use ends in the same step, without a refund: packages with units, bookings
    ahead, memberships, rules that top up. Left out: refused where there is any."""
    owing: Literal["keep"] | None = None
    """keep: what is owed stays in the books, and nobody can be asked for it. Left out: refused where anything is."""


class Ended(Value):
    """What ended with the erasure, by id."""

    packages: tuple[str, ...]
    bookings: tuple[str, ...]
    memberships: tuple[str, ...]
    top_ups: tuple[str, ...]


class CustomerErasure(Value):
    customer_id: str
    erased_at: NewMoment
    why: Literal["asked", "restored"]
    """restored: applied again after a restore of a backup that is older than the erasure."""
    removed: RemovedRows
    """Rows of personal data that were deleted, by place."""
    ended: Ended
    version: int


class ErasureReport(Value):
    customer_id: str
    erased_at: str
    why: Literal["asked", "restored"]
    removed: RemovedRows
    """Rows of personal data that were deleted, by place."""
    left: RemovedRows
    """Rows that are there now, counted when this is answered: all 0."""
    version: int


@command(
    "/v1/customers/{customer_id}/erasure",
    "customers.erase",
    "Erase a customer: the personal data goes, the books stay",
    roles=OWNER,
    body=ErasureBody,
    answer=CustomerErasure,
    codes=("erasure-outstanding",),
    looks=True,
    follows=lambda call, _: _end_keys(call),
)
def erase(call: Command[ErasureBody]) -> CommandRequest:
    """Names, contacts, dates, photos, notes, reasons, stored answers, e-mails and keys of the customer and of the
    household are deleted for good. Packages, bookings, points and totals stay under the id. A dry run shows what
    would go. Repeating a request that was about the customer answers `erased` from then on.
    """
    id, body = call.id("customer_id"), call.body
    asked = EraseCustomer(customer_id=id, unused=body.unused, owing=body.owing, reason=wording(call, REASON))
    return CommandRequest(ERASE_CUSTOMER, asked, lambda books, decision: _shown(id, books, decision))


def _shown(id: str, books: Books, decision: Decision) -> CustomerErasure:
    facts = [fact for made in decision.facts_of("customer").values() for fact in made]
    erased = [fact for fact in facts if isinstance(fact, CustomerErased)]
    ended = {kind: tuple(id for id, facts in decision.facts_of(kind).items() if facts) for kind in KINDS}
    return CustomerErasure(
        customer_id=id,
        erased_at=RECORDED_AT,
        why=erased[0].why,
        removed=_all_of(fact.removed for fact in erased),
        ended=Ended(
            packages=ended["package"],
            bookings=ended["booking"],
            memberships=ended["membership"],
            top_ups=ended["top_up"],
        ),
        version=books.version(id),
    )


def _all_of(removed: Iterable[RemovedRows]) -> RemovedRows:
    """The rows of all names of a customer together."""
    totals = Counter[str]()
    for rows in removed:
        totals.update(rows.model_dump())
    return RemovedRows.model_validate({place: totals[place] for place in RemovedRows.model_fields})


KINDS = ("package", "booking", "membership", "top_up")


def _end_keys(call: Command[ErasureBody]) -> None:
    """Let no key of the customer open anything here any more; the database has revoked them."""
    id, keys = call.id("customer_id"), call.frame.keys
    survivor = call.frame.look(call.business_id, Reads({id: 0})).survivor_of(id)
    names = call.frame.look(call.business_id, Reads({survivor: 0})).names_of(survivor)
    for key in call.frame.carnet.store.keys_of(call.business_id):
        if key.actor_id in names:
            keys.revoke(call.business_id, key.id)


@query(
    "/v1/customers/{customer_id}/erasure",
    "customers.erasure",
    "The erasure of a customer, and what is left of the personal data",
    roles=BOOKKEEPERS,
    answer=ErasureReport,
)
def show(call: Query[NoParameters]) -> Found:
    """Every place is searched again: `left` is 0 everywhere. A customer who was not erased has no erasure."""
    id = call.id("customer_id")
    books = call.look(Reads({id: 0}))
    customer, stream = books.customer(id), books.stream(id)
    if customer is None or stream is None or not customer.erased:
        raise NotFound("erasure", id)
    names, recorder = books.names_of(id), call.ledger.recorder
    last = [call.ledger.stream(name)[-1] for name in names]
    erased = [each.fact for each in last if isinstance(each.fact, CustomerErased)]
    assert len(erased) == len(names), "all names are erased together, and nothing follows"
    told = ErasureReport(
        customer_id=id,
        erased_at=rfc3339(last[0].recorded_at),
        why=erased[0].why,
        removed=_all_of(fact.removed for fact in erased),
        left=_all_of(RemovedRows.model_validate(recorder.personal_data(name)) for name in names),
        version=stream.version,
    )
    return Found(told, books.head.position, stream.version)


HANDLERS = (erase, show)
