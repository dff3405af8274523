"""Defining, changing and retiring a service."""

from typing import assert_never

from domain.catalogue.commands import ChangeService, DefineService, RetireService, ServiceCommand
from domain.catalogue.facts import ServiceChanged, ServiceDefined, ServiceFact, ServiceRetired
from domain.catalogue.state import Service
from domain.refusals import IdTaken, NotFound, OfferRetired


def decide_service(state: Service | None, command: ServiceCommand) -> list[ServiceFact]:
    """Raises IdTaken, NotFound, OfferRetired (a retired service is not changed)."""
    if isinstance(command, DefineService):
        if state is not None:
            raise IdTaken(command.service_id)
        return [ServiceDefined(service=command.service)]
    if state is None:
        raise NotFound("service", command.service_id)
    match command:
        case ChangeService():
            if state.retired:
                raise OfferRetired(command.service_id)
            return [] if command.service == state.terms else [ServiceChanged(service=command.service)]
        case RetireService():
            return [] if state.retired else [ServiceRetired()]
        case _:
            assert_never(command)
