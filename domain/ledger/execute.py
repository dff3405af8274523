"""The one write path: load, look the requests up, decide in order, append, answer each.

Its unit is a batch; a single command is a batch of one. It tries up to three times:

1. On cached streams, without loading, when they hold everything the batch reads and refuse nothing. The append
   checks the versions of all streams read, and the request keys: only a decision on the present state is stored.
2. On loaded streams, for the orders that are left. The append may conflict.
3. On streams loaded under the lock of the ledger's head, for the orders that conflicted. They cannot conflict again.

Batches of several businesses are first tried together (cache_first.py).
"""

from collections.abc import Iterable, Mapping, Sequence

from domain.actor import Circumstances
from domain.decision import NotLoaded, Reads
from domain.ledger.attempt import Attempt, decide_on, settled
from domain.ledger.batch_reads import LOADS_MAX, load, reads_of
from domain.ledger.books import LoadedBooks
from domain.ledger.cache import StreamCache
from domain.ledger.cache_first import decide_on_what_is_kept, kept_books, known_results
from domain.ledger.contract import LedgerRecorder
from domain.ledger.erasure_journal import ErasureJournal, JournalEntry, State
from domain.ledger.errors import ClockSkew, LedgerUnavailable
from domain.ledger.host_clock import HostClock
from domain.ledger.one_order import RenewalsDue, decide
from domain.ledger.orders import Done, Order, Preview, Result
from domain.ledger.records import Append
from domain.ledger.renewals import renew
from domain.moments import to_milliseconds


def execute(
    recorder: LedgerRecorder,
    orders: Sequence[Order],
    clock: HostClock,
    kept: StreamCache,
    journal: ErasureJournal | None = None,
) -> list[Result]:
    """Carry out orders one after the other; each is done, replayed or refused on its own.

    Raises UnknownBusiness, LedgerUnavailable (also ClockSkew) and Contention for the batch, UnreadableFact for stored
    data that this code must not guess at. After any of them a retry with the same key is safe.
    """
    numbered = dict(enumerate(orders))
    results: dict[int, Result] = {}
    try:
        wanted = reads_of(recorder.business_id, orders, kept)
        now = clock.moment(recorder.business_id)
        books = kept_books(recorder.business_id, numbered, kept, wanted)
        tried = None if books is None else decide_on_what_is_kept(books, numbered, now)
        again = list(numbered)
        if tried is not None:
            done, again = _stored(recorder, tried, clock, kept)
            results |= done
        if again:
            # What all orders read is known; for some of them it is looked up anew.
            known = wanted if len(again) == len(orders) else None
            decided = _decide_all(recorder, {n: numbered[n] for n in again}, clock, kept, known)
            done, again = _stored(recorder, decided, clock, kept)
            results |= done
        while again:
            together, later = _together(again, numbered)
            with recorder.locked() as locked:
                decided = _decide_all(locked, {n: numbered[n] for n in together}, clock, kept)
                _note(recorder.business_id, _erases(decided), "begun", clock, journal)
                done, left = _stored(locked, decided, clock, kept)
            again = sorted((*left, *later))
            results |= done
            _note(recorder.business_id, _erases(decided, done), "erased", clock, journal)
    except LedgerUnavailable as error:
        unknown = {n: order for n, order in numbered.items() if n not in results}
        results |= known_results(recorder, unknown, replayed=isinstance(error, ClockSkew))
        if len(results) < len(orders):
            raise
    return [results[n] for n in range(len(orders))]


def _together(numbers: Sequence[int], orders: Mapping[int, Order]) -> tuple[Sequence[int], Sequence[int]]:
    """Those to carry out under the lock now, and those that follow. A check looks at what is committed: an order with
    one is in a transaction of its own."""
    checked = [place for place, n in enumerate(numbers) if orders[n].check is not None]
    end = len(numbers) if not checked else max(checked[0], 1)
    return numbers[:end], numbers[end:]


def preview(recorder: LedgerRecorder, order: Order, clock: HostClock, kept: StreamCache) -> Preview:
    """Decide without writing: a dry run. Raises the refusal that the command would meet."""
    books, _ = load(recorder, [order], kept, extra=Reads())
    at = Circumstances(clock.moment(recorder.business_id, books.head.recorded_at), order.actor)
    for _ in range(LOADS_MAX):
        try:
            return _previewed(recorder, order, books, at)
        except NotLoaded as missing:
            books, _ = load(recorder, [order], kept, extra=missing.reads | books.wanted)
    raise AssertionError(f"{type(order.command).__name__} asks for ever more")


def _previewed(recorder: LedgerRecorder, order: Order, books: LoadedBooks, at: Circumstances) -> Preview:
    first: list[Append] = []
    passed_over: set[str] = set()
    while True:
        try:
            _, append, answer = decide(order, books, at, passed_over)
        except RenewalsDue as due:
            first += renew(due.memberships, books, at.now, passed_over)
        else:
            if order.check is not None:
                order.check(recorder)
            facts = [fact for each in (*first, append) for fact in each.facts]
            return Preview(answer.body, tuple(facts), books.head.position)


def _erases(decided: Attempt, done: Mapping[int, Result] | None = None) -> list[str]:
    """The customers whom these decisions erase, under all names; only those that are `done`, if that is given.

    An erasure is decided under the lock: it is in the journal before it is stored, and again once it is committed.
    """
    return [
        id
        for n, append in decided.appends
        if done is None or (n is not None and isinstance(done.get(n), Done))
        for id in append.erases
    ]


def _note(
    business_id: str,
    customers: Iterable[str],
    state: State,
    clock: HostClock,
    journal: ErasureJournal | None,
) -> None:
    """Write into the journal how far the erasure of customers has come. Raises LedgerUnavailable."""
    for id in customers if journal is not None else ():
        if journal is not None:
            at = to_milliseconds(clock.read())
            journal.write(JournalEntry(business_id, id, state, at))


def _stored(
    recorder: LedgerRecorder, decided: Attempt, clock: HostClock, kept: StreamCache
) -> tuple[dict[int, Result], list[int]]:
    """Append the decided commands; return results by number, and the numbers that conflicted."""
    if not decided.appends:
        return decided.results, decided.postponed
    batch = [append for _, append in decided.appends]
    outcomes = recorder.append(batch)
    clock.learn_from(recorder.business_id, batch, outcomes)
    # An append under the lock is committed when the lock is released: its streams are not cached before.
    return settled(decided, outcomes, None if recorder.is_locked else kept)


def _decide_all(
    recorder: LedgerRecorder,
    orders: dict[int, Order],
    clock: HostClock,
    kept: StreamCache,
    wanted: Reads | None = None,
) -> Attempt:
    """`wanted`: what they read, where that was looked up just now."""
    extra = Reads()
    for _ in range(LOADS_MAX):
        books, loaded = load(recorder, list(orders.values()), kept, extra, wanted)
        wanted = None
        try:
            return decide_on(books, orders, loaded, clock, locked=recorder if recorder.is_locked else None)
        except NotLoaded as missing:
            extra |= missing.reads
    raise AssertionError("a decision asks for ever more")
