"""Revise a plan: the next version, for memberships that start from then on."""

from domain.actor import Circumstances
from domain.catalogue.commands import RevisePlan
from domain.catalogue.plans import revise_plan
from domain.decision import Books, Decision, UseCase, one_stream
from domain.use_cases.checks import known_plan
from domain.use_cases.offer_lines import check_places, reads_plan, services_of
from domain.use_cases.own_stream import id_in


def decide(command: RevisePlan, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, OfferIsRetired, Invalid for an unknown location and for an unknown or retired service."""
    id, services = command.plan_id, services_of(command.plan.lines, books)
    plan = known_plan(books, id)
    check_places(books, command.plan)
    return one_stream("plan", id, revise_plan(plan, id, command.plan, services))


REVISE_PLAN = UseCase(RevisePlan, reads_plan, decide, id_in("plan_id"))
