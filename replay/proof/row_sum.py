"""One number for a set of rows, in whatever order they come."""

from collections.abc import Iterable
from secrets import token_hex


class RowSums:
    """Makes sums under a key of its own that nobody knows, so that no other rows can be made for a sum.

    Python's hash of a text is SipHash. Sets of rows that differ have the same sum once in 2^64.
    """

    def __init__(self) -> None:
        self._key = token_hex(16)

    def of(self, rows: Iterable[str]) -> int:
        """`rows`: each as one text that no other row has."""
        key = self._key
        return sum([hash(key + row) for row in rows])
