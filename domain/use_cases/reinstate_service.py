"""Reinstate a retired service: it is performed again, by the terms it had."""

from domain.actor import Circumstances
from domain.catalogue.commands import ReinstateService
from domain.catalogue.services import reinstate_service
from domain.decision import Books, Decision, UseCase, one_stream
from domain.use_cases.checks import known_service
from domain.use_cases.own_stream import id_in, own


def decide(command: ReinstateService, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound."""
    service = known_service(books, command.service_id)
    return one_stream("service", command.service_id, reinstate_service(service))


REINSTATE_SERVICE = UseCase(ReinstateService, own("service_id"), decide, id_in("service_id"))
