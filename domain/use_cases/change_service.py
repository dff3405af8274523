"""Change a service; what was sold keeps the service as it was."""

from domain.actor import Circumstances
from domain.catalogue.commands import ChangeService
from domain.catalogue.services import change_service
from domain.decision import Books, Decision, UseCase, one_stream
from domain.use_cases.checks import known_service
from domain.use_cases.own_stream import id_in, own


def decide(command: ChangeService, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, OfferIsRetired."""
    id = command.service_id
    return one_stream("service", id, change_service(known_service(books, id), id, command.service))


CHANGE_SERVICE = UseCase(ChangeService, own("service_id"), decide, id_in("service_id"))
