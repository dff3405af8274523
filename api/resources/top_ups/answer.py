"""A rule that tops up, and its attempts, as answers."""

from datetime import datetime

from api.http.ledger_types import Books
from api.http.new_values import NewId
from api.resources.parts import LocalTime, local
from domain.moments import rfc3339
from domain.refusals import NotFound
from domain.top_up.attempts import Hindrance, hindrance
from domain.top_up.facts import WhyRemoved
from domain.top_up.state import Attempt, AttemptStatus, RuleStatus
from domain.use_cases.one_top_up import counted_by, standing_of
from domain.values import Money, Value
from projections.engine.definition import Row


class TopUpAttempt(LocalTime):
    """A sale that waits for its payment, or did. The local time is that of `opened_at`, in the business's zone."""

    id: str
    number: int
    """1, 2, 3 … of the rule."""
    status: AttemptStatus
    """open until it is answered; paid; failed: three charges failed; expired: nobody answered in time; withdrawn: the
    rule was paused or removed, or the customer blocked or deactivated."""
    failures: int
    opened_at: str
    due_at: str
    """When the next charge is to be tried."""
    expires_at: str
    """When it ends, if nobody answers."""
    package_id: NewId | None
    """The package that was sold."""
    payment_id: NewId | None


class TopUpRule(Value):
    id: NewId
    customer_id: str
    offer_id: str
    offer_version: int
    """The version that is sold, whatever the offer becomes."""
    offer_name: str
    price: Money
    threshold: int
    """An attempt opens when so many units of the offer are left, or fewer."""
    monthly_cap: int
    """Attempts of a calendar month that are open or paid."""
    payment_method_ref: str
    """The saved card, as the payment system names it."""
    status: RuleStatus
    removed_because: WhyRemoved | None
    available: int
    """Units of the offer that are left, in packages that are neither cancelled nor expired, without held ones."""
    this_month: int
    """Attempts that count towards the cap of this month."""
    hindered_by: Hindrance | None
    """Why a fall would open no attempt now."""
    attempt: TopUpAttempt | None
    """The latest one."""
    version: int


class TopUpCharge(TopUpAttempt):
    """An attempt, with all that the payment system needs to charge for it."""

    top_up_id: str
    customer_id: str
    offer_id: str
    offer_version: int
    offer_name: str
    price: Money
    payment_method_ref: str
    available: int
    """Units that were left when it opened."""
    reason: str | None
    """Of the latest failure; null to those who may not see people's data."""


def shown_rule(books: Books, top_up_id: str, now: datetime) -> TopUpRule:
    """A rule as the books have it, at a moment. Raises NotFound, NotLoaded."""
    rule = books.top_up(top_up_id)
    customer = None if rule is None else books.customer(rule.customer_id)
    if rule is None or customer is None:
        raise NotFound("rule that tops up", top_up_id)
    standing = standing_of(rule, customer, counted_by(rule, books), books, now)
    zone = books.business.time_zone
    return TopUpRule(
        id=top_up_id,
        customer_id=rule.customer_id,
        offer_id=rule.offer_id,
        offer_version=rule.offer_version,
        offer_name=rule.terms.name,
        price=Money(amount=rule.terms.price, currency=rule.currency),
        threshold=rule.threshold,
        monthly_cap=rule.monthly_cap,
        payment_method_ref=rule.payment_method_ref,
        status=rule.status,
        removed_because=rule.removed_because,
        available=standing.available,
        this_month=standing.counted(rule),
        hindered_by=hindrance(rule, standing),
        attempt=None if rule.latest is None else TopUpAttempt(**_attempt(rule.latest, now, zone)),
        version=books.version(top_up_id),
    )


def _attempt(attempt: Attempt, now: datetime, zone: str) -> Row:
    return {
        "id": attempt.id,
        "number": attempt.number,
        "status": attempt.status(now),
        "failures": attempt.failures,
        "opened_at": rfc3339(attempt.opened_at),
        "due_at": rfc3339(attempt.due_at),
        "expires_at": rfc3339(attempt.expires_at),
        **local(attempt.opened_at, zone),
        "package_id": attempt.package_id,
        "payment_id": attempt.payment_id,
    }


KEPT = (
    "number",
    "failures",
    "package_id",
    "payment_id",
    "top_up_id",
    "customer_id",
    "offer_id",
    "offer_version",
    "payment_method_ref",
    "available",
)
"""Members of a charge that are columns of the read table."""


def shown_charge(row: Row, now: datetime, zone: str, reason: str | None) -> TopUpCharge:
    """An attempt of the list, at a moment."""
    unanswered = row["status"] == "open" and row["expires_at"] <= now
    kept: Row = {name: row[name] for name in KEPT}
    moments: Row = {name: rfc3339(row[name]) for name in ("opened_at", "due_at", "expires_at")}
    return TopUpCharge(
        **kept,
        **moments,
        **local(row["opened_at"], zone),
        id=row["attempt_id"],
        status="expired" if unanswered else row["status"],
        offer_name=row["name"],
        price=Money(amount=row["price"], currency=row["currency"]),
        reason=reason,
    )
