"""The jobs of the clock, in the order in which they are done. Add a job here, and nowhere else.

A job finds candidates in read models and asks for one command each. The rule of that command decides on the ledger,
and refuses where nothing is due: so a job may come late, twice, or in two places at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.business.facts import Policies
from domain.decision import UseCase
from domain.membership.commands import RenewMembership
from domain.package.commands import RecordExpiry, RecordReminderDue
from domain.use_cases.record_expiry import RECORD_EXPIRY
from domain.use_cases.record_reminder_due import RECORD_REMINDER_DUE
from domain.use_cases.renew_membership import RENEW_MEMBERSHIP
from domain.values import Value
from projections.engine.tables import Snapshot
from projections.models.memberships import MEMBERSHIPS
from projections.queries import due
from projections.queries.due import Due, DueKey, DuePage

PAGE = 100
"""Candidates found together, and commands decided and stored together."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a job may know when it looks for candidates: read tables of one business, its policies, the moment."""

    snapshot: Snapshot
    business_id: str
    policies: Policies
    now: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """`find` gives a page of candidates behind a key, `command` what to ask for on one of them."""

    name: str
    """What it records, for people, for the log and in the keys of its requests."""
    reads: Sequence[str]
    """The read models that `find` looks into."""
    find: Callable[[Ask, DueKey | None], DuePage]
    use_case: UseCase[Any]
    command: Callable[[Due], Value]
    again: bool = False
    """Whether what it records may make more due at once, such as the next of several periods that were missed."""

    def key(self, candidate: Due) -> str:
        """The request key: the same wherever the job runs, another one once the stream has gone on."""
        return f"clock/{self.name}/{candidate.stream_id}/{candidate.version}"


def _lapsed(ask: Ask, after: DueKey | None) -> DuePage:
    return due.lapsed(ask.snapshot, ask.business_id, now=ask.now, after=after, limit=PAGE)


def _to_be_reminded(ask: Ask, after: DueKey | None) -> DuePage:
    lead = ask.policies.reminder_lead_days
    if lead is None:
        return DuePage((), None)
    return due.to_be_reminded(ask.snapshot, ask.business_id, lead, now=ask.now, after=after, limit=PAGE)


EXPIRIES = Job(
    "expiries", due.READS, _lapsed, RECORD_EXPIRY, lambda found: RecordExpiry(package_id=found.stream_id)
)
REMINDERS = Job(
    "reminders",
    due.READS,
    _to_be_reminded,
    RECORD_REMINDER_DUE,
    lambda found: RecordReminderDue(package_id=found.stream_id),
)


def _to_be_renewed(ask: Ask, after: DueKey | None) -> DuePage:
    return due.to_be_renewed(ask.snapshot, ask.business_id, now=ask.now, after=after, limit=PAGE)


RENEWALS = Job(
    "renewals",
    (MEMBERSHIPS.name,),
    _to_be_renewed,
    RENEW_MEMBERSHIP,
    lambda found: RenewMembership(membership_id=found.stream_id, period=found.version),
    again=True,
)

JOBS: Sequence[Job] = (RENEWALS, EXPIRIES, REMINDERS)
"""All jobs, first to last."""
