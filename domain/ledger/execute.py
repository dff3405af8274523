"""The one write path: load, look the requests up, decide in order, append, answer each.

Its unit is a batch; a single command is a batch of one. Where everything a batch reads is kept from the
commands before it, it is first decided on that, without loading: the append checks the versions of all that
was read, and the request keys, so that only a decision on the present state is ever stored; whatever is
refused or conflicts is decided anew. The next try loads and is optimistic; what conflicts then is decided
again under the lock of the ledger's head, and cannot conflict a second time.

`execute_all` takes the batches of several businesses at once, as far as they get by the shortest way.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from domain.actor import Actor, Circumstances
from domain.decision import Decision, NotLoaded, Reads, UseCase
from domain.ledger.books import LoadedBooks, Stream
from domain.ledger.cache import StreamCache
from domain.ledger.contract import LedgerRecorder, Store
from domain.ledger.envelope import NewFact
from domain.ledger.errors import LedgerUnavailable
from domain.ledger.mapper import Meta, store
from domain.ledger.records import Answered, Append, Conflict, Loaded, Request, Stored
from domain.moments import from_milliseconds, rfc3339, whole_milliseconds
from domain.package.checks import FACTS_MAX
from domain.people.directory import Photo
from domain.refusals import Erased, IdempotencyKeyReused, LimitReached, Refused, VersionMismatch
from domain.use_cases.reactions import react, read_by_all
from domain.values import RECORDED_AT, Value

Clock = Callable[[], datetime]
LOADS_MAX = 8
"""How often a decision may ask for more; a route that never has enough is a mistake of ours."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The body a command is answered with, and the people whose data is in it."""

    body: str
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestKey:
    """An idempotency key, and the fingerprint of the request that came with it."""

    key: str
    fingerprint: bytes


def no_answer(books: LoadedBooks, decision: Decision) -> Answer:
    return Answer("")


@dataclass(frozen=True, slots=True)
class Order:
    """A command to be carried out: what, by whom, in answer to which request."""

    use_case: UseCase[Any]
    command: Value
    meta: Meta
    request: RequestKey | None = None
    answer: Callable[[LoadedBooks, Decision], Answer] = no_answer
    photos: tuple[Photo, ...] = ()
    shows: Reads | None = None
    """What the answer shows beside what the command reads."""
    if_match: int | None = None
    """The version the target stream must have. Raises VersionMismatch."""
    new_ids: tuple[str, ...] = ()
    """Ids in the command that were made for it, at random: nothing can have them yet."""

    def __post_init__(self) -> None:
        assert isinstance(self.command, self.use_case.command), (
            f"{self.use_case.command.__name__} is decided here"
        )

    @property
    def actor(self) -> Actor:
        return self.meta.actor


@dataclass(frozen=True, slots=True)
class Done:
    """A command that is in the ledger. `first`..`last` are its positions, the head's without facts."""

    body: str
    first: int
    last: int
    recorded_at: datetime
    replayed: bool = False


Result = Done | Refused


@dataclass(frozen=True, slots=True)
class Preview:
    """What a command would do: its answer, and the facts it would record. Nothing was written."""

    body: str
    facts: tuple[NewFact, ...]
    position: int


@dataclass
class _Try:
    """One attempt at a batch: what was decided, on which books, and what is left for the next attempt."""

    books: LoadedBooks
    results: dict[int, Result] = field(default_factory=dict)
    appends: dict[int, Append] = field(default_factory=dict)
    bodies: dict[int, str] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    postponed: list[int] = field(default_factory=list)
    """Orders whose request key an order before them in the batch holds."""


