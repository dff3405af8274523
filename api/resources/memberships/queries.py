"""Questions about memberships: one, now or in the past; lists across customers, and of one customer."""

from typing import Annotated

from pydantic import Field

from api.http.permissions import READERS_OR_OWN
from api.http.query import Found, ListParameters, Page, Query, TravelParameters
from api.http.query_route import query
from api.resources.customers.credits import check_known
from api.resources.memberships.answer import Membership, shown_membership
from domain.decision import Reads
from domain.membership.state import Membership as MembershipState
from domain.membership.state import MembershipStatus
from domain.refusals import NotFound
from domain.values import CustomerId, PlanId
from projections.models.memberships import membership_of
from projections.queries.memberships import READS, MembershipFilter, find_memberships
from replay.as_of import as_it_was, effective_at, judged_at, position_of

VALUES_MAX = 50
"""Values of one repeated parameter."""


@query(
    "/v1/memberships/{membership_id}",
    "memberships.show",
    "One membership",
    roles=READERS_OR_OWN,
    answer=Membership,
    parameters=TravelParameters,
)
def show_membership(call: Query[TravelParameters]) -> Found:
    """Now, or with `at_version`, `as_of` and `effective_as_of` as it was."""
    past, id = call.past(), call.id("membership_id")
    books = call.look(Reads({id: 0, call.business_id: 0}))
    stream = books.stream(id)
    if stream is None or not isinstance(stream.state, MembershipState):
        raise NotFound("membership", id)
    call.check_version(past, stream.version, "membership")
    facts = as_it_was(stream.facts, past, effective_at(stream.facts[0]))
    told = membership_of(facts)
    if told is None:
        raise NotFound("membership", id)
    told = call.look(Reads({id: 0, told["customer_id"]: 0})).owned(told)
    moment = judged_at(past, facts, call.frame.carnet.clock())
    position = position_of(call.ledger.recorder, past, stream.facts, books.head.position)
    answer, then = shown_membership(told, moment, call.currency), facts[-1].recorded_at
    return Found(
        answer,
        position,
        told["version"],
        is_as_tagged=lambda: bool(past) or shown_membership(told, then, call.currency) == answer,
    )


class MembershipPage(Page[Membership]):
    pass


class CustomerMembershipParameters(ListParameters):
    """Filters combine with AND; a parameter that is repeated matches any of its values."""

    status: Annotated[tuple[MembershipStatus, ...], Field(max_length=VALUES_MAX)] = ()


class MembershipParameters(CustomerMembershipParameters):
    """Filters combine with AND; a parameter that is repeated matches any of its values."""

    customer_id: Annotated[tuple[CustomerId, ...], Field(max_length=VALUES_MAX)] = ()
    plan_id: Annotated[tuple[PlanId, ...], Field(max_length=VALUES_MAX)] = ()
    due: bool | None = None
    """Whether the next period has begun, and waits for its package."""


@query(
    "/v1/memberships",
    "memberships.list",
    "Memberships across customers, in the order they were started",
    roles=READERS_OR_OWN,
    answer=MembershipPage,
    parameters=MembershipParameters,
)
def list_memberships(call: Query[MembershipParameters]) -> Found:
    """All filters combine with AND; a repeated parameter matches any of its values."""
    asked = call.parameters
    return _found(call, MembershipFilter(asked.customer_id, asked.plan_id, asked.status, asked.due))


@query(
    "/v1/customers/{customer_id}/memberships",
    "memberships.list_of_customer",
    "The memberships of a customer, in the order they were started",
    roles=READERS_OR_OWN,
    answer=MembershipPage,
    parameters=CustomerMembershipParameters,
)
def list_memberships_of_customer(call: Query[CustomerMembershipParameters]) -> Found:
    """Also those that have ended, unless `status` says otherwise."""
    id = call.id("customer_id")
    check_known(call.look(Reads({id: 0})), id)
    return _found(call, MembershipFilter(customer_id=(id,), status=call.parameters.status))


def _found(
    call: Query[CustomerMembershipParameters] | Query[MembershipParameters], wanted: MembershipFilter
) -> Found:
    now, currency = call.frame.carnet.clock(), call.currency
    with call.snapshot(*READS) as snapshot:
        limit = call.parameters.limit + 1
        rows = find_memberships(snapshot, call.business_id, wanted, now=now, after=call.after(), limit=limit)
        return call.page(
            MembershipPage,
            rows,
            key=lambda row: [row["position"]],
            shown=lambda row: shown_membership(row, now, currency),
            position=snapshot.position,
        )


HANDLERS = (show_membership, list_memberships, list_memberships_of_customer)
