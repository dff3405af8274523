"""Reminders of the last valid day: due some days before, once for each day, and reset with it (S19, S20)."""

from datetime import date, timedelta

from domain.actor import Circumstances
from domain.package.checks import (
    check_expires,
    check_not_cancelled,
    check_not_expired,
    effective_moment,
    now_for,
    today_for,
)
from domain.package.commands import RecordReminderSent
from domain.package.eligibility import check_not_frozen
from domain.package.facts import PackageFact, ReminderDue, ReminderSent
from domain.package.state import Package
from domain.people.state import Customer
from domain.refusals import Invalid, NotEligible


def remind_on(expires_on: date, lead_days: int) -> date:
    """The local day on which a reminder is due."""
    return expires_on - timedelta(days=lead_days)


def is_reminded(package: Package, expires_on: date, lead_days: int) -> bool:
    """Whether a reminder of this day was due or sent, with this lead time or a shorter one.

    One without a lead time was sent by hand, and counts.
    """
    last = package.reminder
    if last is None or last.expires_on != expires_on:
        return False
    return last.lead_days is None or last.lead_days <= lead_days


def reminder_due(
    package: Package, customer: Customer, lead_days: int | None, at: Circumstances
) -> list[PackageFact]:
    """The fact that a reminder is due. `lead_days` is the policy now; None: nobody is reminded.

    Raises PackageIsCancelled, PackageHasExpired, PackageIsFrozen (the day moves meanwhile), and NotEligible where no
    reminder is due: without units or an expiry, too early, reminded before, for a blocked or inactive customer.
    """
    check_not_cancelled(package)
    if package.remaining == 0:
        raise NotEligible("nothing-to-remind-of")
    if customer.blocked or not customer.active:
        raise NotEligible("customer-gets-nothing")
    if lead_days is None:
        raise NotEligible("reminders-off")
    now, today = now_for(package, at), today_for(package, at)
    last = check_expires(package, today)
    check_not_expired(package, now)
    check_not_frozen(package, now)
    if today < (due_on := remind_on(last, lead_days)):
        raise NotEligible("reminder-not-due", day=due_on)
    if is_reminded(package, last, lead_days):
        raise NotEligible("reminded-already", day=last)
    return [ReminderDue(effective_at=now, expires_on=last, lead_days=lead_days)]


def reminder_sent(
    package: Package, command: RecordReminderSent, lead_days: int | None, zone: str, at: Circumstances
) -> list[PackageFact]:
    """Nothing where it is recorded already. Allowed whatever the status: what was sent was sent.

    `lead_days` is the policy now, `zone` that of the desk.

    Raises NotEligible for a package that never expires, Invalid where the customer was told another day, and what
    `effective_moment` raises.
    """
    last = check_expires(package, today_for(package, at))
    if command.expires_on not in (None, last):
        raise Invalid("/expires_on", "not-the-expiry", f"must be {last}, the last valid day as it is now")
    moment = effective_moment(package, command.effective_at, at, zone)
    known = package.reminder if package.reminder and package.reminder.expires_on == last else None
    if known is not None and known.sent_at is not None:
        return []
    lead = lead_days if known is None else known.lead_days
    return [ReminderSent(effective_at=moment, expires_on=last, lead_days=lead)]
