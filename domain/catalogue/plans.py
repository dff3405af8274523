"""Revising a plan while it is sold, retiring it, and selling it again."""

from collections.abc import Mapping

from domain.catalogue.facts import PlanFact, PlanReinstated, PlanRetired, PlanRevised, PlanTerms
from domain.catalogue.offers import check_lines
from domain.catalogue.state import Plan, Service
from domain.refusals import OfferIsRetired


def revise_plan(
    plan: Plan, plan_id: str, terms: PlanTerms, services: Mapping[str, Service | None]
) -> list[PlanFact]:
    """The next version. Raises OfferIsRetired, and Invalid for a line whose service is unknown or retired."""
    if plan.retired:
        raise OfferIsRetired(plan_id)
    check_lines(terms.lines, services)
    return [] if terms == plan.terms else [PlanRevised(plan=terms, plan_version=plan.version + 1)]


def retire_plan(plan: Plan) -> list[PlanFact]:
    """No fact where it is retired already."""
    return [] if plan.retired else [PlanRetired()]


def reinstate_plan(plan: Plan) -> list[PlanFact]:
    """No fact where it is sold."""
    return [PlanReinstated()] if plan.retired else []
