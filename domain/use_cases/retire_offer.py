"""Retire an offer: it is no longer sold, and sold packages stay as they are."""

from domain.actor import Circumstances
from domain.catalogue.commands import RetireOffer
from domain.catalogue.offers import retire_offer
from domain.decision import Books, Decision, UseCase, one_stream
from domain.use_cases.checks import known_offer
from domain.use_cases.own_stream import id_in, own


def decide(command: RetireOffer, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound."""
    return one_stream("offer", command.offer_id, retire_offer(known_offer(books, command.offer_id)))


RETIRE_OFFER = UseCase(RetireOffer, own("offer_id"), decide, id_in("offer_id"))
