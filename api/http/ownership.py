"""Ownership: the one place that says which things belong to a customer.

A customer's key reaches its own customer and what belongs to it. Any other id is answered like an unknown
one. Each route names its roles. A route open to customers must name an owned thing, in its path or among its
parameters, or be marked `nobodys`, `of_caller` or `carries`; otherwise the application does not start. Commands
are checked where they are decided, on the books themselves (domain/use_cases/checks.py).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from api.http.ledger_types import Recorder
from api.http.path_ids import PATH_IDS
from api.http.request import Call
from api.http.route import Route
from domain.actor import Role
from domain.claims import bought_claims, redemption_claims
from domain.refusals import NotFound

P = TypeVar("P", bound=BaseModel)

Belongs = Callable[[Recorder, str, str], bool]
"""(recorder, customer, id) → whether the thing belongs to the customer."""


def _stream(kind: str) -> Belongs:
    return lambda recorder, customer_id, id: id in recorder.streams_of(customer_id, kind)


def _redemption(recorder: Recorder, customer_id: str, id: str) -> bool:
    own = recorder.streams_of(customer_id, "package")
    return not set(own).isdisjoint(recorder.claimants(redemption_claims(id)))


def _photo(recorder: Recorder, customer_id: str, id: str) -> bool:
    return any(person.owner_id == customer_id for person in recorder.people([id]))


OWNED: Mapping[str, Belongs] = {
    "customer_id": lambda recorder, customer_id, id: id == customer_id,
    "package_id": _stream("package"),
    "booking_id": _stream("booking"),
    "membership_id": _stream("membership"),
    "top_up_id": _stream("top_up"),
    "redemption_id": _redemption,
    "photo_id": _photo,
}
"""Parameter that names an owned thing → whether the thing belongs to a customer."""


def check_own(call: Call, *, payers: bool = False) -> None:
    """Raises NotFound for an id in the path that is not the customer's own. Reads the database.

    `payers`: whether a package is also open to the customer who paid for it.
    """
    for name in call.path:
        if name in OWNED:
            id = call.id(name)
            # Other names are looked up only for what is not the customer's by the name of the key.
            if not _owns(call, (call.caller.actor.id,), name, id, payers) and not _owns(
                call, call.own_names(), name, id, payers
            ):
                raise NotFound(PATH_IDS[name][1], id)


def _owns(call: Call, names: Iterable[str], name: str, id: str, payers: bool) -> bool:
    """Whether a thing belongs to a customer by one of these names."""
    recorder = call.ledger.recorder
    if any(OWNED[name](recorder, customer_id, id) for customer_id in names):
        return True
    return (
        payers
        and name == "package_id"
        and any(id in recorder.claimants(bought_claims(customer_id)) for customer_id in names)
    )


def only_own(call: Call, parameters: P) -> P:
    """The parameters of a list over customers, narrowed to the customer who asks.

    Raises NotFound if another customer is named.
    """
    if "customer_id" not in type(parameters).model_fields:
        return parameters
    own = call.caller.actor.id
    named: tuple[str, ...] = parameters.model_dump()["customer_id"]
    if others := [id for id in named if id != own]:
        names = call.own_names()
        if foreign := [id for id in others if id not in names]:
            raise NotFound("customer", foreign[0])
    return parameters.model_copy(update={"customer_id": (own,)})


def refuse_unowned(routes: Iterable[Route]) -> None:
    """Raises TypeError for a route open to customers that names no owned thing and is not marked."""
    unsaid = [route.operation for route in routes if is_open(route) and not _says_whose(route)]
    if unsaid:
        raise TypeError(f"nothing says whose it is: {', '.join(sorted(unsaid))}")


def is_open(route: Route) -> bool:
    """Whether the route is open to customers' keys."""
    return route.roles is not None and Role.CUSTOMER in route.roles


def _says_whose(route: Route) -> bool:
    if route.nobodys or route.of_caller or route.carries:
        return True
    models: list[Any] = [model for model in (route.body, route.parameters) if model is not None]
    named = {*route.path_parameters, *(name for model in models for name in model.model_fields)}
    return not named.isdisjoint(OWNED)