def execute(
    recorder: LedgerRecorder, orders: Sequence[Order], clock: Clock, kept: StreamCache
) -> list[Result]:
    """Carry out orders one after the other; each is done, replayed or refused on its own.

    Raises UnknownBusiness, LedgerUnavailable and Contention for the batch, UnreadableFact for stored
    data that this code must not guess at. After any of them a retry with the same key is safe.
    """
    numbered = dict(enumerate(orders))
    results: dict[int, Result] = {}
    try:
        tried = _on_what_is_kept(recorder.business_id, numbered, whole_milliseconds(clock()), kept)
        again = list(numbered)
        if tried is not None:
            done, again = _stored(recorder, tried, kept)
            results |= done
        if again:
            done, again = _attempt(recorder, {n: numbered[n] for n in again}, clock, kept)
            results |= done
        while again:
            with recorder.locked() as locked:
                done, again = _attempt(locked, {n: numbered[n] for n in again}, clock, kept)
            results |= done
    except LedgerUnavailable:
        results |= _known(recorder, {n: order for n, order in numbered.items() if n not in results})
        if len(results) < len(orders):
            raise
    return [results[n] for n in range(len(orders))]


def execute_all(
    store: Store, batches: Mapping[str, Sequence[Order]], clock: Clock, kept: StreamCache
) -> Mapping[str, list[Result | None]]:
    """Carry out the batches of several businesses together: one round trip to read, where something is not
    kept, and one to append.

    By business id. What is left out, and an order whose result is None, is for `execute()` to carry out:
    nothing was written for it, or its request key tells. A batch with an order that has none is left out.
    """
    numbered = {
        business_id: dict(enumerate(orders))
        for business_id, orders in batches.items()
        if all(order.request is not None for order in orders)
    }
    now = whole_milliseconds(clock())
    decided: dict[str, _Try] = {}
    for business_id, orders in numbered.items():
        if tried := _on_what_is_kept(business_id, orders, now, kept):
            decided[business_id] = tried
    if len(decided) < len(numbered):
        unread = {id: orders for id, orders in numbered.items() if id not in decided}
        decided |= _on_what_is_read(store, unread, clock, kept)
    results = _stored_all(store, numbered, decided, kept)
    return {id: [found.get(n) for n in numbered[id]] for id, found in results.items()}


def _on_what_is_read(
    store: Store, batches: Mapping[str, dict[int, Order]], clock: Clock, kept: StreamCache
) -> dict[str, _Try]:
    """What can be decided after one look at all these ledgers."""
    asked = {id: _asked(id, list(orders.values()), kept, Reads()) for id, orders in batches.items()}
    loaded = store.load_all({id: (each.newer, each.keys) for id, each in asked.items()})
    decided: dict[str, _Try] = {}
    for business_id, found in loaded.items():
        with suppress(NotLoaded):
            books = asked[business_id].books(found, kept)
            decided[business_id] = _decide_on(books, batches[business_id], found, clock)
    return decided


def _stored_all(
    store: Store, batches: Mapping[str, dict[int, Order]], decided: Mapping[str, _Try], kept: StreamCache
) -> dict[str, dict[int, Result]]:
    """Append what was decided, in one transaction: results by business and number."""
    results = {id: tried.results for id, tried in decided.items() if not tried.appends}
    writing = {id: tried for id, tried in decided.items() if tried.appends}
    if not writing:
        return results
    try:
        outcomes = store.append_all({id: list(tried.appends.values()) for id, tried in writing.items()})
    except LedgerUnavailable:
        return results | {id: _known(store.ledger(id), batches[id]) for id in writing}
    return results | {id: _settled(writing[id], stored, kept)[0] for id, stored in outcomes.items()}


def _known(recorder: LedgerRecorder, orders: dict[int, Order]) -> dict[int, Result]:
    """After an error of unknown outcome: what the ledger knows the keys of was done before the error."""
    keys = tuple(order.request.key for order in orders.values() if order.request)
    answered = recorder.load(Reads(), keys).answered
    found = {n: answered.get(order.request.key) for n, order in orders.items() if order.request}
    return {n: _replay(orders[n], known, replayed=False) for n, known in found.items() if known}


