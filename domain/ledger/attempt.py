"""One attempt at a batch: each order is decided on the books as the orders before it left them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field

from domain.actor import Circumstances
from domain.decision import NotLoaded, Reads
from domain.ledger.books import LoadedBooks
from domain.ledger.cache import StreamCache
from domain.ledger.contract import LedgerRecorder
from domain.ledger.host_clock import HostClock
from domain.ledger.one_order import RenewalsDue, decide
from domain.ledger.orders import Done, Order, RequestKey, Result
from domain.ledger.records import Answered, Append, Conflict, Loaded, Stored
from domain.ledger.renewals import renew
from domain.moments import from_milliseconds, rfc3339
from domain.refusals import Erased, IdempotencyKeyReused, Refused
from domain.values import with_moment


class Attempt(Struct):
    """One attempt at a batch: its books, the decided orders, and the orders left for the next attempt."""

    books: LoadedBooks
    results: dict[int, Result] = field(default_factory=dict)
    appends: list[tuple[int | None, Append]] = field(default_factory=list)
    """In the order in which they are decided; None: a renewal that came before an order."""
    bodies: dict[int, str] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    postponed: list[int] = field(default_factory=list)
    """Orders with the request key of an earlier order in the batch, or that wait for the lock."""
    waits: bool = False
    """Whether an order is to be decided under the lock: those after it wait with it."""
    passed_over: set[str] = field(default_factory=set)
    """Memberships that could not be renewed."""
    locked: LedgerRecorder | None = None
    """The ledger, where nothing can be added to it meanwhile."""

    def refused(self) -> list[int]:
        return [n for n, result in self.results.items() if isinstance(result, Refused)]


def settled(
    decided: Attempt, outcomes: Sequence[Stored | Conflict], kept: StreamCache | None
) -> tuple[dict[int, Result], list[int]]:
    """Settle the decided orders by their outcomes; return results by number, and the numbers to decide again."""
    again = list(decided.postponed)
    for (n, _), outcome in zip(decided.appends, outcomes, strict=True):
        if n is None:
            # A refusal after a renewal that is not stored stands on facts that are not there.
            again += decided.refused() if isinstance(outcome, Conflict) else ()
        elif isinstance(outcome, Conflict):
            again.append(n)
        else:
            decided.results[n] = done(decided.bodies[n], outcome)
    if kept is not None and not again:
        for (_, append), outcome in zip(decided.appends, outcomes, strict=True):
            if isinstance(outcome, Stored):
                decided.books.place(append.facts, outcome.first, outcome.recorded_at)
        kept.keep_all(decided.books)
    left = sorted(set(again))
    return {n: result for n, result in decided.results.items() if n not in left}, left


def done(body: str, stored: Stored) -> Done:
    moment = from_milliseconds(stored.recorded_at)
    return Done(with_moment(body, rfc3339(moment)), stored.first, stored.last, moment)


def decide_on(
    books: LoadedBooks,
    orders: dict[int, Order],
    loaded: Loaded,
    clock: HostClock,
    *,
    locked: LedgerRecorder | None = None,
) -> Attempt:
    """Decide all orders. The whole attempt is void when it raises NotLoaded, with everything the batch lacks, or
    ClockSkew."""
    decided, missing = Attempt(books, locked=locked), Reads()
    now = clock.moment(books.business_id, loaded.head.recorded_at)
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
    decided.waits |= order.alone and decided.locked is None
    if decided.waits:
        decided.postponed.append(n)
        return
    if order.request is not None:
        if order.request.key in answered:
            decided.results[n] = replayed_result(order.request, answered[order.request.key])
            return
        if order.request.key in decided.keys:
            decided.postponed.append(n)
            return
    try:
        _, append, answer = decide(order, books, Circumstances(now, order.actor), decided.passed_over)
        if order.check is not None and decided.locked is not None:
            order.check(decided.locked)
    except RenewalsDue as due:
        first = renew(due.memberships, books, now, decided.passed_over)
        decided.appends += [(None, append) for append in first]
        decide_one(n, order, books, answered, now, decided)
        return
    except Refused as refusal:
        decided.results[n] = refusal
        return
    if order.request is not None:
        decided.keys.add(order.request.key)
    decided.appends.append((n, append))
    decided.bodies[n] = answer.body


def replayed_result(request: RequestKey, answered: Answered, *, replayed: bool = True) -> Result:
    """The stored answer to this key, IdempotencyKeyReused for another request, or Erased for an erased answer."""
    if not answered.is_of(request.fingerprint):
        return IdempotencyKeyReused()
    if answered.body is None:
        return Erased()
    moment = from_milliseconds(answered.recorded_at)
    body = with_moment(answered.body, rfc3339(moment))
    return Done(body, answered.first, answered.last, moment, replayed)
