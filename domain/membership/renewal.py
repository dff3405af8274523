"""The renewal of a membership: the package of its next period, and the units that roll over into it.

Both happen at the start of the period, however late they are recorded (docs/explanation/rules.md, Memberships).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.actor import Circumstances
from domain.business.state import Business
from domain.calendar_rules import ExpiryOnDate, add
from domain.catalogue.state import Service
from domain.fact import Fact
from domain.membership.checks import check_room, settled, today_for
from domain.membership.commands import RenewMembership
from domain.membership.facts import MembershipRenewed
from domain.membership.rollover import Rollover, rolled_lines, rollover
from domain.membership.state import Membership, next_first_day, period_package
from domain.moments import local_day, start_of
from domain.package.opening_facts import PeriodGranted
from domain.package.sale import check_may_buy
from domain.package.sold_lines import sold_lines
from domain.package.state import Package
from domain.people.state import Customer
from domain.refusals import Invalid, NotEligible


@dataclass(frozen=True, slots=True)
class Renewal:
    """The states a renewal is decided on, beside the command."""

    business: Business
    customer: Customer
    services: Mapping[str, Service | None]
    previous: Package | None
    """The package of the present period; None before the first one."""
    purchase_number: int


def renew(
    state: Membership, command: RenewMembership, seen: Renewal, at: Circumstances
) -> dict[str, tuple[str, list[Fact]]]:
    """Stream → (kind, facts) of the next period.

    Raises Invalid for a later period than the next, NotEligible where none is due, CustomerIsBlocked,
    CustomerIsInactive, LimitReached.
    """
    _check_is_due(state, command, at)
    check_may_buy(state.customer_id, seen.customer)
    first = next_first_day(state, today_for(state, at))
    moment = start_of(first, state.time_zone)
    if state.period == 0:
        moment = max(moment, state.latest_at)
    number = state.period + 1
    moved = rollover(command.membership_id, state, seen.previous, moment, at)
    renewed = _renewed(state, command.membership_id, first, moment, moved)
    granted = _granted(state, command.membership_id, renewed, seen, moved, at)
    before = settled(state, at)
    check_room(state, len(before) + 1)
    facts: dict[str, tuple[str, list[Fact]]] = {}
    if moved.facts and state.package_id is not None:
        facts[state.package_id] = ("package", list(moved.facts))
    facts[period_package(command.membership_id, number)] = ("package", [granted])
    facts[command.membership_id] = ("membership", [*before, renewed])
    return facts


def _check_is_due(state: Membership, command: RenewMembership, at: Circumstances) -> None:
    number = state.period + 1
    if command.period is not None and command.period > number:
        raise Invalid("/period", "not-next", f"must be at most {number}, the next period")
    if state.next_at is None:
        raise NotEligible("membership-not-renewed")
    if at.now < state.next_at:
        first = local_day(state.next_at, state.time_zone)
        raise NotEligible("period-not-due", period=number, day=first)


def _renewed(
    state: Membership, membership_id: str, first: date, moment: datetime, moved: Rollover
) -> MembershipRenewed:
    number, period = state.period + 1, state.plan.period
    counted_from, counted = first, 1
    if state.counted_from is not None:
        expected = add(state.counted_from, state.counted * period.count, period.unit)
        if first == expected:
            counted_from, counted = state.counted_from, state.counted + 1
    ends_on = add(counted_from, counted * period.count, period.unit) - timedelta(days=1)
    return MembershipRenewed(
        effective_at=moment,
        period=number,
        package_id=period_package(membership_id, number),
        starts_on=first,
        ends_on=max(first, ends_on),
        counted_from=counted_from,
        counted=counted,
        rolled=moved.units,
        rolled_value=moved.value,
    )


def _granted(
    state: Membership,
    membership_id: str,
    renewed: MembershipRenewed,
    seen: Renewal,
    moved: Rollover,
    at: Circumstances,
) -> PeriodGranted:
    plan, price = state.plan, state.plan.price + moved.value
    policies = seen.business.policies
    return PeriodGranted(
        effective_at=renewed.effective_at,
        customer_id=state.customer_id,
        membership_id=membership_id,
        plan_id=state.plan_id,
        plan_version=state.plan_version,
        period=renewed.period,
        from_package_id=state.package_id if moved.units else None,
        rolled=tuple(len(values) for values in moved.values),
        rolled_value=moved.value,
        name=plan.name,
        purchase_number=seen.purchase_number,
        currency=seen.business.currency,
        price=price,
        list_price=price,
        lines=rolled_lines(sold_lines(plan.lines, seen.services, plan.price), moved),
        validity=ExpiryOnDate(date=renewed.ends_on),
        expires_on=renewed.ends_on,
        time_zone=state.time_zone,
        entered_on=local_day(at.now, state.time_zone),
        sharing=plan.sharing,
        beneficiaries=_beneficiaries(state, seen.customer, renewed.effective_at),
        cap_per_participant=plan.cap_per_participant,
        cancellation=plan.cancellation or policies.cancellation,
        policy_version=None if plan.cancellation else seen.business.policy_version,
        locations=plan.locations,
        location_id=state.location_id,
    )


def _beneficiaries(state: Membership, customer: Customer, moment: datetime) -> tuple[str, ...]:
    """The participants named at the start who are in the household still; else the customer in person."""
    known = customer.participants
    left = tuple(id for id in state.beneficiaries if id in known and known[id].belongs_at(moment))
    return left or (customer.in_person.id,)
