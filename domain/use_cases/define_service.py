"""Define a service: name, type, duration and the price of one session alone (S52, S140)."""

from domain.actor import Circumstances
from domain.catalogue.commands import DefineService
from domain.catalogue.facts import ServiceDefined
from domain.decision import Books, Decision, UseCase, one_stream
from domain.use_cases.checks import check_unused
from domain.use_cases.own_stream import id_in, own


def decide(command: DefineService, books: Books, at: Circumstances) -> Decision:
    """Raises IdTaken."""
    check_unused(books, command.service_id)
    return one_stream("service", command.service_id, [ServiceDefined(service=command.service)], new=True)


DEFINE_SERVICE = UseCase(DefineService, own("service_id"), decide, id_in("service_id"))
