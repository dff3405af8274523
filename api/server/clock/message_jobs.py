"""The jobs of the clock that no fact tells of: messages for occasions, and the end of messages that are settled."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from api.outbound.occasions import Find as FindOccasions
from api.outbound.occasions import greetings, plan, sends_since, sessions
from api.outbound.planning import WAITING_MAX
from api.server.clock.turn import PAGE, Ask, ClockJob, Find, Turn
from domain.moments import to_milliseconds
from projections.models.customers import CUSTOMERS
from projections.queries import occasions
from projections.queries.due import DueKey, DuePage

FORGOTTEN_PER_STEP = 500


@dataclass(frozen=True, slots=True)
class OccasionJob:
    """Plans messages while the business and this database send any."""

    name: str
    reads: Sequence[str]
    find: Find
    occasions: FindOccasions
    again: bool = False
    every: timedelta | None = None

    def work(self, turn: Turn) -> Iterator[int]:
        since = sends_since(turn.carnet)
        if since is None or turn.business.policies.message_language == "off":
            return
        outbox, id = turn.carnet.store.outbox, turn.business_id
        for candidates in turn.pages(self.reads, self.find):
            if outbox.waiting().get(id, 0) >= WAITING_MAX:
                return
            found = list(self.occasions(turn.carnet, id, turn.business, candidates, turn.now))
            yield plan(turn.carnet, id, turn.business, found, since)


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Deletes messages that were settled `message_days` ago."""

    name: str = "forgotten-messages"
    reads: Sequence[str] = ()
    again: bool = False
    every: timedelta | None = timedelta(hours=1)

    def work(self, turn: Turn) -> Iterator[int]:
        before = turn.now - timedelta(days=turn.business.policies.message_days)
        while True:
            gone = turn.carnet.store.outbox.forget_settled(
                turn.business_id, to_milliseconds(before), FORGOTTEN_PER_STEP
            )
            yield gone
            if gone < FORGOTTEN_PER_STEP:
                return


def _sessions(ask: Ask, after: DueKey | None) -> DuePage:
    lead = ask.policies.session_reminder_hours
    if lead is None:
        return DuePage((), None)
    until = ask.now + timedelta(hours=lead)
    return occasions.beginning_soon(
        ask.snapshot, ask.business_id, now=ask.now, until=until, after=after, limit=PAGE
    )


def _customers(ask: Ask, after: DueKey | None) -> DuePage:
    return occasions.who_may_be_greeted(ask.snapshot, ask.business_id, now=ask.now, after=after, limit=PAGE)


SESSION_REMINDERS = OccasionJob("session-reminders", occasions.READS, _sessions, sessions)
GREETINGS = OccasionJob("greetings", (CUSTOMERS.name,), _customers, greetings, every=timedelta(hours=1))
MESSAGE_JOBS: Sequence[ClockJob] = (SESSION_REMINDERS, GREETINGS, Forgetting())
