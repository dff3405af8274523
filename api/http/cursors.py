"""Cursors of lists: the key of the last row, sealed; and what of a whole list is behind one."""

import base64
from collections.abc import Sequence
from typing import Any

from api.http.problems import Problem


def foreign_cursor() -> Problem:
    return Problem("invalid-cursor", "the cursor is not one of this list and these filters")


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def behind(rows: list[dict[str, Any]], after: Sequence[Any] | None, by: str) -> list[dict[str, Any]]:
    """The rows of a whole list, in its order, after the one whose member `by` is `after[0]`."""
    if after is None:
        return rows
    place = next((n for n, row in enumerate(rows) if row[by] == after[0]), len(rows))
    return rows[place + 1 :]
