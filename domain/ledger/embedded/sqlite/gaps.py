"""The gap of a page: the bytes that belong to no row, between the list of a page's cells and the cells themselves.

SQLite overwrites a row that is deleted (`secure_delete`). When it moves rows between pages, it leaves a copy in the gap
of the page they lay in, and overwrites it never. Nothing reads a gap. Every other page and byte that is free holds
zeros. The format is in https://www.sqlite.org/fileformat.html, B-tree Pages.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

HEADER_BYTES = 100
INNER, LEAVES = (2, 5), (10, 13)
PAGES_MAX = 2 * 2**24
"""In a larger file an overflow page can begin like a page of rows: it begins with the number of the next."""


class UnknownFormat(Exception):
    """Pages of this file cannot be told apart."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The sizes of a file's pages, in bytes."""

    page: int
    usable: int

    @classmethod
    def of(cls, header: bytes, size: int) -> Self:
        """The layout that the first 100 bytes of a file of this size tell. Raises UnknownFormat."""
        if not header.startswith(b"SQLite format 3\0") or len(header) < HEADER_BYTES:
            raise UnknownFormat("it is no SQLite file")
        told = int.from_bytes(header[16:18], "big")
        page = 65_536 if told == 1 else told
        if any(header[52:56]):
            raise UnknownFormat("it has pages that map others (auto_vacuum)")
        if size // page > PAGES_MAX:
            raise UnknownFormat(f"it has more than {PAGES_MAX:,} pages")
        return cls(page, page - header[20])

    def gap(self, page: bytes, number: int) -> range:
        """Where the gap of a page is, by number from 1; empty for a page that has no rows."""
        start = HEADER_BYTES if number == 1 else 0
        kind = page[start]
        if kind not in INNER and kind not in LEAVES:
            return range(0)
        cells = int.from_bytes(page[start + 3 : start + 5], "big")
        begin = start + (12 if kind in INNER else 8) + 2 * cells
        end = int.from_bytes(page[start + 5 : start + 7], "big") or 65_536
        return range(begin, end) if begin < end <= self.usable else range(0)

    def copies(self, page: bytes, number: int) -> range:
        """The gap of a page that holds anything but zeros; else an empty range."""
        gap = self.gap(page, number)
        return gap if page.count(0, gap.start, gap.stop) < len(gap) else range(0)

    def with_copies(self, data: bytes, first: int) -> Iterator[int]:
        """The numbers of the pages with copies in `data`, whole pages from the one numbered `first`."""
        for number, at in enumerate(range(0, len(data) - self.page + 1, self.page), first):
            if self.copies(data[at : at + self.page], number):
                yield number
