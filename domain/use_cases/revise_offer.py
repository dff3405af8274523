"""Revise an offer: the next version, for what is sold from then on (S98)."""

from domain.actor import Circumstances
from domain.catalogue.commands import ReviseOffer
from domain.catalogue.offers import revise_offer
from domain.decision import Books, Decision, UseCase, one_stream
from domain.use_cases.checks import known_offer
from domain.use_cases.offer_lines import reads_offer, services_of
from domain.use_cases.own_stream import id_in


def decide(command: ReviseOffer, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, OfferIsRetired, and Invalid for a line whose service is unknown or retired."""
    id, services = command.offer_id, services_of(command.offer.lines, books)
    return one_stream("offer", id, revise_offer(known_offer(books, id), id, command.offer, services))


REVISE_OFFER = UseCase(ReviseOffer, reads_offer, decide, id_in("offer_id"))
