"""Retire a service: it is no longer sold, and sold units stay usable."""

from domain.actor import Circumstances
from domain.catalogue.commands import RetireService
from domain.catalogue.services import retire_service
from domain.decision import Books, Decision, UseCase, one_stream
from domain.use_cases.checks import known_service
from domain.use_cases.own_stream import id_in, own


def decide(command: RetireService, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound."""
    return one_stream("service", command.service_id, retire_service(known_service(books, command.service_id)))


RETIRE_SERVICE = UseCase(RetireService, own("service_id"), decide, id_in("service_id"))
