"""Revise an offer: the next version, for what is sold from then on (S98)."""

from domain.actor import Circumstances
from domain.catalogue.commands import ReviseOffer
from domain.catalogue.offers import revise_offer
from domain.decision import Books, Decision, UseCase, one_stream
from domain.use_cases.checks import known_offer
from domain.use_cases.offer_lines import check_places, reads_offer, services_of
from domain.use_cases.own_stream import id_in


def decide(command: ReviseOffer, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, OfferIsRetired, Invalid for an unknown location and for an unknown or retired service."""
    id, services = command.offer_id, services_of(command.offer.lines, books)
    offer = known_offer(books, id)
    check_places(books, command.offer)
    return one_stream("offer", id, revise_offer(offer, id, command.offer, services))


REVISE_OFFER = UseCase(ReviseOffer, reads_offer, decide, id_in("offer_id"))
