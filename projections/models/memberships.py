"""Memberships, one row each, listed in the order they were started.

The list, the single membership and the membership of the past agree, because one function folds all of them.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import assert_never, cast

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, MetaData, String, Table, Text

from domain.ledger.mapper import Recorded
from domain.membership.facts import (
    FACTS,
    MembershipEnded,
    MembershipFact,
    MembershipPaused,
    MembershipRenewed,
    MembershipResumed,
    MembershipStarted,
)
from domain.membership.state import MembershipStatus, membership_status
from domain.moments import start_of
from domain.package.expiry import Expiry
from domain.zone_rules import mark
from projections.engine.definition import Keyed, Moment, Row
from projections.models.versions import VERSIONS

TABLE = Table(
    "memberships",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("membership_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("plan_id", Text, nullable=False),
    Column("plan_version", Integer, nullable=False),
    Column("terms", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("starts_on", String(10), nullable=False),
    Column("beneficiaries", JSON, nullable=False),
    Column("location_id", Text),
    # The present period: its number, or 0 before the first, its package, its first and last day.
    Column("period", Integer, nullable=False),
    Column("package_id", Text),
    Column("period_starts_on", String(10)),
    Column("ends_on", String(10)),
    # A pause that no fact has ended, and the first moment after it.
    Column("paused_on", String(10)),
    Column("paused_until", String(10)),
    Column("thaws_at", Moment),
    # Marks the rules of the zone that the moments were computed by.
    Column("rules", String(8), nullable=False),
    Column("ending", Text),
    # When it has ended; the clock may not have come there yet.
    Column("ended_at", Moment),
    # When the next period begins; null: it does not.
    Column("next_at", Moment),
    Column("version", Integer, nullable=False),
    Index("memberships_in_order", "business_id", "position"),
    Index("memberships_of_customer", "business_id", "customer_id", "position"),
    Index("memberships_of_plan", "business_id", "plan_id", "position"),
    Index("memberships_due", "business_id", "next_at", "membership_id"),
)


def row(before: Row | None, recorded: Recorded, key: object = None) -> Row:
    """A membership after one more fact."""
    fact = cast(MembershipFact, recorded.fact)
    if isinstance(fact, MembershipStarted):
        return _moments(_started(fact, recorded))
    assert before is not None, "a membership begins with membership.started"
    after = {**before, "version": max(before["version"], recorded.version)}
    match fact:
        case MembershipRenewed():
            after |= {
                "period": fact.period,
                "package_id": fact.package_id,
                "period_starts_on": fact.starts_on.isoformat(),
                "ends_on": fact.ends_on.isoformat(),
            }
        case MembershipPaused():
            after |= {"paused_on": fact.paused_on.isoformat(), "paused_until": fact.until.isoformat()}
        case MembershipResumed():
            after |= {"paused_on": None, "paused_until": None, "ends_on": fact.ends_on.isoformat()}
            if fact.continues:
                after["ending"] = None
        case MembershipEnded():
            after["ending"] = fact.at
            after["ended_at"] = fact.effective_at
        case _:
            assert_never(fact)
    return _moments(after)


def membership_of(facts: Iterable[Recorded]) -> Row | None:
    """The row of one membership from its facts; None without a fact."""
    found: Row | None = None
    for recorded in facts:
        found = row(found, recorded)
    return found


def _started(fact: MembershipStarted, recorded: Recorded) -> Row:
    return {
        "membership_id": recorded.stream_id,
        "position": recorded.position,
        "customer_id": fact.customer_id,
        "plan_id": fact.plan_id,
        "plan_version": fact.plan_version,
        "terms": fact.plan.model_dump_json(exclude_none=True),
        "time_zone": fact.time_zone,
        "starts_on": fact.starts_on.isoformat(),
        "beneficiaries": list(fact.beneficiaries),
        "location_id": fact.location_id,
        "period": 0,
        "package_id": None,
        "period_starts_on": None,
        "ends_on": None,
        "paused_on": None,
        "paused_until": None,
        "ending": None,
        "ended_at": None,
        "version": recorded.version,
    }


def _moments(told: Row) -> Row:
    """The row with the moments that the days and the zone make."""
    told["rules"] = mark(told["time_zone"])
    expiry = expiry_of(told)
    ends_at = expiry.valid_until
    told["thaws_at"] = expiry.thaws_at
    if told["ending"] is None:
        told["ended_at"] = None
    elif told["ending"] == "period_end":
        told["ended_at"] = ends_at
    begins = start_of(date.fromisoformat(told["starts_on"]), told["time_zone"])
    told["next_at"] = None if told["ending"] else begins if told["period"] == 0 else ends_at
    return told


def expiry_of(told: Row) -> Expiry:
    """The end of the present period, with its pause."""
    days = (told[name] for name in ("ends_on", "paused_on", "paused_until"))
    last, first, until = (None if day is None else date.fromisoformat(day) for day in days)
    return Expiry(last, told["time_zone"], first, until)


def status_of(told: Row, moment: datetime) -> MembershipStatus:
    return membership_status(told["period"], told["ending"], expiry_of(told), moment)


def _by_zone(told: Row) -> Row:
    return _moments(dict(told))


MEMBERSHIPS = Keyed(
    "memberships",
    VERSIONS["memberships"],
    TABLE,
    frozenset(FACTS),
    lambda recorded: [(recorded.stream_id,)],
    row,
    _by_zone,
    by_stream=True,
    stream_column="membership_id",
)