def preview(recorder: LedgerRecorder, order: Order, clock: Clock, kept: StreamCache) -> Preview:
    """Decide without writing: a dry run. Raises the refusal that the command would meet."""
    at = Circumstances(whole_milliseconds(clock()), order.actor)
    books, _ = _load(recorder, [order], kept, extra=Reads())
    for _ in range(LOADS_MAX):
        try:
            _, append, answer = _decide(order, books, at)
            return Preview(answer.body, append.facts, books.head.position)
        except NotLoaded as missing:
            books, _ = _load(recorder, [order], kept, extra=missing.reads | books.wanted)
    raise AssertionError(f"{type(order.command).__name__} asks for ever more")


def _attempt(
    recorder: LedgerRecorder, orders: dict[int, Order], clock: Clock, kept: StreamCache
) -> tuple[dict[int, Result], list[int]]:
    """Results by number, and the numbers that conflicted."""
    return _stored(recorder, _decide_all(recorder, orders, clock, kept), kept)


def _on_what_is_kept(
    business_id: str, orders: dict[int, Order], now: datetime, kept: StreamCache
) -> _Try | None:
    """Decide without loading; None when something is not kept or would be refused.

    A refusal must stand on the present state, and what is kept may be older: only an append can tell.
    """
    wanted = _wanted(business_id, list(orders.values()), kept)
    books = kept.books(business_id, wanted, [id for order in orders.values() for id in order.new_ids])
    if books is None:
        return None
    decided = _Try(books)
    try:
        for n, order in orders.items():
            _decide_one(n, order, books, {}, now, decided)
    except NotLoaded:
        return None
    return None if decided.results else decided


def _stored(
    recorder: LedgerRecorder, decided: _Try, kept: StreamCache
) -> tuple[dict[int, Result], list[int]]:
    """Append what was decided: results by number, and the numbers that conflicted."""
    if not decided.appends:
        return decided.results, decided.postponed
    outcomes = recorder.append(list(decided.appends.values()))
    # What is appended under the lock is not recorded before the lock is left.
    return _settled(decided, outcomes, None if recorder.is_locked else kept)


def _settled(
    decided: _Try, outcomes: Sequence[Stored | Conflict], kept: StreamCache | None
) -> tuple[dict[int, Result], list[int]]:
    """What became of the decided orders: results by number, and the numbers that conflicted."""
    again = list(decided.postponed)
    for n, outcome in zip(decided.appends, outcomes, strict=True):
        if isinstance(outcome, Conflict):
            again.append(n)
        else:
            decided.results[n] = _done(decided.bodies[n], outcome)
    if kept is not None and not again:
        kept.keep_all(decided.books)
    return decided.results, sorted(again)


def _done(body: str, stored: Stored) -> Done:
    moment = from_milliseconds(stored.recorded_at)
    if RECORDED_AT in body:
        body = body.replace(RECORDED_AT, rfc3339(moment))
    return Done(body, stored.first, stored.last, moment)


def _decide_all(recorder: LedgerRecorder, orders: dict[int, Order], clock: Clock, kept: StreamCache) -> _Try:
    extra = Reads()
    for _ in range(LOADS_MAX):
        books, loaded = _load(recorder, list(orders.values()), kept, extra)
        try:
            return _decide_on(books, orders, loaded, clock)
        except NotLoaded as missing:
            extra |= missing.reads
    raise AssertionError("a decision asks for ever more")


def _decide_on(books: LoadedBooks, orders: dict[int, Order], loaded: Loaded, clock: Clock) -> _Try:
    """Raises NotLoaded, with all that the batch lacks: nothing then stands of what was decided."""
    decided, now, missing = _Try(books), whole_milliseconds(clock()), Reads()
    for n, order in orders.items():
        try:
            _decide_one(n, order, books, loaded.answered, now, decided)
        except NotLoaded as lacking:
            missing |= lacking.reads
    if missing != Reads():
        raise NotLoaded(missing)
    return decided


