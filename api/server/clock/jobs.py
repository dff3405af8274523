"""The jobs of the clock, in the order in which they are done. Add a job here, and nowhere else.

A job finds candidates in read models and asks for one command each, or plans messages (message_jobs.py). The rule of
that command decides on the ledger, and refuses where nothing is due: so a job may come late, twice, or in two places
at once.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from api.http.ledger_types import Ledger
from api.server.clock.message_jobs import MESSAGE_JOBS
from api.server.clock.turn import PAGE, Ask, ClockJob, Find, Turn
from domain.actor import CLOCK
from domain.decision import UseCase
from domain.ledger.mapper import Meta
from domain.ledger.orders import Done, Order
from domain.membership.commands import RenewMembership
from domain.package.commands import RecordExpiry, RecordReminderDue
from domain.use_cases.record_expiry import RECORD_EXPIRY
from domain.use_cases.record_reminder_due import RECORD_REMINDER_DUE
from domain.use_cases.renew_membership import RENEW_MEMBERSHIP
from domain.values import Value
from projections.models.memberships import MEMBERSHIPS
from projections.queries import due
from projections.queries.due import Due, DueKey, DuePage

META = Meta(actor=CLOCK)


@dataclass(frozen=True, slots=True)
class Job:
    """`find` gives a page of candidates behind a key, `command` what to ask for on one of them."""

    name: str
    """What it records, for people, for the log and in the keys of its requests."""
    reads: Sequence[str]
    """The read models that `find` looks into."""
    find: Find
    use_case: UseCase[Any]
    command: Callable[[Due], Value]
    again: bool = False
    every: timedelta | None = None

    def key(self, candidate: Due) -> str:
        """The request key: the same wherever the job runs, another one once the stream has gone on."""
        return f"clock/{self.name}/{candidate.stream_id}/{candidate.version}"

    def work(self, turn: Turn) -> Iterator[int]:
        ledger = turn.carnet.ledger(turn.business_id)
        for found in turn.pages(self.reads, self.find):
            results = ledger.execute([self._order(ledger, each) for each in found])
            yield sum(isinstance(result, Done) and not result.replayed for result in results)

    def _order(self, ledger: Ledger, candidate: Due) -> Order:
        key = self.key(candidate)
        return Order(self.use_case, self.command(candidate), META, ledger.request(key, key.encode()))


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

LEDGER_JOBS: Sequence[Job] = (RENEWALS, EXPIRIES, REMINDERS)
"""Those that record facts."""
JOBS: Sequence[ClockJob] = (*LEDGER_JOBS, *MESSAGE_JOBS)
"""All jobs, first to last."""
