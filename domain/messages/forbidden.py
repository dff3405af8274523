"""What forbids a message at the moment when it is about to be sent."""

from datetime import datetime
from typing import Literal, TypeAlias

from domain.messages.asked import MessageKind
from domain.messages.reminding import WhyNotReminded, why_not_reminded
from domain.package.facts import ReminderDue
from domain.package.state import Package
from domain.people.state import Customer

WhySkipped: TypeAlias = (
    Literal["no-address", "blocked", "cancelled", "voided", "reinstated", "never-confirmed"] | WhyNotReminded
)


def why_skipped(
    kind: MessageKind,
    package: Package,
    customer: Customer | None,
    email: str | None,
    now: datetime,
    *,
    confirmed: bool,
    due: ReminderDue | None = None,
) -> WhySkipped | None:
    """None: it may be sent. `confirmed`: an e-mail that confirms the purchase was sent. `due`: the fact that asks for
    a reminder.

    All of these are transactional: they need no consent, and a customer who is inactive gets all but reminders. A block
    stops everything. A package that was cancelled before its confirmation went is not confirmed any more.
    """
    if customer is not None and customer.blocked:
        return "blocked"
    if customer is None or email is None:
        return "no-address"
    match kind:
        case "package_purchased":
            return ("voided" if package.voided else "cancelled") if package.cancelled else None
        case "package_cancelled":
            return None if package.cancelled else "reinstated"
        case "package_voided":
            return None if confirmed else "never-confirmed"
        case "expiry_reminder":
            assert due is not None, "a reminder is asked for by the fact that it is due"
            return why_not_reminded(due, package, customer, now)
