"""Tables that follow from the facts: compared row by row, in the order of their keys."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from secrets import token_bytes
from typing import Any, TypeAlias

from domain.ledger.envelope import Head
from domain.ledger.evidence import ROWS_PER_PAGE, Evidence, Row, StoredHead, as_told, pages, rows
from domain.people.directory import Person
from domain.people.name_search import grams_of_text
from domain.people.photos import CLAIMS
from domain.people.profile import searched
from replay.proof.finding import Finding, told
from replay.proof.gather import look_closer
from replay.proof.workbook import Workbook

Page: TypeAlias = Sequence[tuple[Any, ...]]


def joined(one: Iterator[Row], other: Iterator[Row]) -> Iterator[tuple[Row | None, Row | None]]:
    """Rows of two sides by key, both in order; None where a side has no such row."""
    left, right = next(one, None), next(other, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left.key < right.key):
            yield left, None
            left = next(one, None)
        elif left is None or right.key < left.key:
            yield None, right
            right = next(other, None)
        else:
            yield left, right
            left, right = next(one, None), next(other, None)


def heads(evidence: Evidence, stored: StoredHead | None, last: Head, *, secret: bool) -> Iterator[Finding]:
    """The head against the last fact. `secret`: whether the ledger's secret is the one that was committed to."""
    business_id = evidence.business_id
    values = {"position": last.position, "hash": last.hash, "recorded_at": last.recorded_at}
    if stored is None:
        mended = Row((), values | {"secret": token_bytes(32)})
        yield Finding(business_id, "ledgers", "", "is missing", f"the facts say {told(values)}", mended)
        return
    head = {name: getattr(stored.head, name) for name in values}
    if head != values:
        mended = Row((), values | {"secret": stored.secret})
        told_of = _both(head, values)
        yield Finding(business_id, "ledgers", "", *told_of, mended)
    if not secret:
        yield Finding(business_id, "ledgers", "", "has another secret", "the first fact committed to its own")


def streams(evidence: Evidence, book: Workbook) -> Iterator[Finding]:
    """Streams against the facts: all but the marks of spent packages by one sum, and the marks by another."""
    found, spent = 0, 0
    for page in pages(evidence, "streams", by_number=True):
        found += book.sum_of("streams", [row[:4] for row in page])
        spent += book.sum_of("spent", [(row[0], row[4]) for row in page if row[4] is not None])
    if found == book.sum_noted("streams") and spent == book.sum_spent():
        return
    look_closer(evidence, book)
    expected = book.pages(
        "SELECT number, kind, customer_id, opened, CASE WHEN units = 0 THEN version END"
        " FROM streams LEFT JOIN packages USING (number) ORDER BY number",
        ROWS_PER_PAGE,
    )
    yield from _compared(evidence, "streams", expected, pages(evidence, "streams"))


def claims(evidence: Evidence, book: Workbook) -> Iterator[Finding]:
    """Claims against the facts, but for those of photos (`photos.py`)."""
    found = sum(book.sum_of("claims", page) for page in _claims(evidence, by_number=True))
    if found == book.sum_noted("claims"):
        return
    look_closer(evidence, book)
    expected = book.pages("SELECT claim, stream_id FROM claims ORDER BY claim", ROWS_PER_PAGE)
    yield from _compared(evidence, "claims", expected, _claims(evidence))


def _claims(evidence: Evidence, *, by_number: bool = False) -> Iterator[Page]:
    for page in pages(evidence, "claims", by_number=by_number):
        yield [row for row in page if "/" not in row[0] or not _is_of_photo(row[0])]


def people_search(evidence: Evidence) -> Iterator[Finding]:
    """What customers are found by, against their rows of the directory. Its texts are not told."""
    table, business_id = "people_search", evidence.business_id
    for expected, stored in joined(_searched(evidence), rows(evidence, table)):
        if expected is None and stored is not None:
            yield Finding(
                business_id, table, stored.key[0], "is there", "nobody is found by it", None, stored.key
            )
        elif expected is not None and expected.values["folded"] is not None:
            if stored is None:
                told_of = "is missing"
            elif stored.values["folded"] != expected.values["folded"]:
                told_of = "has another text"
            elif stored.values["grams"] not in (None, expected.values["grams"]):
                told_of = "has other grams"
            else:
                continue
            says = "the directory says what it is"
            yield Finding(business_id, table, expected.key[0], told_of, says, expected)


def strays(evidence: Evidence) -> Iterator[Finding]:
    for told_of in evidence.strays():
        table, _, key = told_of.partition(" ")
        yield Finding(evidence.business_id, table, key, "is there", "it belongs to nothing", is_stray=True)


def _is_of_photo(claim: str) -> bool:
    """Whether it is a claim of a photo: no fact tells of them."""
    return claim.startswith(CLAIMS) and claim.endswith(("/owned", "/taken-in"))


def _searched(evidence: Evidence) -> Iterator[Row]:
    for row in rows(evidence, "people"):
        try:
            folded = searched(Person(row.key[0], row.values["owner_id"], row.values["data"]))
        except ValueError:
            # Somebody changed it, which is told of the directory: what it was found by is not known.
            yield Row(row.key, {"folded": None, "grams": None})
            continue
        if folded is not None:
            yield Row(row.key, {"folded": folded, "grams": " ".join(grams_of_text(folded))})


def _compared(
    evidence: Evidence, table: str, expected: Iterator[Page], stored: Iterator[Page]
) -> Iterator[Finding]:
    left, right = _behind_what_is_equal(expected, stored)
    found = (as_told(table, row) for row in right)
    for is_right, is_stored in joined((as_told(table, row) for row in left), found):
        yield from _difference(evidence.business_id, table, is_right, is_stored)


def _behind_what_is_equal(
    one: Iterator[Page], other: Iterator[Page]
) -> tuple[Iterator[tuple[Any, ...]], Iterator[tuple[Any, ...]]]:
    """The rows of two sides from the first page on that differs. Equal pages are not looked at row by row."""
    left, right = list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    while True:
        left = left or list(next(one, ()))
        right = right or list(next(other, ()))
        alike = min(len(left), len(right))
        if not alike or left[:alike] != right[:alike]:
            return chain(left, chain.from_iterable(one)), chain(right, chain.from_iterable(other))
        del left[:alike], right[:alike]


def _difference(business_id: str, table: str, right: Row | None, stored: Row | None) -> Iterator[Finding]:
    if right is None and stored is not None:
        is_there, key = f"is there: {told(stored.values)}", str(stored.key[0])
        yield Finding(business_id, table, key, is_there, "no fact says so", None, stored.key)
    elif right is not None and stored is None:
        says = f"the facts say {told(right.values)}"
        yield Finding(business_id, table, str(right.key[0]), "is missing", says, right)
    elif right is not None and stored is not None and dict(stored.values) != dict(right.values):
        yield Finding(business_id, table, str(right.key[0]), *_both(stored.values, right.values), right)


def _both(stored: Mapping[str, Any], right: Mapping[str, Any]) -> tuple[str, str]:
    """What is told of columns that differ."""
    names = [name for name in right if stored[name] != right[name]]
    return (
        f"has {told({name: stored[name] for name in names})}",
        f"the facts say {told({name: right[name] for name in names})}",
    )
