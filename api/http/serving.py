"""The parts that all requests of a process share: its ledgers, read models, keys, limits and what it remembers."""

from asyncio import get_running_loop
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from api.http.after_answers import AfterAnswers
from api.http.api_keys import Keys
from api.http.cors import Cors
from api.http.export_slots import ExportSlots
from api.http.gathered_lists import GatheredLists, ListQuestion, lists_on_this_loop
from api.http.gathered_reads import GatheredReads, gathered_on_this_loop
from api.http.ids import Randomness
from api.http.kept_answers import KeptAnswers
from api.http.kept_texts import KeptTexts
from api.http.ledger_types import Books, Carnet, Ledger, UnknownBusiness
from api.http.loop_bridge import LoopBridge
from api.http.networks import NO_PROXIES, TrustedProxies
from api.http.pepper_secrets import secret_of
from api.http.rate_limits import Limits
from api.http.shared_answer import SharedAnswer
from api.http.sums_of_businesses import SumsOfBusinesses
from domain.business.state import Business
from domain.decision import Reads
from domain.ledger.patience import PATIENCE_S
from projections.engine.freshness import FreshReads
from projections.engine.lag_trend import LagTrend
from projections.engine.tables import ReadTables
from projections.engine.watch import Watch
from replay.reports.kept_late import LATE, KeptLate
from replay.reports.kept_movements import MOVEMENTS, KeptMovements
from replay.reports.kept_reasons import REASONS, KeptReasons
from replay.reports.kept_sums import DAYS, KeptSums

BODY_S = 20.0


@dataclass(frozen=True, slots=True)
class FixedTerms:
    """The terms of a business that never change."""

    currency: str
    time_zone: str


@dataclass
class Serving:
    """The parts that all requests of a process share. One for each application; used from many threads."""

    carnet: Carnet
    views: ReadTables
    reads: FreshReads
    watch: Watch
    trend: LagTrend
    keys: Keys
    limits: Limits
    pepper: bytes
    previous_pepper: bytes | None = None
    make_document: Callable[[], bytes] = lambda: b"{}"
    """Makes the OpenAPI document of the routes."""
    cors: Cors | None = None
    patience_s: float = PATIENCE_S
    """How long a request may wait in all, for threads, connections, locks and the database, in seconds."""
    body_s: float = BODY_S
    """How long the body of a request may take to come, as `body_of` says, in seconds."""
    proxies: TrustedProxies = NO_PROXIES
    """The proxies that are believed about who the client is."""
    loopback_webhooks: bool = False
    """Whether webhooks may go to this machine, also by HTTP."""
    mails_links: bool = False
    """Whether customers get a link to their card by e-mail where they ask for one."""
    random: Randomness = field(default_factory=Randomness)
    after_answers: AfterAnswers = field(default_factory=AfterAnswers)
    """What may take long, and is done when there is time."""
    letters: AfterAnswers = field(default_factory=AfterAnswers)
    """Somebody waits for them."""
    exports: ExportSlots = field(default_factory=ExportSlots)
    readiness: SharedAnswer = field(default_factory=SharedAnswer)
    answers: KeptAnswers = field(default_factory=KeptAnswers)
    texts: KeptTexts = field(default_factory=KeptTexts)
    """Members of lists as they were written."""
    sums: SumsOfBusinesses[KeptSums] = field(init=False)
    """Of the reports."""
    late: SumsOfBusinesses[KeptLate] = field(init=False)
    """Of late entries."""
    reasons: SumsOfBusinesses[KeptReasons] = field(init=False)
    """Of corrections and reasons."""
    movements: SumsOfBusinesses[KeptMovements] = field(init=False)
    """The places of single movements."""
    positions: dict[str, int] = field(default_factory=dict)
    """Business → a position of its ledger that this process has seen, usually the last."""
    _terms: dict[str, FixedTerms] = field(default_factory=dict)
    _outcomes: LoopBridge | None = None
    _gathered: GatheredReads | None = None
    _lists: GatheredLists | None = None

    def __post_init__(self) -> None:
        self.sums = SumsOfBusinesses(self.carnet, self.after_answers, DAYS.name, KeptSums)
        self.late = SumsOfBusinesses(self.carnet, self.after_answers, LATE.name, KeptLate)
        self.reasons = SumsOfBusinesses(self.carnet, self.after_answers, REASONS.name, KeptReasons)
        self.movements = SumsOfBusinesses(self.carnet, self.after_answers, MOVEMENTS.name, KeptMovements)

    @cached_property
    def document(self) -> bytes:
        """The OpenAPI document, made when it is first asked for: that takes as long as many requests."""
        return self.make_document()

    def outcomes(self) -> LoopBridge:
        """The bridge to the running event loop, by which orders that come together are decided on it. A process has one
        loop, a test several in turn."""
        loop = get_running_loop()
        if self._outcomes is None or self._outcomes.loop is not loop:
            self._outcomes = LoopBridge(loop)
            self.carnet.decide_by = self._outcomes.run
        return self._outcomes

    def ledger(self, business_id: str) -> Ledger:
        return self.carnet.ledger(business_id)

    async def present(self, business_id: str, wanted: Reads) -> Books:
        """Streams as they stand now, without their facts; questions that come together share a round trip.

        Raises UnreadableFact, UnknownBusiness, LedgerUnavailable.
        """
        gathered = self._gathered = gathered_on_this_loop(self._gathered, self.carnet.present)
        books = await gathered.of(business_id, wanted)
        self.positions[business_id] = books.head.position
        return books

    async def list_answer(self, question: ListQuestion) -> Any:
        """A list that is found together with others that are asked for meanwhile; None where it must be found alone.

        Raises as `present`, and whatever the question raises.
        """
        lists = self._lists = lists_on_this_loop(self._lists, self.carnet.present, self.views)
        return await lists.answer(question)

    def look(self, business_id: str, wanted: Reads) -> Books:
        """Streams as they stand now, with facts, people and the head, of one moment and in one round trip.

        Raises UnreadableFact, UnknownBusiness, LedgerUnavailable.
        """
        books = self.ledger(business_id).look(wanted)
        self.positions[business_id] = books.head.position
        return books

    def knows(self, business_id: str) -> bool:
        """Whether the terms and the secret of this business are cached, so that nothing must be read
        first."""
        return business_id in self._terms

    def terms(self, business_id: str) -> FixedTerms:
        """Currency and zone, read once. Raises UnknownBusiness for a ledger whose business was never
        opened."""
        if business_id not in self._terms:
            found = self.look(business_id, Reads({business_id: 0})).business_or_none()
            if not isinstance(found, Business):
                raise UnknownBusiness(business_id)
            self.carnet.fingerprint(business_id, b"")  # caches its secret as well
            self._terms[business_id] = FixedTerms(found.currency, found.time_zone)
        return self._terms[business_id]

    def secret(self, purpose: str) -> bytes:
        """The secret of the installation for one purpose, such as signing cursors."""
        return secret_of(self.pepper, purpose)

    def secrets(self, purpose: str) -> list[bytes]:
        """The same, and what it was under the pepper before."""
        peppers = (self.pepper, self.previous_pepper)
        return [secret_of(pepper, purpose) for pepper in peppers if pepper is not None]
