"""Register a customer: the household in the books, names and contacts in the directory (S112, S126–S136)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, NewStream, Peek, Reads, UseCase
from domain.moments import local_day
from domain.people.commands import RegisterCustomer
from domain.people.facts import Consents
from domain.people.household import registered
from domain.people.profile import new_profile, row
from domain.people.standing import categorised, consented
from domain.use_cases.checks import check_not_erased, check_services, check_unused
from domain.use_cases.customer_ref import claims_ref, counts_ref
from domain.use_cases.directory_entries import Photos, counts_photos, named, new_entries, with_entries
from domain.use_cases.own_stream import id_in


def reads(command: RegisterCustomer, business_id: str, peek: Peek) -> Reads:
    streams = {business_id: 0, command.customer_id: 0} | dict.fromkeys(_barred(command).values(), 0)
    refs = counts_ref(command.external_ref)
    return Reads(streams, counted=refs + counts_photos(_photos(command)))


def decide(command: RegisterCustomer, books: Books, at: Circumstances) -> Decision:
    """Raises CustomerIsErased, IdTaken, DuplicateExternalRef, Invalid for an unknown category, service or photo.

    Without a name the customer has no row in the directory.
    """
    id, entries = command.customer_id, []
    if "name" in command.profile:
        entries.append(row(id, id, new_profile(command.profile, local_day(at.now, books.business.time_zone))))
    check_not_erased(books.customer(id), id)
    check_unused(books, id)
    facts = [
        *registered(command),
        *categorised(None, command.category),
        *consented(Consents(), command.consents),
    ]
    books.business.check_category(command.category)
    check_services(books, _barred(command))
    decision = Decision(
        {id: ("customer", facts)},
        claims=claims_ref(command.external_ref, id, books),
        streams=(NewStream("customer", id, id),),
    )
    entries += new_entries(id, {each.participant_id: each.called for each in command.participants})
    return with_entries(decision, id, entries, _photos(command), books)


def _barred(command: RegisterCustomer) -> dict[str, str]:
    """The services that participants are barred from, by pointer in the command."""
    return {
        f"/participants/{n}/barred_services/{m}": id
        for n, each in enumerate(command.participants)
        for m, id in enumerate(each.barred_services)
    }


def _photos(command: RegisterCustomer) -> Photos:
    given: dict[str, object] = {"/photo": command.profile.get("photo")}
    for n, each in enumerate(command.participants):
        given[f"/participants/{n}/photo"] = each.called.photo if each.called else None
    return named(given)


REGISTER_CUSTOMER = UseCase(RegisterCustomer, reads, decide, id_in("customer_id"))
