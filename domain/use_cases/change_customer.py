"""Change a customer: profile, category and consents (S115, S126–S136)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, Peek, Reads, UseCase, one_stream
from domain.moments import local_day
from domain.people.commands import ChangeCustomer
from domain.people.facts import CustomerFact, ProfileChanged
from domain.people.profile import changes, profile_in, row
from domain.people.standing import categorised, consented
from domain.refusals import NotFound
from domain.use_cases.checks import known_customer
from domain.use_cases.directory_entries import Photos, counts_photos, named, with_entries
from domain.use_cases.own_stream import id_in


def reads(command: ChangeCustomer, business_id: str, peek: Peek) -> Reads:
    return Reads({command.customer_id: 0, business_id: 0}, counted=counts_photos(_photos(command)))


def decide(command: ChangeCustomer, books: Books, at: Circumstances) -> Decision:
    """Only what is given changes.

    Raises NotFound, CustomerIsErased, Invalid for an unknown category or photo or a bad value.
    """
    id = command.customer_id
    state, person = known_customer(books, id), books.person(id)
    if person is None:
        raise NotFound("customer", id)
    today = local_day(at.now, books.business.time_zone)
    fields, changed = changes(profile_in(person), command.changes, today)
    facts: list[CustomerFact] = [ProfileChanged(fields=fields)] if fields else []
    if "category" in command.model_fields_set:
        books.business.check_category(command.category)
        facts += categorised(state.category, command.category)
    facts += consented(state.consents, command.consents)
    entry = row(id, person.owner_id, changed)
    return with_entries(one_stream("customer", id, facts), id, [entry], _photos(command), books)


def _photos(command: ChangeCustomer) -> Photos:
    return named({"/photo": command.changes.get("photo")})


CHANGE_CUSTOMER = UseCase(ChangeCustomer, reads, decide, id_in("customer_id"))
