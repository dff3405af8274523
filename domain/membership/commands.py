"""Commands on a membership."""

from typing import Literal

from domain.membership.facts import PeriodNumber
from domain.moments import Day
from domain.values import CustomerId, LocationId, MembershipId, ParticipantId, PlanId, Value, Wording


class OnMembership(Value):
    """A command on one membership, which it names."""

    membership_id: MembershipId


class StartMembership(OnMembership):
    plan_id: PlanId
    customer_id: CustomerId
    starts_on: Day | None = None
    """None: today."""
    beneficiaries: tuple[ParticipantId, ...] = ()
    location_id: LocationId | None = None


class RenewMembership(OnMembership):
    """Grant one period. It may be asked for late, twice, or in two places."""

    period: PeriodNumber | None = None
    """The period to grant; None: the next one."""


class PauseMembership(OnMembership):
    until: Day
    reason: Wording


class ResumeMembership(OnMembership):
    """End a pause today, or take back an end that was announced."""


class EndMembership(OnMembership):
    at: Literal["now", "period_end"]
    release_holds: bool = False
    """Whether bookings that hold units of the present period lose them; only for `now`."""
    reason: Wording
