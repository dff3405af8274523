"""A membership as it is answered, with its present period."""

from datetime import date, datetime
from typing import Literal

from api.http.ledger_types import Books
from api.http.new_values import NewId
from api.http.request import Call
from api.resources.catalogue.offers import CatalogueLine, catalogue_lines
from domain.catalogue.facts import Period, PlanTerms
from domain.membership.state import MembershipStatus
from domain.moments import local_day
from domain.refusals import NotFound
from domain.values import Money, Value
from projections.engine.definition import Row
from projections.models.memberships import expiry_of, status_of


class MembershipPeriod(Value):
    """The present period, granted as a package."""

    number: int
    package_id: NewId
    starts_on: str
    ends_on: str
    """The last day; a pause moves it."""


class Membership(Value):
    """A customer in a plan, on the terms of the day it was started."""

    id: NewId
    customer_id: str
    plan_id: str
    plan_version: int
    name: str
    price: Money
    """Of one period. It is owed for, and paid on, the package of each period."""
    lines: tuple[CatalogueLine, ...]
    period: Period
    rollover_limit: int
    status: MembershipStatus
    """upcoming, active, paused or ended. It stays active while a renewal is late."""
    starts_on: str
    time_zone: str
    current: MembershipPeriod | None
    """Null before the first period is granted."""
    paused_until: str | None
    """The last day of the pause."""
    ending: Literal["now", "period_end"] | None
    """How it was ended, or will be."""
    renews_on: str | None
    """The first day of the next period; null where it ends before."""
    renewal_due: bool
    """Whether that day has come, and the period waits for its package."""
    beneficiaries: tuple[str, ...]
    location_id: str | None
    version: int


def shown_membership(told: Row, now: datetime, currency: str) -> Membership:
    """A row of the read model, judged at a moment."""
    terms, expiry = PlanTerms.model_validate_json(told["terms"]), expiry_of(told)
    today = local_day(now, told["time_zone"])
    next_at: datetime | None = told["next_at"]
    return Membership(
        id=told["membership_id"],
        customer_id=told["customer_id"],
        plan_id=told["plan_id"],
        plan_version=told["plan_version"],
        name=terms.name,
        price=Money(amount=terms.price, currency=currency),
        lines=catalogue_lines(terms.lines),
        period=terms.period,
        rollover_limit=terms.rollover_limit,
        status=status_of(told, now),
        starts_on=told["starts_on"],
        time_zone=told["time_zone"],
        current=_current(told, expiry.on(today)),
        paused_until=told["paused_until"] if expiry.is_frozen(today) else None,
        ending=told["ending"],
        renews_on=None if next_at is None else local_day(next_at, told["time_zone"]).isoformat(),
        renewal_due=next_at is not None and next_at <= now,
        beneficiaries=tuple(told["beneficiaries"]),
        location_id=told["location_id"],
        version=told["version"],
    )


def _current(told: Row, last: date | None) -> MembershipPeriod | None:
    if told["package_id"] is None or last is None:
        return None
    return MembershipPeriod(
        number=told["period"],
        package_id=told["package_id"],
        starts_on=told["period_starts_on"],
        ends_on=last.isoformat(),
    )


def membership_in_books(books: Books, membership_id: str, call: Call) -> Membership:
    """The membership as the books stand, the facts of the command under way included. Raises NotFound."""
    stream = books.stream(membership_id)
    if stream is None or stream.kind != "membership":
        raise NotFound("membership", membership_id)
    return shown_membership(stream.view, call.frame.carnet.clock(), call.currency)
