"""Commands on memberships: starting, renewing, pausing, resuming, ending.

Each answers the membership as it is then. The price of a period is paid on its package.
"""

from typing import Annotated, Literal

from pydantic import Field

from api.http.command_route import Command, CommandRequest, command
from api.http.parsing import EmptyBody
from api.http.permissions import DESK, MANAGERS
from api.resources.memberships.answer import Membership, membership_in_books
from api.resources.texts import wording
from domain.membership.commands import (
    EndMembership,
    PauseMembership,
    RenewMembership,
    ResumeMembership,
    StartMembership,
)
from domain.membership.facts import PeriodNumber
from domain.moments import Day
from domain.people.facts import PARTICIPANTS_MAX
from domain.use_cases.end_membership import END_MEMBERSHIP
from domain.use_cases.pause_membership import PAUSE_MEMBERSHIP
from domain.use_cases.renew_membership import RENEW_MEMBERSHIP
from domain.use_cases.resume_membership import RESUME_MEMBERSHIP
from domain.use_cases.start_membership import START_MEMBERSHIP
from domain.values import CustomerId, LocationId, LongText, MembershipId, ParticipantId, PlanId, Value


class MembershipBody(Value):
    id: MembershipId | None = None
    plan_id: PlanId
    customer_id: CustomerId
    starts_on: Day | None = None
    """The first day of the first period. If absent, today."""
    beneficiaries: Annotated[tuple[ParticipantId, ...], Field(max_length=PARTICIPANTS_MAX)] = ()
    """Participants it is for; if none is named, the customer in person."""
    location_id: LocationId | None = None


class RenewalBody(Value):
    period: PeriodNumber | None = None
    """The number of the period to grant; one that is granted already changes nothing. If absent, the next one."""


class PauseBody(Value):
    until: Day
    """The last day of the pause."""
    reason: LongText


class EndingBody(Value):
    at: Literal["now", "period_end"] = "period_end"
    """With the present period, or at once; then its package is cancelled too."""
    release_holds: bool = False
    """Whether bookings that hold units of that package lose them."""
    reason: LongText


@command(
    "/v1/memberships",
    "memberships.start",
    "Start a membership of a customer",
    roles=DESK,
    body=MembershipBody,
    answer=Membership,
    location="/v1/memberships/{id}",
    codes=(
        "not-found",
        "offer-retired",
        "customer-blocked",
        "customer-inactive",
        "back-dating-not-allowed",
        "effective-at-out-of-range",
        "id-taken",
    ),
)
def start_membership(call: Command[MembershipBody]) -> CommandRequest:
    """It keeps the terms that the plan has today. If its first period has begun, its package is granted at once."""
    body = call.body
    asked = StartMembership(
        membership_id=call.new("mem", body.id),
        plan_id=body.plan_id,
        customer_id=body.customer_id,
        starts_on=body.starts_on,
        beneficiaries=body.beneficiaries,
        location_id=body.location_id,
    )
    id = asked.membership_id
    return CommandRequest(START_MEMBERSHIP, asked, lambda books, _: membership_in_books(books, id, call))


@command(
    "/v1/memberships/{membership_id}/renewals",
    "memberships.renew",
    "Grant the next period of a membership, if it has begun",
    roles=DESK,
    body=RenewalBody,
    answer=Membership,
    codes=("not-eligible", "customer-blocked", "customer-inactive", "limit-reached"),
)
def renew_membership(call: Command[RenewalBody]) -> CommandRequest:
    """One period, with its package and what rolls over into it. It may be asked for late, twice, or in two places;
    a membership that missed several periods is renewed once for each."""
    id = call.id("membership_id")
    asked = RenewMembership(membership_id=id, period=call.body.period)
    return CommandRequest(RENEW_MEMBERSHIP, asked, lambda books, _: membership_in_books(books, id, call))


@command(
    "/v1/memberships/{membership_id}/pause",
    "memberships.pause",
    "Pause a membership: no use meanwhile, and the end of its period moves",
    roles=MANAGERS,
    body=PauseBody,
    answer=Membership,
    codes=("not-eligible", "holds-outstanding", "package-frozen"),
)
def pause_membership(call: Command[PauseBody]) -> CommandRequest:
    """The package of the period is frozen with it. At most 366 days."""
    id = call.id("membership_id")
    asked = PauseMembership(membership_id=id, until=call.body.until, reason=wording(call, call.body.reason))
    return CommandRequest(PAUSE_MEMBERSHIP, asked, lambda books, _: membership_in_books(books, id, call))


@command(
    "/v1/memberships/{membership_id}/resume",
    "memberships.resume",
    "Resume a membership: end its pause, or take back an end that was announced",
    roles=MANAGERS,
    body=EmptyBody,
    answer=Membership,
    codes=("not-eligible",),
)
def resume_membership(call: Command[EmptyBody]) -> CommandRequest:
    """A pause ends today. Without one, a membership that was to end with its period goes on."""
    id = call.id("membership_id")
    asked = ResumeMembership(membership_id=id)
    return CommandRequest(RESUME_MEMBERSHIP, asked, lambda books, _: membership_in_books(books, id, call))


@command(
    "/v1/memberships/{membership_id}/ending",
    "memberships.end",
    "End a membership, with its period or at once",
    roles=MANAGERS,
    body=EndingBody,
    answer=Membership,
    codes=("not-eligible", "holds-outstanding"),
)
def end_membership(call: Command[EndingBody]) -> CommandRequest:
    """With its period: what was granted stays good, and is renewed no more. At once: what remains of it lapses."""
    body, id = call.body, call.id("membership_id")
    asked = EndMembership(
        membership_id=id, at=body.at, release_holds=body.release_holds, reason=wording(call, body.reason)
    )
    return CommandRequest(END_MEMBERSHIP, asked, lambda books, _: membership_in_books(books, id, call))


HANDLERS = (start_membership, renew_membership, pause_membership, resume_membership, end_membership)
