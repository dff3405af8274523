"""Batches of orders for one ledger: recorded for good, or tried and rolled back."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from domain.ledger.cache import StreamCache
from domain.ledger.carnet import Carnet
from domain.ledger.contract import LedgerRecorder
from domain.ledger.errors import Contention, LedgerUnavailable
from domain.ledger.execute import execute
from domain.ledger.orders import Order, Result

R = TypeVar("R")

BATCH_ROWS = 500
TRIES_MAX = 5
"""Attempts at a batch that the store could not take. The request keys make another attempt safe."""


@dataclass(frozen=True, slots=True)
class Batches:
    """`carry_out` raises LedgerUnavailable, Contention and UnreadableFact; a repetition is safe."""

    recorder: LedgerRecorder
    carry_out: Callable[[Sequence[Order]], list[Result]]


def recorded(carnet: Carnet, business_id: str) -> Batches:
    ledger = carnet.ledger(business_id)

    def carry_out(orders: Sequence[Order]) -> list[Result]:
        for _ in range(TRIES_MAX - 1):
            try:
                return ledger.execute(orders)
            except (LedgerUnavailable, Contention):
                continue
        return ledger.execute(orders)

    return Batches(ledger.recorder, carry_out)


def end_bulk(carnet: Carnet, rows: int) -> None:
    """After a load of many rows: have the database plan for what came. It would by itself, a minute later."""
    if rows >= BATCH_ROWS:
        with suppress(LedgerUnavailable, Contention):
            carnet.store.gather_statistics()


class _Undone(Exception):
    """Rolls a dry run back."""


@contextmanager
def rolled_back(carnet: Carnet, business_id: str) -> Iterator[Batches]:
    """Decide each batch on the effects of those before it, and write nothing.

    It is one transaction. Until it ends it holds the ledger's head: nobody else can record anything in these
    books (on SQLite: in any books of the file).
    """
    ledger, clock = carnet.ledger(business_id), carnet.host_clock
    # A cache of its own: the process's must not keep states of facts that are rolled back.
    kept = StreamCache()
    try:
        with ledger.recorder.locked() as locked:
            yield Batches(locked, lambda orders: execute(locked, orders, clock, kept))
            raise _Undone
    except _Undone:
        return


def batched(rows: Iterable[R], reference: Callable[[R], str | None]) -> Iterator[list[R]]:
    """Rows in their order, at most 500 together; no reference is twice in one batch. None: it has no reference."""
    batch: list[R] = []
    references: set[str | None] = set()
    for row in rows:
        named = reference(row)
        if len(batch) == BATCH_ROWS or (named is not None and named in references):
            yield batch
            batch, references = [], set()
        batch.append(row)
        references.add(named)
    if batch:
        yield batch
