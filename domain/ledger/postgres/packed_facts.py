"""Facts by their shapes, as PostgreSQL keeps them: packed before an append, unpacked from rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from domain.ledger.envelope import StoredFact
from domain.ledger.postgres.connections import UNKNOWN_SHAPE, PatientConnection
from domain.ledger.records import Append
from domain.ledger.shapes import SHAPES_MAX, PackedFact, Shape, Shapes

Row = tuple[Any, ...]
SHAPES = "SELECT number, kind, name, name_version, text FROM shapes"
KEEP_SHAPES = "SELECT keep_shapes(%s::int4[], %s::text[], %s::text[], %s::int4[], %s::text[], %s::int4)"

Unpack = Callable[[str, Row], StoredFact]
"""Makes a fact of a business from a row."""


def unpacking(shapes: Shapes, connection: PatientConnection) -> Unpack:
    def unpack(business_id: str, row: Row) -> StoredFact:
        return shapes.fact(business_id, row, lambda: connection.execute(SHAPES))

    return unpack


@contextmanager
def kept_apart(
    shapes: Shapes, connection: PatientConnection, commands: Iterable[Append]
) -> Iterator[Sequence[PackedFact]]:
    """The facts of these commands, by shapes that the database keeps. Shapes are committed before the facts, but where
    the connection is in a transaction."""

    def keep(added: Sequence[Shape]) -> list[int]:
        numbers, kinds, names, versions, texts = zip(*added, strict=True)
        arguments = [
            *map(list, (numbers, kinds, names, versions)),
            [text.decode() for text in texts],
            SHAPES_MAX,
        ]
        return [number for (number,) in connection.execute(KEEP_SHAPES, arguments)]

    lasts = connection.info.transaction_status == TransactionStatus.IDLE
    found, numbers = shapes.packed([fact for command in commands for fact in command.facts], keep)
    if lasts:
        shapes.believe(numbers)
    try:
        yield found
    except psycopg.DatabaseError as error:
        if error.sqlstate == UNKNOWN_SHAPE:
            shapes.forget()
        raise
