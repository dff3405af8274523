"""The facts of a membership: its start, its periods, pauses and its end."""

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from domain.catalogue.facts import PlanTerms
from domain.fact import Fact
from domain.moments import Day
from domain.package.fact_parts import EffectiveFact
from domain.values import (
    Amount,
    CustomerId,
    LocationId,
    PackageId,
    ParticipantId,
    PlanId,
    TextRef,
)

PeriodNumber = Annotated[int, Field(ge=1, le=100_000)]


class MembershipStarted(EffectiveFact):
    """A customer is in a plan, on its terms of that day, which later revisions do not change."""

    stored_name: ClassVar = "membership.started"
    customer_id: CustomerId
    plan_id: PlanId
    plan_version: int
    plan: PlanTerms
    time_zone: str
    starts_on: Day
    """The first day of the first period."""
    beneficiaries: tuple[ParticipantId, ...]
    location_id: LocationId | None = None


class MembershipRenewed(EffectiveFact):
    """A period began, the first one included; its package was granted in the same append."""

    stored_name: ClassVar = "membership.renewed"
    period: PeriodNumber
    package_id: PackageId
    starts_on: Day
    ends_on: Day
    """The last day."""
    counted_from: Day
    """The first day of a period from which later ones are counted by the calendar. A pause moves it."""
    counted: PeriodNumber
    """The number of this period, counted from that day."""
    rolled: int
    """Units that moved into it from the period before."""
    rolled_value: Amount


class MembershipPaused(EffectiveFact):
    stored_name: ClassVar = "membership.paused"
    paused_on: Day
    until: Day
    """The last day of the pause."""
    reason: TextRef | None = None


class MembershipResumed(EffectiveFact):
    """A pause is over, or an end that was announced is taken back."""

    stored_name: ClassVar = "membership.resumed"
    days: int
    """By which the end of the period moved."""
    ends_on: Day
    """The last day of the period."""
    continues: bool = False
    """Whether an end that was announced is taken back."""


class MembershipEnded(EffectiveFact):
    """It ends, at once or with its period: it is not renewed any more."""

    stored_name: ClassVar = "membership.ended"
    at: Literal["now", "period_end"]
    reason: TextRef


MembershipFact = (
    MembershipStarted | MembershipRenewed | MembershipPaused | MembershipResumed | MembershipEnded
)
FACTS: tuple[type[Fact], ...] = get_args(MembershipFact)
