"""Start a membership; a period that has begun is granted at once (S48)."""

from msgspec import structs

from domain.actor import Circumstances
from domain.catalogue.state import Plan
from domain.claims import plan_claims
from domain.decision import Books, Decision, NewStream, Peek, Reads, UseCase
from domain.membership.commands import RenewMembership, StartMembership
from domain.membership.start import Start, start
from domain.membership.state import evolve, period_package
from domain.use_cases.checks import check_unused, known_customer, known_plan
from domain.use_cases.offer_lines import service_ids
from domain.use_cases.one_membership import named_by, period_granted
from domain.use_cases.own_stream import id_in


def reads(command: StartMembership, business_id: str, peek: Peek) -> Reads:
    streams = [business_id, command.customer_id, command.plan_id, command.membership_id]
    streams.append(period_package(command.membership_id, 1))
    plan = peek(command.plan_id)
    streams += service_ids(plan.terms.lines) if isinstance(plan, Plan) else []
    return Reads(dict.fromkeys(streams, 0), counted=(plan_claims(command.customer_id, command.plan_id),))


def decide(command: StartMembership, books: Books, at: Circumstances) -> Decision:
    """The customer names it from now on. Raises IdTaken, NotFound, and what `start` and `renew` raise."""
    check_unused(books, command.membership_id)
    customer = known_customer(books, command.customer_id)
    started = start(command, Start(books.business, customer, known_plan(books, command.plan_id)), at)
    state, id = evolve(None, started), command.membership_id
    stream = NewStream("membership", id, command.customer_id)
    told = {command.customer_id: ("customer", [named_by(customer, id, renews=True)])}
    if not state.is_due(at.now):
        return Decision({id: ("membership", [started]), **told}, streams=(stream,))
    first = period_granted(state, RenewMembership(membership_id=id, period=1), books, at)
    _, renewed = first.facts[id]
    facts = {**first.facts, id: ("membership", [started, *renewed]), **told}
    return structs.replace(first, facts=facts, streams=(stream, *first.streams))


START_MEMBERSHIP = UseCase(StartMembership, reads, decide, id_in("membership_id"))
