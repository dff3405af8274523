"""Publish a plan: a membership as the catalogue sells it."""

from domain.actor import Circumstances
from domain.catalogue.commands import PublishPlan
from domain.catalogue.facts import PlanPublished
from domain.catalogue.offers import check_lines
from domain.decision import Books, Decision, UseCase, one_stream
from domain.use_cases.checks import check_unused
from domain.use_cases.offer_lines import check_places, reads_plan, services_of
from domain.use_cases.own_stream import id_in


def decide(command: PublishPlan, books: Books, at: Circumstances) -> Decision:
    """Raises IdTaken, Invalid for an unknown location and for an unknown or retired service."""
    check_unused(books, command.plan_id)
    check_places(books, command.plan)
    check_lines(command.plan.lines, services_of(command.plan.lines, books))
    return one_stream("plan", command.plan_id, [PlanPublished(plan=command.plan)], new=True)


PUBLISH_PLAN = UseCase(PublishPlan, reads_plan, decide, id_in("plan_id"))
