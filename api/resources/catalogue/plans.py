"""Plans over HTTP: publishing, revising, retiring, and the list."""

from typing import Annotated

from pydantic import Field

from api.http.command_route import Command, CommandRequest, command
from api.http.ledger_types import Books
from api.http.new_values import NewId
from api.http.parsing import EmptyBody, Price
from api.http.permissions import MANAGERS, READERS_AND_CUSTOMERS
from api.http.query import Found, NoParameters, Page, Query
from api.http.query_route import query
from api.resources.catalogue.bodies import GivenLines
from api.resources.catalogue.offers import CatalogueLine, catalogue_lines
from api.resources.catalogue.services import CatalogueFilter
from domain.catalogue.commands import PublishPlan, ReinstatePlan, RetirePlan, RevisePlan
from domain.catalogue.facts import Period, PlanTerms, Sharing
from domain.decision import Reads
from domain.refusals import NotFound
from domain.use_cases.publish_plan import PUBLISH_PLAN
from domain.use_cases.reinstate_plan import REINSTATE_PLAN
from domain.use_cases.retire_plan import RETIRE_PLAN
from domain.use_cases.revise_plan import REVISE_PLAN
from domain.values import (
    UNITS_PER_PACKAGE_MAX,
    CancellationTerms,
    LocationId,
    Money,
    PlanId,
    Quantity,
    ThingName,
    Value,
)
from projections.engine.definition import Row
from projections.models.plans import plans


class PlanRevision(Value):
    """The terms of a plan as they are to be; what is left out, it does not have."""

    name: ThingName
    price: Price
    lines: GivenLines
    period: Period
    rollover_limit: Annotated[int, Field(ge=0, le=UNITS_PER_PACKAGE_MAX)] = 0
    """Unused units of a period that move into the next one, at most."""
    sharing: Sharing = "purchaser"
    cap_per_participant: Quantity | None = None
    cancellation: CancellationTerms | None = None
    locations: tuple[LocationId, ...] = ()


class PlanBody(PlanRevision):
    id: PlanId | None = None


class Plan(Value):
    id: NewId
    plan_version: int
    """Counts the revisions; a sale embeds the one it sold."""
    name: str
    price: Money
    lines: tuple[CatalogueLine, ...]
    period: Period
    rollover_limit: int
    sharing: Sharing
    cap_per_participant: int | None
    cancellation: CancellationTerms | None
    locations: tuple[str, ...]
    retired: bool
    version: int


def _plan_terms(call: Command[PlanBody] | Command[PlanRevision]) -> PlanTerms:
    body = call.body
    price = call.amount(body.price, "/price")
    assert price is not None, "a plan has a price"
    return PlanTerms(
        name=body.name,
        price=price,
        lines=body.lines,
        period=body.period,
        rollover_limit=body.rollover_limit,
        sharing=body.sharing,
        cap_per_participant=body.cap_per_participant,
        cancellation=body.cancellation,
        locations=body.locations,
    )


def shown_plan(books: Books, plan_id: str, currency: str) -> Plan:
    """Raises NotFound."""
    plan = books.plan(plan_id)
    if plan is None:
        raise NotFound("plan", plan_id)
    return _plan(plan_id, plan.version, plan.terms, plan.retired, books.version(plan_id), currency)


def _plan(id: str, plan_version: int, terms: PlanTerms, retired: bool, version: int, currency: str) -> Plan:
    return Plan(
        id=id,
        plan_version=plan_version,
        name=terms.name,
        price=Money(amount=terms.price, currency=currency),
        lines=catalogue_lines(terms.lines),
        period=terms.period,
        rollover_limit=terms.rollover_limit,
        sharing=terms.sharing,
        cap_per_participant=terms.cap_per_participant,
        cancellation=terms.cancellation,
        locations=terms.locations,
        retired=retired,
        version=version,
    )


