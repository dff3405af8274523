"""Customers by their e-mail address: those who are active, a merged one as the survivor."""

from api.http.ledger_types import Carnet
from domain.decision import Reads
from domain.people.name_search import email_word
from domain.people.profile import profile_in

FOUND_MAX = 20


def active_by_email(carnet: Carnet, business_id: str, email: str) -> list[str]:
    """Their ids in order, of at most 20 that are looked at. Case does not matter. Raises LedgerUnavailable."""
    ledger = carnet.ledger(business_id)
    found = ledger.recorder.search((email_word(email),), "", FOUND_MAX)
    if not found:
        return []
    books = ledger.look(Reads(dict.fromkeys(found, 0)))
    ids = set()
    for id in found:
        customer, person = books.customer(id), books.person(id)
        if customer is not None and customer.active and person is not None:
            known = profile_in(person).email
            if known is not None and email_word(known) == email_word(email):
                ids.add(books.survivor_of(id))
    return sorted(ids)
