"""What is asked of plans and memberships."""

from datetime import date

from domain.catalogue.commands import PublishPlan, ReinstatePlan, RetirePlan, RevisePlan
from domain.catalogue.facts import OfferLine, Period, PlanTerms
from domain.membership.commands import (
    EndMembership,
    PauseMembership,
    RenewMembership,
    ResumeMembership,
    StartMembership,
)
from domain.values import CancellationTerms
from tests.model.almanac import moved
from tests.model.desk import LOCATIONS, OFTEN, QUANTITIES, Asked, Desk
from tests.model.members import Club
from tests.model.plain import Offer

LATE = 3
"""How much more often a membership is ended with its period than at once."""


def first(customer: str, services: tuple[str, ...]) -> list[Asked]:
    """A plan and a membership that begins today."""
    club = Club(Offer("Club", 16_000, ((3, services),), sharing="household"), (1, "months"), 2)
    plan_id, id = "pln_club", "mem_one"
    starting = StartMembership(membership_id=id, plan_id=plan_id, customer_id=customer)
    return [
        Asked(
            PublishPlan(plan_id=plan_id, plan=_terms(club)),
            lambda books, _: books.members.publish(plan_id, club),
            plan_id,
        ),
        Asked(
            starting,
            lambda books, asking: books.members.start(asking, id, plan_id, customer, None, (), None),
            id,
        ),
    ]


def plan(desk: Desk) -> Asked:
    known = list(desk.books.members.clubs)
    kind = desk.one_of("publish", "publish", "revise", "revise", "retire", "reinstate", "reinstate")
    id = desk.new("pln", known) if kind == "publish" else desk.among("pln", known)
    if kind == "retire":
        return Asked(RetirePlan(plan_id=id), lambda books, _: books.members.retire(id, True), id)
    if kind == "reinstate":
        return Asked(ReinstatePlan(plan_id=id), lambda books, _: books.members.retire(id, False), id)
    club = _club(desk)
    terms = _terms(club)
    if kind == "revise":
        revising = RevisePlan(plan_id=id, plan=terms)
        return Asked(revising, lambda books, _: books.members.revise(id, club), id)
    return Asked(PublishPlan(plan_id=id, plan=terms), lambda books, _: books.members.publish(id, club), id)


def _club(desk: Desk) -> Club:
    number = desk.one_of(1, 1, 2)
    lines = tuple((desk.one_of(*QUANTITIES), desk.services(2)) for _ in range(number))
    grants = Offer(
        name=desk.one_of("Club", "Silver 💆"),
        price=desk.one_of(0, 7, 1_000, 9_999, 45_000),
        lines=lines,
        sharing=desk.one_of("purchaser", "household"),
        cap=desk.one_of(None, None, 1, 3),
        locations=desk.one_of((), (), (), (), (), LOCATIONS[:1], ("loc_unknown",)),
        terms=desk.terms(),
    )
    period = desk.one_of((1, "months"), (1, "months"), (1, "months"), (4, "weeks"), (1, "years"))
    return Club(grants, period, desk.one_of(0, 1, 2, 2, 3, 10))


def _terms(club: Club) -> PlanTerms:
    grants, (count, unit) = club.grants, club.period
    terms = grants.terms
    return PlanTerms(
        name=grants.name,
        price=grants.price,
        lines=tuple(OfferLine(quantity=quantity, services=services) for quantity, services in grants.lines),
        period=Period.model_validate({"count": count, "unit": unit}),
        rollover_limit=club.rolls,
        sharing="household" if grants.sharing == "household" else "purchaser",
        cap_per_participant=grants.cap,
        cancellation=terms and CancellationTerms.model_validate({"notice_hours": terms[0], "late": terms[1]}),
        locations=grants.locations,
    )


def start(desk: Desk) -> Asked:
    """Where there is no plan, one is published."""
    if not desk.books.members.clubs:
        return plan(desk)
    id, customer = desk.new("mem", list(desk.books.members.members)), desk.customer_id()
    of = desk.among("pln", list(desk.books.members.clubs))
    first, people = _first_day(desk), _people(desk, customer)
    location = desk.one_of(*[None] * OFTEN, *LOCATIONS, "loc_unknown")
    command = StartMembership(
        membership_id=id,
        plan_id=of,
        customer_id=customer,
        starts_on=first,
        beneficiaries=people,
        location_id=location,
    )
    return Asked(
        command,
        lambda books, asking: books.members.start(asking, id, of, customer, first, people, location),
    )


def _first_day(desk: Desk) -> date | None:
    days = desk.one_of(*[None] * OFTEN, 0, -1, -1, -20, -29, -40, -400, 1, 7, 31, 366, 367)
    return None if days is None else moved(desk.today, days)


def _people(desk: Desk, customer: str) -> tuple[str, ...]:
    known = desk.books.customers.get(customer)
    everybody = list(known.people) if known else []
    return desk.one_of((), (), (), tuple(everybody[-1:]), tuple(everybody), ("par_unknown",))


def _running(desk: Desk) -> str:
    members = desk.books.members.members
    running = [id for id, member in members.items() if member.status(desk.now) == "active"]
    return desk.one_of(*running * OFTEN, _id(desk))


def _id(desk: Desk) -> str:
    return desk.among("mem", list(desk.books.members.members))


def renew(desk: Desk) -> Asked:
    """Often one that is due."""
    members = desk.books.members.members
    due = [id for id, member in members.items() if member.is_due(desk.now)]
    id = desk.one_of(*due * OFTEN, _id(desk))
    next_one = members[id].period + 1 if id in members else 1
    period = desk.one_of(None, next_one, next_one, max(1, next_one - 1), next_one + 1)
    command = RenewMembership(membership_id=id, period=period)
    return Asked(command, lambda books, asking: books.members.renew(asking, id, period), id)


def pause(desk: Desk) -> Asked:
    id, until = _running(desk), moved(desk.today, desk.one_of(0, 1, 7, 7, 31, 366, 367, -1))
    command = PauseMembership(membership_id=id, until=until, reason=desk.wording())
    return Asked(command, lambda books, asking: books.members.pause(asking, id, until), id)


def resume(desk: Desk) -> Asked:
    """Often one that is paused, or is to end."""
    members = desk.books.members.members
    waiting = [id for id, member in members.items() if member.pause or member.ending == "period_end"]
    id = desk.one_of(*waiting * OFTEN, _id(desk))
    command = ResumeMembership(membership_id=id)
    return Asked(command, lambda books, asking: books.members.resume(asking, id), id)


def end(desk: Desk) -> Asked:
    id, release = _id(desk), desk.one_of(True, False)
    at = "now" if desk.one_of(True, *[False] * LATE) else "period_end"
    command = EndMembership.model_validate(
        {"membership_id": id, "at": at, "release_holds": release, "reason": desk.wording()}
    )
    return Asked(command, lambda books, asking: books.members.end(asking, id, at, release), id)
