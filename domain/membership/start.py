"""The start of a membership: on the terms of the plan as it stands, today, earlier or later."""

from dataclasses import dataclass
from datetime import date, timedelta

from domain.actor import Circumstances
from domain.business.state import Business
from domain.business.zones import desk_zone
from domain.catalogue.state import Plan
from domain.membership.commands import StartMembership
from domain.membership.facts import MembershipStarted
from domain.moments import local_day, start_of
from domain.package.checks import check_moment, earliest_in
from domain.package.sale import check_may_buy
from domain.package.sharing import check_beneficiaries
from domain.people.state import Customer
from domain.refusals import Invalid, LimitReached, OfferIsRetired

AHEAD_DAYS_MAX = 366
"""How many days ahead a membership may start."""
MEMBERSHIPS_MAX = 20
"""Memberships of one customer that renew."""


@dataclass(frozen=True, slots=True)
class Start:
    """The states a start is decided on, beside the command."""

    business: Business
    customer: Customer
    plan: Plan


def start(command: StartMembership, seen: Start, at: Circumstances) -> MembershipStarted:
    """Raises CustomerIsBlocked, CustomerIsInactive, OfferIsRetired, Invalid (day, location, beneficiary),
    EffectiveAtOutOfRange, BackDatingNotAllowed, LimitReached."""
    check_may_buy(command.customer_id, seen.customer)
    if len(seen.customer.memberships) >= MEMBERSHIPS_MAX:
        raise LimitReached("memberships", MEMBERSHIPS_MAX)
    if seen.plan.retired:
        raise OfferIsRetired(command.plan_id)
    seen.business.check_location(command.location_id)
    zone = desk_zone(seen.business, at, command.location_id)
    today = local_day(at.now, zone)
    starts_on = command.starts_on or today
    moment = at.now
    if starts_on < today:
        moment = check_moment(start_of(starts_on, zone), earliest_in(zone), at, zone)
    _check_not_too_far(starts_on, today)
    return MembershipStarted(
        effective_at=moment,
        customer_id=command.customer_id,
        plan_id=command.plan_id,
        plan_version=seen.plan.version,
        plan=seen.plan.terms,
        time_zone=zone,
        starts_on=starts_on,
        beneficiaries=check_beneficiaries(command.beneficiaries, seen.customer, at.now),
        location_id=command.location_id,
    )


def _check_not_too_far(starts_on: date, today: date) -> None:
    latest = today + timedelta(days=AHEAD_DAYS_MAX)
    if starts_on > latest:
        raise Invalid("/starts_on", "out-of-range", f"must not lie after {latest}")
