"""Rows of an answer as CSV, for a spreadsheet: a column for each value that any of them has.

    csv_of([{"id": "cus_1", "points": 4, "tags": ["a", "b"], "price": {"amount": 900, "currency": "EUR"}}])
    id,points,tags,price.amount,price.currency
    cus_1,4,"[""a"", ""b""]",900,EUR

An object has a column for each of its values; a list is one cell, as JSON. A text that a spreadsheet would calculate is
guarded.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Any

from replay.export.cells import guarded


def csv_of(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Columns in the order in which they are met. UTF-8, lines end with CR LF (RFC 4180)."""
    flat = [dict(_columns(row)) for row in rows]
    names = list(dict.fromkeys(name for row in flat for name in row))
    written = StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(names)
    writer.writerows([_written(row.get(name)) for name in names] for row in flat)
    return written.getvalue().encode()


def _columns(row: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from _columns(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, Sequence):
        return guarded(json.dumps(value, ensure_ascii=False))
    return str(value)
