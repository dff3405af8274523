"""A membership as its facts make it: its terms, its present period, a pause, an end."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Literal, assert_never

from domain.catalogue.facts import PlanTerms
from domain.membership.facts import (
    MembershipEnded,
    MembershipFact,
    MembershipPaused,
    MembershipRenewed,
    MembershipResumed,
    MembershipStarted,
)
from domain.moments import local_day, start_of
from domain.package.expiry import Expiry
from domain.updated import updated

DAYS_AT_LEAST = {"days": 1, "weeks": 7, "months": 28, "years": 365}
"""Of one unit of a period."""
MembershipStatus = Literal["upcoming", "active", "paused", "ended"]


@dataclass(frozen=True)
class Membership:
    customer_id: str
    plan_id: str
    plan_version: int
    plan: PlanTerms
    time_zone: str
    starts_on: date
    beneficiaries: tuple[str, ...]
    location_id: str | None
    period: int = 0
    """The number of the present period; 0 before the first one is granted."""
    package_id: str | None = None
    """The package of the present period."""
    period_starts_on: date | None = None
    ends_on: date | None = None
    """The last day of the present period, without a pause that no fact has ended."""
    counted_from: date | None = None
    counted: int = 0
    paused_on: date | None = None
    paused_until: date | None = None
    """The last day of a pause that no fact has ended. The clock may have ended it."""
    ending: Literal["now", "period_end"] | None = None
    latest_at: datetime = datetime.min
    """The latest `effective_at` of its facts."""
    version: int = 1

    @property
    def expiry(self) -> Expiry:
        """The end of the period, moved by a pause as a freeze moves that of a package."""
        return Expiry(self.ends_on, self.time_zone, self.paused_on, self.paused_until)

    @property
    def renews(self) -> bool:
        """Whether it goes on after its present period."""
        return self.ending is None

    @property
    def next_at(self) -> datetime | None:
        """The moment at which the next period begins; None: it does not, as the membership ends before."""
        if not self.renews:
            return None
        return start_of(self.starts_on, self.time_zone) if self.period == 0 else self.expiry.valid_until

    @property
    def paused_until_day(self) -> date:
        assert self.paused_until is not None, "a pause has a last day"
        return self.paused_until

    def periods_behind(self, moment: datetime) -> int:
        """No fewer than the periods that have begun and wait for their package; pauses may make it too many."""
        if self.next_at is None or self.next_at > moment:
            return 0
        days = self.plan.period.count * DAYS_AT_LEAST[self.plan.period.unit]
        return (moment - self.next_at).days // days + 1

    def is_due(self, moment: datetime) -> bool:
        """Whether the next period has begun, and waits for its package."""
        return self.next_at is not None and self.next_at <= moment

    def status(self, moment: datetime) -> MembershipStatus:
        """A renewal that is late leaves it active."""
        return membership_status(self.period, self.ending, self.expiry, moment)


def membership_status(period: int, ending: str | None, expiry: Expiry, moment: datetime) -> MembershipStatus:
    """ended > upcoming > paused > active."""
    if ending == "now" or (ending == "period_end" and expiry.has_passed(moment)):
        return "ended"
    if period == 0:
        return "upcoming"
    return "paused" if expiry.is_frozen(local_day(moment, expiry.zone)) else "active"


def period_package(membership_id: str, period: int) -> str:
    """The id of the package of a period: the same, wherever and however often the period is granted."""
    return "pkg_" + sha256(f"{membership_id}/{period}".encode()).hexdigest()[:40]


def rollover_id(membership_id: str, period: int, line: int) -> str:
    """The id under which units of a line move into a period."""
    return "trf_" + sha256(f"{membership_id}/{period}/{line}".encode()).hexdigest()[:40]


def evolve(state: Membership | None, fact: MembershipFact) -> Membership:
    """The membership after one more fact."""
    if isinstance(fact, MembershipStarted):
        return Membership(
            customer_id=fact.customer_id,
            plan_id=fact.plan_id,
            plan_version=fact.plan_version,
            plan=fact.plan,
            time_zone=fact.time_zone,
            starts_on=fact.starts_on,
            beneficiaries=fact.beneficiaries,
            location_id=fact.location_id,
            latest_at=fact.effective_at,
        )
    assert state is not None, "a membership begins with membership.started"
    latest = max(state.latest_at, fact.effective_at)
    return updated(_changed(state, fact), version=state.version + 1, latest_at=latest)


def _changed(state: Membership, fact: MembershipFact) -> Membership:
    match fact:
        case MembershipRenewed():
            return updated(
                state,
                period=fact.period,
                package_id=fact.package_id,
                period_starts_on=fact.starts_on,
                ends_on=fact.ends_on,
                counted_from=fact.counted_from,
                counted=fact.counted,
            )
        case MembershipPaused():
            return updated(state, paused_on=fact.paused_on, paused_until=fact.until)
        case MembershipResumed():
            ending = None if fact.continues else state.ending
            return updated(state, paused_on=None, paused_until=None, ends_on=fact.ends_on, ending=ending)
        case MembershipEnded():
            return updated(state, ending=fact.at)
        case MembershipStarted():
            raise AssertionError("a membership starts once")
        case _:
            assert_never(fact)


def next_first_day(state: Membership, today: date) -> date:
    """The first day of the next period, as the pause stands on `today`."""
    last = state.expiry.on(today)
    return state.starts_on if last is None else last + timedelta(days=1)
