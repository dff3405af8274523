"""What forbids a message at the moment when it is about to be sent."""

from datetime import datetime
from typing import Literal, TypeAlias, assert_never

from domain.business.message_terms import Channel
from domain.messages.asked import PackageKind
from domain.messages.consent import WhyNotAgreed
from domain.messages.failed_charges import WhyNotTold
from domain.messages.occasions import WhyNoSession
from domain.messages.reminding import WhyNotReminded, why_not_reminded
from domain.package.facts import ReminderDue
from domain.package.state import Package
from domain.people.state import Customer

WhyUnreachable: TypeAlias = Literal["no-address", "no-number", "blocked"]
WhySkipped: TypeAlias = (
    WhyUnreachable
    | Literal["cancelled", "voided", "reinstated", "never-confirmed", "day-over", "no-links", "inactive"]
    | WhyNotAgreed
    | WhyNoSession
    | WhyNotReminded
    | WhyNotTold
)


def why_unreachable(
    customer: Customer | None, address: str | None, channel: Channel
) -> WhyUnreachable | None:
    """None: something may be sent to the customer. A block stops everything."""
    if customer is not None and customer.blocked:
        return "blocked"
    if customer is None or address is None:
        return "no-address" if channel == "email" else "no-number"
    return None


def why_skipped(
    kind: PackageKind,
    package: Package,
    customer: Customer,
    now: datetime,
    *,
    confirmed: bool,
    due: ReminderDue | None = None,
) -> WhySkipped | None:
    """None: it may be sent to a customer who can be reached. `confirmed`: a message that confirms the purchase was
    sent. `due`: the fact that asks for a reminder.

    All of these are transactional: they need no consent, and a customer who is inactive gets all but reminders. A
    package that was cancelled before its confirmation went is not confirmed any more.
    """
    match kind:
        case "package_purchased" | "top_up_sold":
            return ("voided" if package.voided else "cancelled") if package.cancelled else None
        case "package_cancelled":
            return None if package.cancelled else "reinstated"
        case "package_voided":
            return None if confirmed else "never-confirmed"
        case "expiry_reminder":
            assert due is not None, "a reminder is asked for by the fact that it is due"
            return why_not_reminded(due, package, customer, now)
        case _:
            assert_never(kind)
