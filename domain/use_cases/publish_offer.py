"""Publish an offer: a package as the catalogue sells it (S97, S105)."""

from domain.actor import Circumstances
from domain.catalogue.commands import PublishOffer
from domain.catalogue.facts import OfferPublished
from domain.catalogue.offers import check_lines
from domain.decision import Books, Decision, UseCase, one_stream
from domain.use_cases.checks import check_unused
from domain.use_cases.offer_lines import check_places, reads_offer, services_of
from domain.use_cases.own_stream import id_in


def decide(command: PublishOffer, books: Books, at: Circumstances) -> Decision:
    """Raises IdTaken, Invalid for an unknown location and for an unknown or retired service."""
    check_unused(books, command.offer_id)
    check_places(books, command.offer)
    check_lines(command.offer.lines, services_of(command.offer.lines, books))
    return one_stream("offer", command.offer_id, [OfferPublished(offer=command.offer)], new=True)


PUBLISH_OFFER = UseCase(PublishOffer, reads_offer, decide, id_in("offer_id"))