def _decide_one(
    n: int, order: Order, books: LoadedBooks, answered: Mapping[str, Answered], now: datetime, decided: _Try
) -> None:
    if order.request is not None:
        if order.request.key in answered:
            decided.results[n] = _replay(order, answered[order.request.key])
            return
        if order.request.key in decided.keys:
            decided.postponed.append(n)
            return
    try:
        _, append, answer = _decide(order, books, Circumstances(now, order.actor))
    except Refused as refusal:
        decided.results[n] = refusal
        return
    if order.request is not None:
        decided.keys.add(order.request.key)
    decided.appends[n] = append
    decided.bodies[n] = answer.body


def _replay(order: Order, answered: Answered, *, replayed: bool = True) -> Result:
    assert order.request is not None
    if answered.fingerprint != order.request.fingerprint:
        return IdempotencyKeyReused()
    if answered.body is None:
        return Erased()
    moment = from_milliseconds(answered.recorded_at)
    return Done(answered.body, answered.first, answered.last, moment, replayed)


def _wanted(business_id: str, orders: Sequence[Order], kept: StreamCache) -> Reads:
    """Everything these orders read."""
    peek = partial(kept.state, business_id)
    wanted = [
        read_by_all(order.use_case.reads(order.command, business_id, peek), order.command, business_id, peek)
        for order in orders
    ]
    wanted += [order.shows for order in orders if order.shows is not None]
    return Reads.all_of(wanted)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What some orders ask of a ledger: everything they read, and what of it is kept."""

    business_id: str
    wanted: Reads
    known: Sequence[Stream]
    keys: Sequence[str]

    @property
    def newer(self) -> Reads:
        """Of what is kept, only what came since."""
        versions = {stream.id: stream.version for stream in self.known}
        return replace(self.wanted, streams={**self.wanted.streams, **versions})

    def books(self, loaded: Loaded, kept: StreamCache) -> LoadedBooks:
        return kept.books_of(self.business_id, self.wanted, loaded, self.known)


def _asked(business_id: str, orders: Sequence[Order], kept: StreamCache, extra: Reads) -> _Asked:
    wanted = extra | _wanted(business_id, orders, kept)
    known = [found for id in wanted.streams if (found := kept.stream(business_id, id))]
    keys = [order.request.key for order in orders if order.request is not None]
    return _Asked(business_id, wanted, known, keys)


def _load(
    recorder: LedgerRecorder, orders: Sequence[Order], kept: StreamCache, extra: Reads
) -> tuple[LoadedBooks, Loaded]:
    asked = _asked(recorder.business_id, orders, kept, extra)
    loaded = recorder.load(asked.newer, asked.keys)
    return asked.books(loaded, kept), loaded


def _decide(order: Order, books: LoadedBooks, at: Circumstances) -> tuple[Decision, Append, Answer]:
    """Decide, put the facts into the books, and render the answer on what they became."""
    use_case = order.use_case
    books.seen = {}
    _check_version(order, use_case.target(order.command, books.business_id), books)
    decision = react(use_case.decide(order.command, books, at), books, at)
    read = dict(books.seen)
    meta = order.meta.to_bytes()
    versions = {id: books.version(id) for id in decision.facts}
    facts = []
    for kind, stream_id, fact in decision.made:
        versions[stream_id] += 1
        if versions[stream_id] > FACTS_MAX:
            raise LimitReached("facts of a stream", FACTS_MAX)
        facts.append(store(kind, stream_id, versions[stream_id], fact, meta))
    books.apply(facts, [fact for _, _, fact in decision.made], decision.people)
    for claim in decision.claims:
        books.claim(claim.claim)
    answer = order.answer(books, decision)
    request = None
    if order.request is not None:
        request = Request(order.request.key, order.request.fingerprint, answer.body, answer.people)
    append = Append(
        facts=tuple(facts),
        read=read,
        claims=decision.claims,
        streams=decision.streams,
        people=decision.people if facts else (),
        texts=decision.texts,
        photos=order.photos,
        request=request,
    )
    return decision, append, answer


def _check_version(order: Order, target: str | None, books: LoadedBooks) -> None:
    if order.if_match is None or target is None:
        return
    found = books.stream(target)
    current = found.version if found else 0
    if found is not None and current != order.if_match:
        raise VersionMismatch(order.if_match, current)
