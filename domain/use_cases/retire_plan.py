"""Retire a plan: no membership of it starts any more, and those that run go on."""

from domain.actor import Circumstances
from domain.catalogue.commands import RetirePlan
from domain.catalogue.plans import retire_plan
from domain.decision import Books, Decision, UseCase, one_stream
from domain.use_cases.checks import known_plan
from domain.use_cases.own_stream import id_in, own


def decide(command: RetirePlan, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound."""
    return one_stream("plan", command.plan_id, retire_plan(known_plan(books, command.plan_id)))


RETIRE_PLAN = UseCase(RetirePlan, own("plan_id"), decide, id_in("plan_id"))
