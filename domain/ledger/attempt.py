"""One attempt at a batch: each order is decided on the books as the orders before it left them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.actor import Circumstances
from domain.decision import Decision, NotLoaded, Reads
from domain.ledger.books import LoadedBooks
from domain.ledger.cache import StreamCache
from domain.ledger.mapper import store
from domain.ledger.orders import Answer, Clock, Done, Order, RequestKey, Result
from domain.ledger.records import Answered, Append, Conflict, Loaded, Request, Stored
from domain.moments import from_milliseconds, rfc3339, whole_milliseconds
from domain.package.checks import FACTS_MAX
from domain.refusals import Erased, IdempotencyKeyReused, LimitReached, Refused, VersionMismatch
from domain.use_cases.reactions import react
from domain.values import with_moment


@dataclass
class Attempt:
    """One attempt at a batch: its books, the decided orders, and the orders left for the next attempt."""

    books: LoadedBooks
    results: dict[int, Result] = field(default_factory=dict)
    appends: dict[int, Append] = field(default_factory=dict)
    bodies: dict[int, str] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    postponed: list[int] = field(default_factory=list)
    """Orders with the request key of an earlier order in the batch."""


def settled(
    decided: Attempt, outcomes: Sequence[Stored | Conflict], kept: StreamCache | None
) -> tuple[dict[int, Result], list[int]]:
    """Settle the decided orders by their outcomes; return results by number, and the numbers to decide again."""
    again = list(decided.postponed)
    for n, outcome in zip(decided.appends, outcomes, strict=True):
        if isinstance(outcome, Conflict):
            again.append(n)
        else:
            decided.results[n] = done(decided.bodies[n], outcome)
    if kept is not None and not again:
        kept.keep_all(decided.books)
    return decided.results, sorted(again)


def done(body: str, stored: Stored) -> Done:
    moment = from_milliseconds(stored.recorded_at)
    return Done(with_moment(body, rfc3339(moment)), stored.first, stored.last, moment)


def decide_on(books: LoadedBooks, orders: dict[int, Order], loaded: Loaded, clock: Clock) -> Attempt:
    """Decide all orders. Raises NotLoaded with everything the batch lacks; the whole attempt is then void."""
    decided, now, missing = Attempt(books), whole_milliseconds(clock()), Reads()
    for n, order in orders.items():
        try:
            decide_one(n, order, books, loaded.answered, now, decided)
        except NotLoaded as lacking:
            missing |= lacking.reads
    if missing != Reads():
        raise NotLoaded(missing)
    return decided


def decide_one(
    n: int,
    order: Order,
    books: LoadedBooks,
    answered: Mapping[str, Answered],
    now: datetime,
    decided: Attempt,
) -> None:
    if order.request is not None:
        if order.request.key in answered:
            decided.results[n] = replayed_result(order.request, answered[order.request.key])
            return
        if order.request.key in decided.keys:
            decided.postponed.append(n)
            return
    try:
        _, append, answer = decide(order, books, Circumstances(now, order.actor))
    except Refused as refusal:
        decided.results[n] = refusal
        return
    if order.request is not None:
        decided.keys.add(order.request.key)
    decided.appends[n] = append
    decided.bodies[n] = answer.body


def replayed_result(request: RequestKey, answered: Answered, *, replayed: bool = True) -> Result:
    """The stored answer to this key, IdempotencyKeyReused for another request, or Erased for an erased answer."""
    if answered.fingerprint != request.fingerprint:
        return IdempotencyKeyReused()
    if answered.body is None:
        return Erased()
    moment = from_milliseconds(answered.recorded_at)
    return Done(answered.body, answered.first, answered.last, moment, replayed)


def decide(order: Order, books: LoadedBooks, at: Circumstances) -> tuple[Decision, Append, Answer]:
    """Decide, add the facts to the books, and render the answer from them."""
    use_case = order.use_case
    books.seen = {}
    target = use_case.target(order.command, books.business_id)
    is_there = _check_version(order, target, books)
    decision = react(use_case.decide(order.command, books, at), books, at)
    if not is_there:
        # It has no version yet. Whether that is a refusal of its own, the decision has told first.
        check_match(order.if_match, 0)
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


def _check_version(order: Order, target: str | None, books: LoadedBooks) -> bool:
    """Whether the target is there, or the command has none. Raises VersionMismatch."""
    if order.if_match is None or target is None:
        return True
    found = books.stream(target)
    if found is None:
        return False
    check_match(order.if_match, found.version)
    return True


def check_match(if_match: tuple[int, ...] | None, current: int) -> None:
    """Raises VersionMismatch."""
    if if_match is not None and current not in if_match:
        raise VersionMismatch(if_match[0] if len(if_match) == 1 else None, current)
