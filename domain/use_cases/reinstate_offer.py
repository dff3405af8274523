"""Reinstate a retired offer: it is sold again, by the terms it had."""

from domain.actor import Circumstances
from domain.catalogue.commands import ReinstateOffer
from domain.catalogue.offers import reinstate_offer
from domain.decision import Books, Decision, UseCase, one_stream
from domain.use_cases.checks import known_offer
from domain.use_cases.own_stream import id_in, own


def decide(command: ReinstateOffer, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound."""
    offer = known_offer(books, command.offer_id)
    return one_stream("offer", command.offer_id, reinstate_offer(offer))


REINSTATE_OFFER = UseCase(ReinstateOffer, own("offer_id"), decide, id_in("offer_id"))
