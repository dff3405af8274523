"""Services over HTTP: defining, changing, retiring, and the list."""

from typing import Annotated

from pydantic import Field

from api.http.command_route import Command, CommandRequest, command
from api.http.ledger_types import Books
from api.http.new_values import NewId
from api.http.parsing import EmptyBody, MayBeAbsent, Price
from api.http.permissions import MANAGERS, READERS_AND_CUSTOMERS
from api.http.query import Found, ListParameters, NoParameters, Page, Query
from api.http.query_route import query
from domain.catalogue.commands import ChangeService, DefineService, ReinstateService, RetireService
from domain.catalogue.facts import ServiceTerms
from domain.decision import Reads
from domain.refusals import NotFound
from domain.use_cases.change_service import CHANGE_SERVICE
from domain.use_cases.define_service import DEFINE_SERVICE
from domain.use_cases.reinstate_service import REINSTATE_SERVICE
from domain.use_cases.retire_service import RETIRE_SERVICE
from domain.values import BasisPoints, Money, ServiceId, ThingName, Value
from projections.engine.definition import Row
from projections.models.services import services

Minutes = Annotated[int, Field(ge=1, le=24 * 60)]


class ServiceBody(Value):
    id: ServiceId | None = None
    name: ThingName
    service_type: ThingName
    duration_minutes: Minutes | None = None
    list_price: Price | None = None
    tax_rate: BasisPoints | None = None
    """In basis points, included in prices."""


class ServiceChanges(Value):
    """Only what is given changes; null takes a value away."""

    name: MayBeAbsent[ThingName] = None
    service_type: MayBeAbsent[ThingName] = None
    duration_minutes: Minutes | None = None
    list_price: Price | None = None
    tax_rate: BasisPoints | None = None


class Service(Value):
    id: NewId
    name: str
    service_type: str
    duration_minutes: int | None
    list_price: Money | None
    tax_rate: int | None
    retired: bool
    version: int


def shown_service(books: Books, service_id: str, currency: str) -> Service:
    """Raises NotFound."""
    service = books.service(service_id)
    if service is None:
        raise NotFound("service", service_id)
    return _service(service_id, service.terms, service.retired, books.version(service_id), currency)


def _service(id: str, terms: ServiceTerms, retired: bool, version: int, currency: str) -> Service:
    price = None if terms.list_price is None else Money(amount=terms.list_price, currency=currency)
    return Service(
        id=id,
        name=terms.name,
        service_type=terms.service_type,
        duration_minutes=terms.duration_minutes,
        list_price=price,
        tax_rate=terms.tax_rate,
        retired=retired,
        version=version,
    )


@command(
    "/v1/services",
    "services.define",
    "Define a service",
    roles=MANAGERS,
    body=ServiceBody,
    answer=Service,
    location="/v1/services/{id}",
)
def define_service(call: Command[ServiceBody]) -> CommandRequest:
    """A service is what units of a package are good for. Give the price of one session alone, so that the
    price of a mixed package can be spread over its units.
    """
    body, currency = call.body, call.currency
    id = call.new("svc", body.id)
    terms = ServiceTerms(
        name=body.name,
        service_type=body.service_type,
        duration_minutes=body.duration_minutes,
        list_price=call.amount(body.list_price, "/list_price"),
        tax_rate=body.tax_rate,
    )
    return CommandRequest(
        DEFINE_SERVICE,
        DefineService(service_id=id, service=terms),
        lambda books, _: shown_service(books, id, currency),
    )


@command(
    "/v1/services/{service_id}/changes",
    "services.change",
    "Change a service",
    roles=MANAGERS,
    body=ServiceChanges,
    answer=Service,
    codes=("offer-retired",),
    looks=True,
)
def change_service(call: Command[ServiceChanges]) -> CommandRequest:
    """Only what is sent changes; null takes a value away. Packages keep the name and price they were sold
    with.
    """
    id, currency = call.id("service_id"), call.currency
    books = call.frame.look(call.business_id, Reads({id: 0}))
    service = books.service(id)
    if service is None:
        raise NotFound("service", id)
    changes = {name: getattr(call.body, name) for name in call.body.model_fields_set}
    if "list_price" in changes:
        changes["list_price"] = call.amount(call.body.list_price, "/list_price")
    return CommandRequest(
        CHANGE_SERVICE,
        ChangeService(service_id=id, service=service.terms.model_copy(update=changes)),
        lambda books, _: shown_service(books, id, currency),
        made_from=books.version(id),
    )


@command(
    "/v1/services/{service_id}/retirement",
    "services.retire",
    "Retire a service: it is performed no more, what was sold of it stays good",
    roles=MANAGERS,
    body=EmptyBody,
    answer=Service,
)
def retire_service(call: Command[EmptyBody]) -> CommandRequest:
    """Units that were sold of it can still be used. Retiring it again changes nothing."""
    id, currency = call.id("service_id"), call.currency
    return CommandRequest(
        RETIRE_SERVICE, RetireService(service_id=id), lambda books, _: shown_service(books, id, currency)
    )


@command(
    "/v1/services/{service_id}/reinstatement",
    "services.reinstate",
    "Reinstate a service: it is performed again",
    roles=MANAGERS,
    body=EmptyBody,
    answer=Service,
)
def reinstate_service(call: Command[EmptyBody]) -> CommandRequest:
    """It can be booked and put into offers again. Nothing happens if it is not retired."""
    id, currency = call.id("service_id"), call.currency
    return CommandRequest(
        REINSTATE_SERVICE,
        ReinstateService(service_id=id),
        lambda books, _: shown_service(books, id, currency),
    )


@query(
    "/v1/services/{service_id}",
    "services.show",
    "One service",
    roles=READERS_AND_CUSTOMERS,
    nobodys=True,
    answer=Service,
)
def show_service(call: Query[NoParameters]) -> Found:
    """Also when it is retired."""
    id = call.id("service_id")
    books = call.look(Reads({id: 0}))
    return call.thing(shown_service(books, id, call.currency), books, id)


class CatalogueFilter(ListParameters):
    retired: bool | None = None


class ServicePage(Page[Service]):
    pass


@query(
    "/v1/services",
    "services.list",
    "Services, in the order they were defined",
    roles=READERS_AND_CUSTOMERS,
    nobodys=True,
    answer=ServicePage,
    parameters=CatalogueFilter,
)
def list_services(call: Query[CatalogueFilter]) -> Found:
    """All services, or with `retired` only those that are or are not retired."""
    asked, currency = call.parameters, call.currency

    def shown(row: Row) -> Service:
        terms = ServiceTerms.model_validate_json(row["terms"])
        return _service(row["service_id"], terms, row["retired"], row["version"], currency)

    with call.snapshot("services") as snapshot:
        rows = services(snapshot, call.business_id, call.after(), asked.limit + 1, retired=asked.retired)
        return call.page(
            ServicePage, rows, key=lambda row: [row["position"]], shown=shown, position=snapshot.position
        )


HANDLERS = (define_service, change_service, retire_service, reinstate_service, show_service, list_services)