@command(
    "/v1/plans",
    "plans.publish",
    "Publish a plan",
    roles=MANAGERS,
    body=PlanBody,
    answer=Plan,
    location="/v1/plans/{id}",
)
def publish_plan(call: Command[PlanBody]) -> CommandRequest:
    """A plan is a membership in the catalogue: the units and the price of each period, and how many may roll over."""
    id, currency = call.new("pln", call.body.id), call.currency
    terms = _plan_terms(call)
    return CommandRequest(
        PUBLISH_PLAN,
        PublishPlan(plan_id=id, plan=terms),
        lambda books, _: shown_plan(books, id, currency),
    )


@command(
    "/v1/plans/{plan_id}/revisions",
    "plans.revise",
    "Revise a plan; memberships that have started keep the terms they started with",
    roles=MANAGERS,
    body=PlanRevision,
    answer=Plan,
    codes=("offer-retired",),
)
def revise_plan(call: Command[PlanRevision]) -> CommandRequest:
    """Send all terms as they are to be: what is left out, the plan no longer has."""
    id, currency = call.id("plan_id"), call.currency
    terms = _plan_terms(call)
    return CommandRequest(
        REVISE_PLAN, RevisePlan(plan_id=id, plan=terms), lambda books, _: shown_plan(books, id, currency)
    )


@command(
    "/v1/plans/{plan_id}/retirement",
    "plans.retire",
    "Retire a plan: no membership of it starts any more, and those that run go on",
    roles=MANAGERS,
    body=EmptyBody,
    answer=Plan,
)
def retire_plan(call: Command[EmptyBody]) -> CommandRequest:
    """Retiring it again changes nothing."""
    id, currency = call.id("plan_id"), call.currency
    return CommandRequest(
        RETIRE_PLAN, RetirePlan(plan_id=id), lambda books, _: shown_plan(books, id, currency)
    )


@command(
    "/v1/plans/{plan_id}/reinstatement",
    "plans.reinstate",
    "Reinstate a plan: memberships start again, of its last version",
    roles=MANAGERS,
    body=EmptyBody,
    answer=Plan,
)
def reinstate_plan(call: Command[EmptyBody]) -> CommandRequest:
    """On the terms of its last revision. Nothing happens if it is not retired."""
    id, currency = call.id("plan_id"), call.currency
    return CommandRequest(
        REINSTATE_PLAN, ReinstatePlan(plan_id=id), lambda books, _: shown_plan(books, id, currency)
    )


@query(
    "/v1/plans/{plan_id}",
    "plans.show",
    "One plan",
    roles=READERS_AND_CUSTOMERS,
    nobodys=True,
    answer=Plan,
)
def show_plan(call: Query[NoParameters]) -> Found:
    """With the number of its revision. Also when it is retired."""
    id = call.id("plan_id")
    books = call.look(Reads({id: 0}))
    return call.thing(shown_plan(books, id, call.currency), books, id)


class PlanPage(Page[Plan]):
    pass


@query(
    "/v1/plans",
    "plans.list",
    "Plans, in the order they were published",
    roles=READERS_AND_CUSTOMERS,
    nobodys=True,
    answer=PlanPage,
    parameters=CatalogueFilter,
)
def list_plans(call: Query[CatalogueFilter]) -> Found:
    """All plans, or with `retired` only those that are or are not retired."""
    asked, currency = call.parameters, call.currency

    def shown(row: Row) -> Plan:
        terms = PlanTerms.model_validate_json(row["terms"])
        return _plan(row["plan_id"], row["plan_version"], terms, row["retired"], row["version"], currency)

    with call.snapshot("plans") as snapshot:
        rows = plans(snapshot, call.business_id, call.after(), asked.limit + 1, retired=asked.retired)
        return call.page(
            PlanPage, rows, key=lambda row: [row["position"]], shown=shown, position=snapshot.position
        )


HANDLERS = (publish_plan, revise_plan, retire_plan, reinstate_plan, show_plan, list_plans)
