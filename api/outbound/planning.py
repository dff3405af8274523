"""From facts to messages that wait: each ledger is read by position, and no fact is looked at twice.

A ledger is read for messages from the moment on when they were first switched on; what came before gets none, nor does
what a load brought in. The position is kept together with the messages, so that none is lost. Read models have no
part in it: a rebuild sends nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from api.http.ledger_types import Carnet, RecordedFact, Recorder, StoredFact, StoredMessage, recorded
from api.http.message_ids import of_fact
from api.outbound.customer_now import language_for
from domain.business.facts import FIRST_POLICIES, Policies, PolicyChanged
from domain.business.message_terms import Channel
from domain.fact import fold
from domain.messages.asked import KINDS, Addressed, MessageKind, addressed_by, asks, parties, recipient
from domain.package.evolution import evolve
from domain.package.fact_parts import PackageOpened
from domain.package.facts import PackageFact
from domain.package.state import Package
from domain.people.facts import CustomerErased
from domain.top_up.facts import TopUpFailed, TopUpSettled

FACTS_PER_PAGE = 500
KEPT_EVERY = 1_000
"""Facts without a message after which the position is kept all the same."""
WAITING_MAX = 1_000
"""Messages of a business that may wait. While so many do, its ledger is not read on: the facts wait there."""
TRIED_FOR_MS = 3 * 24 * 3_600_000
"""How long a message is tried, from its fact on. An older fact gets a message that is skipped."""


@dataclass(frozen=True, slots=True)
class PackageStream:
    """A package with its first fact, and its facts by position."""

    opened: PackageOpened
    state: Package
    facts: Mapping[int, PackageFact]


class Planner:
    """Reads the ledgers for messages. One thread of one process does so at a time."""

    def __init__(self, carnet: Carnet, since: int) -> None:
        """`since`: facts recorded before this moment (ms since 1970) get no message."""
        self._carnet = carnet
        self._since = since
        self._outbox = carnet.store.outbox
        self._kept = dict(self._outbox.positions())
        self._read = dict(self._kept)

    def heads(self) -> list[tuple[str, int]]:
        """The businesses whose ledger has grown, with the position up to which it was read."""
        behind = []
        for business_id, head in self._carnet.store.heads():
            if business_id not in self._read:
                recorder = self._carnet.store.ledger(business_id)
                self._read[business_id] = before(recorder, self._since, head)
            if self._read[business_id] < head:
                behind.append((business_id, self._read[business_id]))
        return behind

    def plan(self, business_id: str, after: int, now_ms: int, waiting: int) -> None:
        """Read one page of a ledger. Raises UnreadableFact, LedgerUnavailable."""
        if waiting >= WAITING_MAX:
            return
        recorder = self._carnet.store.ledger(business_id)
        page = recorder.facts(after=after, limit=FACTS_PER_PAGE)
        if not page:
            return
        messages = list(self._messages(business_id, page, now_ms))
        upto = page[-1].position
        if messages or upto - self._kept.get(business_id, 0) >= KEPT_EVERY:
            self._outbox.plan(business_id, upto, messages)
            self._kept[business_id] = upto
        self._read[business_id] = upto

    def keep(self) -> None:
        """Keep the positions that were read since they were kept last."""
        for business_id, position in self._read.items():
            if position > self._kept.get(business_id, 0):
                self._outbox.plan(business_id, position, [])
                self._kept[business_id] = position

    def _messages(self, business_id: str, page: Sequence[StoredFact], now_ms: int) -> Iterator[StoredMessage]:
        asking = [recorded(stored) for stored in page if stored.name in KINDS]
        asking = [fact for fact in asking if fact.meta.actor.via != "command line"]
        if not asking:
            return
        terms = _terms(self._carnet.ledger(business_id).stream(business_id))
        for fact in asking:
            policies = _at(terms, fact.position)
            channels = _channels(policies, KINDS[fact.stored.name])
            addressed = self._addressed(fact) if channels else None
            if addressed is None or is_erased(self._carnet, business_id, addressed.customer_id):
                continue
            language = language_for(
                self._carnet, business_id, addressed.customer_id, policies.message_language
            )
            for channel in channels:
                yield self._message(fact.stored, addressed, language, channel, now_ms)

    def _addressed(self, recorded: RecordedFact) -> Addressed | None:
        """None: this fact asks for no message."""
        fact = recorded.fact
        if isinstance(fact, TopUpSettled | TopUpFailed):
            return addressed_by(fact, recorded.stream_id)
        kind = KINDS[recorded.stored.name]
        package = package_stream(self._carnet, recorded.stored.business_id, recorded.stream_id)
        if not asks(kind, package.opened):
            return None
        return Addressed(recorded.stream_id, recipient(kind, parties(package.opened, package.state)))

    def _message(
        self, stored: StoredFact, addressed: Addressed, language: str, channel: Channel, now_ms: int
    ) -> StoredMessage:
        kind = KINDS[stored.name]
        too_old = now_ms - stored.recorded_at > TRIED_FOR_MS
        return StoredMessage(
            business_id=stored.business_id,
            id=of_fact(stored, channel),
            position=stored.position,
            recorded_at=stored.recorded_at,
            kind=kind,
            language=language,
            customer_id=addressed.customer_id,
            thing_id=addressed.thing_id,
            state="skipped" if too_old else "waiting",
            due_at=stored.recorded_at,
            settled_at=now_ms if too_old else None,
            reason="too-old" if too_old else None,
            channel=channel,
        )


def is_erased(carnet: Carnet, business_id: str, customer_id: str) -> bool:
    """Whether the recipient was erased; nothing is kept of messages to them."""
    facts = carnet.ledger(business_id).stream(customer_id)
    return bool(facts) and isinstance(facts[-1].fact, CustomerErased)


def package_stream(carnet: Carnet, business_id: str, package_id: str) -> PackageStream:
    """A package as it stands. Raises UnreadableFact."""
    stream = carnet.ledger(business_id).stream(package_id)
    facts = {each.position: cast(PackageFact, each.fact) for each in stream}
    opened = next(iter(facts.values()))
    assert isinstance(opened, PackageOpened), "a package begins with the fact that opens it"
    return PackageStream(opened, fold(evolve, None, facts.values()), facts)


def before(recorder: Recorder, since: int, head: int) -> int:
    """The last position of a ledger that was recorded before a moment; recorded moments never decrease."""
    least, most = 0, head
    while least < most:
        middle = (least + most + 1) // 2
        (fact,) = recorder.facts(after=middle - 1, limit=1)
        if fact.recorded_at < since:
            least = middle
        else:
            most = middle - 1
    return least


def _terms(business: Sequence[RecordedFact]) -> list[tuple[int, Policies]]:
    """The position from which each of the policies was in force."""
    return [(each.position, each.fact.policies) for each in business if isinstance(each.fact, PolicyChanged)]


def _at(terms: Sequence[tuple[int, Policies]], position: int) -> Policies:
    in_force = [policies for since, policies in terms if since < position]
    return in_force[-1] if in_force else FIRST_POLICIES


def _channels(policies: Policies, kind: MessageKind) -> Sequence[Channel]:
    return () if policies.message_language == "off" else policies.message_channels.of(kind)
