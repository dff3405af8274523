"""Reinstate a retired plan: it is sold again, by the terms it had."""

from domain.actor import Circumstances
from domain.catalogue.commands import ReinstatePlan
from domain.catalogue.plans import reinstate_plan
from domain.decision import Books, Decision, UseCase, one_stream
from domain.use_cases.checks import known_plan
from domain.use_cases.own_stream import id_in, own


def decide(command: ReinstatePlan, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound."""
    plan = known_plan(books, command.plan_id)
    return one_stream("plan", command.plan_id, reinstate_plan(plan))


REINSTATE_PLAN = UseCase(ReinstatePlan, own("plan_id"), decide, id_in("plan_id"))
