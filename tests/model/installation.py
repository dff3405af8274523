"""One installation under test: two businesses in one store, read tables, a runner, and clocks we set."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from json import dumps, loads
from typing import Any

from domain.actor import Actor
from domain.business.commands import OpenBusiness, OpenLocation
from domain.decision import Decision
from domain.ledger.books import LoadedBooks as DecidedBooks
from domain.ledger.carnet import Carnet, Ledger
from domain.ledger.mapper import Meta, Recorded, recorded
from domain.ledger.orders import Answer, Done, Order, RequestKey, Result
from domain.values import RECORDED_AT, Value
from projections.engine.definition import Row, changed_rows
from projections.engine.drop_old import drop_old
from projections.engine.filling import Limits
from projections.engine.rebuild import Rebuild
from projections.engine.runner import Runner
from projections.engine.tables import ReadTables
from projections.models.packages import CARDS
from projections.models.registry import READ_MODELS
from tests.model.almanac import text_of
from tests.model.books import Books
from tests.model.desk import LOCATION_ZONES, role_of
from tests.model.places import Place
from tests.model.plain import Asking
from tests.model.reference import Reference
from tests.use_cases import order

NAMES = ("biz_salon", "biz_kennel")
SMALL = Limits(facts_per_page=3, rows_held=5, rows_per_write=4, facts_per_share=7)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Crash(BaseException):
    """A worker that dies in the middle of its work: nothing may catch it."""


def card_after(before: Row | None, fact: Recorded) -> Row | None:
    """What the process keeps of a package beside its state: its card."""
    key = (fact.stream_id,)
    return changed_rows(CARDS, {key: before}, fact, [key])[key]


def tale(card: Row) -> dict[str, Any]:
    """What an answer shows of a card."""
    return {name: card[name] for name in ("version", "remaining", "used", "lapsed", "unused_value", "paid")}


@dataclass
class Clocks:
    """The clock of the process, with microseconds, and that of the store, in milliseconds."""

    process: datetime
    store_ms: int

    @property
    def now_ms(self) -> int:
        return (self.process - EPOCH) // timedelta(milliseconds=1)

    def step(self, by: timedelta, *, process: bool = True, store: bool = True) -> None:
        self.process += by if process else timedelta()
        self.store_ms += by // timedelta(milliseconds=1) if store else 0


@dataclass(frozen=True)
class Known:
    """A request that was done: what its answer must be for ever."""

    key: RequestKey
    done: Done
    changed: bool = False
    """Whether it recorded facts."""
    erased: bool = False
    """Whether it was about a customer who was erased since."""


@dataclass
class Business:
    """One business: its books as they are known, and what was asked of it."""

    books: Books
    requests: list[Known] = field(default_factory=list)
    refused_keys: list[RequestKey] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.books.business_id

    @property
    def reference(self) -> Reference:
        return self.books.reference


class Installation:
    """Opens what a process opens, and opens it again. Close it in the end."""

    def __init__(
        self, place: Place, start: datetime, zones: Sequence[str], reference: type[Reference] = Reference
    ) -> None:
        self.place = place
        self._reference = reference
        self.clocks = Clocks(start, (start - EPOCH) // timedelta(milliseconds=1))
        self.numbers = count(1)
        self.rebuild: Rebuild | None = None
        self.open()
        self.businesses = [self._new_business(name, zone) for name, zone in zip(NAMES, zones, strict=True)]
        # A rebuild before any worker ran is in test_regressions.py.
        self.runner.step()

    # Opening and closing

    def open(self) -> None:
        # A Carnet on memory costs nothing; the store it then works on has the clock that we set.
        views = {"package": card_after}
        self.carnet = Carnet("memory://", clock=lambda: self.clocks.process, views=views)
        self.carnet.factory.store = self.place.open_store(lambda: self.clocks.store_ms)
        self.views: ReadTables = self.place.open_views()
        self.runner = self.new_runner()

    def close(self) -> None:
        self.views.close()
        self.carnet.store.close()

    def reopen(self) -> None:
        """End the process and start another: nothing is kept but what is stored."""
        self.close()
        self.rebuild = None
        self.open()

    def _new_business(self, name: str, zone: str) -> Business:
        self.carnet.store.open_ledger(name)
        business = Business(Books(name, self._reference(zone, LOCATION_ZONES)))
        opening = OpenBusiness(business_id=name, name="Silk Salon", currency="EUR", time_zone=zone)
        places = [
            OpenLocation(location_id=id, name="Here", time_zone=there) for id, there in LOCATION_ZONES.items()
        ]
        for command in (opening, *places):
            (done,) = self.ledger(business).execute([self.order(command, "stf_olga")])
            assert isinstance(done, Done)
        business.books.learn(self.ledger(business).recorder)
        return business

    # Asking

    def ledger(self, business: Business) -> Ledger:
        return self.carnet.ledger(business.id)

    def asking(self, business: Business, who: str) -> Asking:
        return Asking(self.moment(business), who, role_of(who).value)

    def moment(self, business: Business) -> int:
        """The moment at which a command is decided: what the ledger recorded is not in the future, for any clock."""
        return max(self.clocks.now_ms, business.books.head.recorded_at)

    def order(
        self, command: Value, who: str, key: RequestKey | None = None, if_match: tuple[int, ...] | None = None
    ) -> Order:
        """An order whose answer is like no other: it tells when it was recorded, and shows packages."""
        number = next(self.numbers)

        def answer(books: DecidedBooks, decision: Decision) -> Answer:
            shown = {
                id: tale(stream.view)
                for id, (kind, _) in decision.facts.items()
                if kind == "package" and (stream := books.stream(id)) is not None
            }
            return Answer(
                dumps({"number": number, "recorded_at": RECORDED_AT, "shown": shown}, separators=(",", ":"))
            )

        actor = Actor(id=who, role=role_of(who))
        return order(command, Meta(actor=actor), key, answer, if_match=if_match)

    def check_answer(self, business: Business, done: Done, head_before_ms: int) -> None:
        """A new answer has the moment of the store's clock, never before the ledger's last; what it shows of
        a package is what the facts make of it up to there."""
        moment = max(self.clocks.store_ms, head_before_ms)
        assert not done.replayed
        assert (done.recorded_at - EPOCH) // timedelta(milliseconds=1) == moment
        said = loads(done.body)
        assert said["recorded_at"] == text_of(moment)
        for package_id, shown in said["shown"].items():
            cards = [card for id, version, card in business.books.remembered if id == package_id]
            assert shown == tale(cards[shown["version"] - 1])

    # Working

    def new_runner(self, facts_per_page: int = 1_000) -> Runner:
        return Runner(self.carnet.store, self.views, facts_per_page=facts_per_page)

    def crash_a_worker(self, after_facts: int, facts_per_page: int) -> None:
        """A worker takes up its work and dies while it reads its n-th fact."""
        seen = count(1)

        def dying(stored: object) -> object:
            if next(seen) > after_facts:
                raise Crash
            return recorded(stored)  # type: ignore[arg-type]

        decode: Callable[..., object] = dying
        worker = Runner(self.carnet.store, self.views, decode=decode, facts_per_page=facts_per_page)  # type: ignore[arg-type]
        with suppress(Crash):
            while worker.step():
                pass

    def begin_rebuild(self, which: int) -> None:
        """Start to make a read table anew, and stop somewhere in the middle."""
        self.rebuild = Rebuild(
            self.carnet.store, self.views, READ_MODELS[which % len(READ_MODELS)], limits=SMALL
        )

        def interrupt(done: int, of: int) -> None:
            if done >= of // 2:
                raise Crash

        with suppress(Crash):
            self.rebuild.fill(interrupt)

    def finish_rebuild(self, which: int) -> None:
        """Make a read table anew, or go on with one; it must equal the live one, and takes its place."""
        projection = READ_MODELS[which % len(READ_MODELS)]
        making = self.rebuild or Rebuild(self.carnet.store, self.views, projection, limits=SMALL)
        self.rebuild = None
        making.fill()
        assert list(making.differences()) == []
        making.switch()
        for each in READ_MODELS:
            drop_old(self.views, each)


__all__ = ["Business", "Clocks", "Crash", "Installation", "Known", "Result"]
