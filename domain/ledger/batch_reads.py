"""The reads of a batch: everything its orders ask for, and of cached streams only the later facts."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from msgspec import Struct, structs

from domain.decision import Reads
from domain.ledger.books import LoadedBooks
from domain.ledger.cache import StreamCache
from domain.ledger.contract import LedgerRecorder, Store
from domain.ledger.orders import Order
from domain.ledger.owners import owner_of
from domain.ledger.records import Loaded
from domain.ledger.redirect import reads_actor
from domain.ledger.stream import Stream
from domain.use_cases.reactions import read_by_all

LOADS_MAX = 16
"""Loads for one decision; a decision that still asks for more is a bug."""

KINDS = ("booking", "membership", "top_up")
"""Kinds of streams that a customer has, beside packages (`packages_of`) and points, which nothing ends."""


def reads_of(business_id: str, orders: Iterable[Order], kept: StreamCache) -> Reads:
    """Everything these orders read."""
    peek, found = partial(kept.state, business_id), list[Reads]()
    for order in orders:
        found.append(order.use_case.reads(order.command, business_id, peek))
        if (theirs := reads_actor(order)) is not None:
            found.append(theirs)
        if order.shows is not None:
            found.append(order.shows)
    return read_by_all(Reads.all_of(found), [order.command for order in orders], business_id, peek)


class BatchReads(Struct, frozen=True, gc=False):
    """The reads of some orders, with the cached streams among them and the request keys."""

    business_id: str
    wanted: Reads
    known: Sequence[Stream]
    keys: Sequence[str]

    @property
    def newer(self) -> Reads:
        """The same reads, but of cached streams only the later facts."""
        versions = {stream.id: stream.version for stream in self.known}
        found = (
            self.wanted.packages_of
            or self.wanted.unspent_of
            or self.wanted.claimed
            or not self.wanted.streams.keys() <= versions.keys()
        )
        with_customers = self.wanted.with_customers and bool(found or not self._owners <= versions.keys())
        return structs.replace(
            self.wanted, streams={**self.wanted.streams, **versions}, with_customers=with_customers
        )

    @property
    def _owners(self) -> set[str]:
        return {owner for stream in self.known if (owner := owner_of(stream.state))}

    def books(self, loaded: Loaded, kept: StreamCache) -> LoadedBooks:
        return kept.books_of(self.business_id, self.wanted, loaded, self.known)


def keys_of(orders: Iterable[Order]) -> list[str]:
    """The keys of their requests."""
    return [order.request.key for order in orders if order.request is not None]


def asked_beside(business_id: str, wanted: Reads, keys: Sequence[str], kept: StreamCache) -> BatchReads:
    """These reads, with what of them is cached."""
    known = kept.streams(business_id, wanted.streams)
    for customer_id in wanted.packages_of:
        known |= {stream.id: stream for stream in kept.packages_of(business_id, customer_id)}
    for customer_id in wanted.unspent_of:
        known |= {stream.id: stream for stream in kept.unspent_packages_of(business_id, customer_id)}
    if wanted.with_customers:
        owners = {owner for stream in known.values() if (owner := owner_of(stream.state))} - known.keys()
        known |= kept.streams(business_id, sorted(owners))
    return BatchReads(business_id, wanted, list(known.values()), keys)


def present_all(store: Store, asked: Mapping[str, Reads], kept: StreamCache) -> Mapping[str, LoadedBooks]:
    """Streams of several ledgers as they stand now, without their facts, with the survivors of merged customers.

    One round trip, and one more where a survivor was not asked for. Leaves out ledgers that do not exist. Raises
    UnreadableFact, LedgerUnavailable.
    """
    found: dict[str, LoadedBooks] = {}
    while asked:
        questions = {id: asked_beside(id, wanted, (), kept) for id, wanted in asked.items()}
        loaded = store.load_all({id: (each.newer, ()) for id, each in questions.items()})
        found |= {id: questions[id].books(each, kept) for id, each in loaded.items()}
        survivors = {id: found[id].unread_survivors() for id in loaded}
        asked = {id: asked[id] | reads for id, reads in survivors.items() if reads.streams}
    return found


def load(
    recorder: LedgerRecorder,
    orders: Sequence[Order],
    kept: StreamCache,
    extra: Reads,
    wanted: Reads | None = None,
) -> tuple[LoadedBooks, Loaded]:
    """What these orders read, and `extra`. `wanted`: the former, where it is known."""
    if wanted is None:
        wanted = reads_of(recorder.business_id, orders, kept)
    wanted, keys = wanted | extra, keys_of(orders)
    asked = asked_beside(recorder.business_id, wanted, keys, kept)
    if customers := asked.wanted.everything_of:
        theirs = {
            id: 0 for customer in customers for kind in KINDS for id in recorder.streams_of(customer, kind)
        }
        asked = asked_beside(recorder.business_id, wanted | Reads(theirs), keys, kept)
    loaded = recorder.load(asked.newer, asked.keys)
    if customers:
        loaded = structs.replace(loaded, personal={id: recorder.personal_data(id) for id in customers})
    return asked.books(loaded, kept), loaded
