"""What forbids a reminder of the last valid day, between the fact that it is due and the e-mail."""

from datetime import datetime
from typing import Literal, TypeAlias

from domain.moments import local_day
from domain.package.facts import ReminderDue
from domain.package.state import Package
from domain.people.state import Customer

WhyNotReminded: TypeAlias = Literal[
    "inactive", "cancelled", "used-up", "frozen", "expiry-changed", "expired", "reminded", "superseded"
]


def why_not_reminded(
    due: ReminderDue, package: Package, customer: Customer, now: datetime
) -> WhyNotReminded | None:
    """None: the customer may be told. Whatever kept the reminder from being due keeps it from being sent.

    reminded: somebody else told of this day; superseded: another reminder is due since, with a shorter lead time.
    """
    today = local_day(now, package.time_zone)
    known = package.reminder
    if not customer.active:
        return "inactive"
    if package.cancelled:
        return "cancelled"
    if package.remaining == 0:
        return "used-up"
    if package.expiry.is_frozen(today):
        return "frozen"
    if package.expiry.on(today) != due.expires_on:
        return "expiry-changed"
    if package.expiry.has_passed(now):
        return "expired"
    if known is None or (known.expires_on, known.lead_days) != (due.expires_on, due.lead_days):
        return "superseded"
    return None if known.sent_at is None else "reminded"
