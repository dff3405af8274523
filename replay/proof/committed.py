"""Tables of which the facts hold digests: requests, answers, notes and reasons, and the directory.

A row that is gone is erased where its customer was, and else lost. None of them can be made anew.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from json import dumps
from typing import Any, NamedTuple

from domain.ledger.evidence import ROWS_PER_PAGE, Evidence, Row, pages, rows
from domain.ledger.numbers import numbers_from_bytes
from domain.ledger.proof import (
    digest_of_answer,
    moment_in,
    proof_of_person,
    proof_of_request,
    seal_of_request,
)
from domain.ledger.request_keys import unpacked_key
from domain.people.directory import PHOTO
from replay.proof.derived import joined
from replay.proof.finding import Finding
from replay.proof.gather import look_closer
from replay.proof.known_streams import learn_owners
from replay.proof.workbook import Workbook

REFERS = "no fact refers to it"


@dataclass
class Counts:
    """Texts that are as they were written, and that were erased."""

    kept: int = 0
    erased: int = 0


def texts(evidence: Evidence, book: Workbook, counts: Counts) -> Iterator[Finding]:
    """Notes and reasons: SHA-256(salt ‖ text) of each stands in its fact."""
    table, business_id = "texts", evidence.business_id
    learn_owners(evidence, book, table)
    found = book.rows("SELECT id, commitment, position, stream_id FROM texts ORDER BY id")
    expected = (Row((id,), {"commitment": what, "at": at, "of": of}) for id, what, at, of in found)
    for right, stored in joined(expected, rows(evidence, table)):
        if right is None and stored is not None:
            yield Finding(business_id, table, stored.key[0], "is there", REFERS)
        elif right is not None and stored is None:
            if book.is_erased(book.owner_of(right.values["of"])):
                counts.erased += 1
            else:
                yield _lost(business_id, table, right)
        elif right is not None and stored is not None:
            values, owners = stored.values, book.names_of(book.owner_of(right.values["of"]))
            if sha256(values["salt"] + values["text"].encode()).hexdigest() != right.values["commitment"]:
                yield _changed(business_id, table, right)
            elif values["owner_id"] not in owners:
                told = f"has the owner {values['owner_id']}"
                yield Finding(business_id, table, right.key[0], told, f"its fact is of {min(owners)}")
            else:
                counts.kept += 1


def people(evidence: Evidence, book: Workbook) -> Iterator[Finding]:
    """Rows of the directory: the last fact that wrote a row committed to it."""
    table, business_id = "people", evidence.business_id
    learn_owners(evidence, book, table)
    found = book.rows("SELECT id, proof, position, stream_id FROM people ORDER BY id")
    expected = (Row((id,), {"proof": what, "at": at, "of": of}) for id, what, at, of in found)
    kept = (row for row in rows(evidence, table) if not row.key[0].startswith(PHOTO))
    for right, stored in joined(expected, kept):
        if right is None and stored is not None:
            yield Finding(business_id, table, stored.key[0], "is there", REFERS)
        elif right is not None and stored is None:
            if not book.is_erased(book.owner_of(right.values["of"])):
                yield _lost(business_id, table, right)
        elif right is not None and stored is not None:
            values = stored.values
            made = proof_of_person(values["salt"], right.key[0], values["owner_id"], values["data"])
            if made != right.values["proof"]:
                yield _changed(business_id, table, right)


def requests(evidence: Evidence, book: Workbook, secret: bytes | None) -> Iterator[Finding]:
    """Requests against their first fact; those without a fact against their seal, where the secret is known.

    Answers, each in the row of its request, which holds a digest of it: kept, or erased with a person in it.
    """
    found = 0
    for page in pages(evidence, "requests"):
        asked = [_stored(row) for row in page]
        found += book.sum_of("requests", [(each.first, _proof(each)) for each in asked if not each.seal])
        for request in asked:
            if request.seal and secret is not None and request.seal != _seal(request, secret):
                says = "its seal says so"
                yield Finding(evidence.business_id, "requests", request.key, "is not as it was stored", says)
            if request.people or request.body is None:
                yield from _of_answer(evidence.business_id, request, book)
    if found != book.sum_noted("requests"):
        look_closer(evidence, book)
        yield from _not_committed(evidence, book)


def _not_committed(evidence: Evidence, book: Workbook) -> Iterator[Finding]:
    """Requests that are not as their facts committed to them, and those that are missing."""
    there = Positions()
    for page in pages(evidence, "requests"):
        known = _committed_to(page, book)
        for request in map(_stored, page):
            if request.seal:
                continue
            committed = known.get(request.first)
            if committed is not None:
                there.add(request.first)
            if committed is None:
                yield Finding(evidence.business_id, "requests", request.key, "is there", REFERS)
            elif committed != _proof(request):
                says = f"the fact at position {request.first} committed to another"
                yield Finding(evidence.business_id, "requests", request.key, "is not as it was stored", says)
    for found in book.pages("SELECT position FROM requests ORDER BY position", ROWS_PER_PAGE):
        for (position,) in found:
            if not there.holds(position):
                says = f"the fact at position {position} committed to it"
                key = f"at position {position}"
                yield Finding(evidence.business_id, "requests", key, "is missing", says)


class StoredRequest(NamedTuple):
    """A row of the table, in the order of its columns."""

    key: str
    key_text: str
    fingerprint: bytes
    first: int
    facts: int
    people: bytes
    answered: bytes
    seal: bytes
    body: bytes | None
    salt: bytes | None

    @property
    def last(self) -> int:
        return self.first + max(self.facts - 1, 0)


def _stored(row: Sequence[Any]) -> StoredRequest:
    return StoredRequest(unpacked_key(row[0], row[1]), *row[1:])


class Positions:
    """A set of positions of one ledger, in an eighth of a byte each."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, position: int) -> None:
        place = position >> 3
        if place >= len(self._bits):
            self._bits.extend(bytes(place + 1 - len(self._bits)))
        self._bits[place] |= 1 << (position & 7)

    def holds(self, position: int) -> bool:
        place = position >> 3
        return place < len(self._bits) and bool(self._bits[place] & 1 << (position & 7))


def _committed_to(page: Sequence[tuple[Any, ...]], book: Workbook) -> dict[int, str]:
    """Position → what its fact commits to of a request, for the requests of a page."""
    first = StoredRequest._fields.index("first")
    asked = dumps([row[first] for row in page])
    found = book.execute(
        "SELECT position, proof FROM requests WHERE position IN (SELECT value FROM json_each(?))",
        (asked,),
    )
    return dict(found)


def _digest(request: StoredRequest) -> bytes:
    """Of the answer; where there is one, nothing stands in the row that would stay of it."""
    if request.body is None:
        return request.answered
    return request.answered + digest_of_answer(request.salt or b"", request.body)


def _of_answer(business_id: str, request: StoredRequest, book: Workbook) -> Iterator[Finding]:
    key = request.key
    erased = {id: at for number in numbers_from_bytes(request.people) for id, at in book.erased_with(number)}
    if request.body is None:
        if not erased:
            yield Finding(business_id, "requests", key, "has lost its answer", "nobody in it was erased")
        elif request.salt is not None:
            yield Finding(business_id, "requests", key, "has a salt", "its answer was erased")
        return
    for id, at in sorted(erased.items()):
        if request.last < at:
            says = f"{id} in it was erased later"
            yield Finding(business_id, "requests", key, "has an answer", says)


def _proof(request: StoredRequest) -> str:
    if not 0 < request.facts < 2**32:
        return ""
    return proof_of_request(request.key, request.fingerprint, request.people, _digest(request), request.facts)


def _seal(request: StoredRequest, secret: bytes) -> bytes:
    moment = moment_in(request.seal)
    if request.facts or request.first < 0:
        return b""
    return seal_of_request(
        secret,
        request.key,
        request.fingerprint,
        request.people,
        _digest(request),
        request.first,
        moment,
    )


def _lost(business_id: str, table: str, right: Row) -> Finding:
    says = f"the fact at position {right.values['at']} committed to it"
    return Finding(business_id, table, right.key[0], "is lost", says)


def _changed(business_id: str, table: str, right: Row) -> Finding:
    says = f"the fact at position {right.values['at']} committed to another"
    return Finding(business_id, table, right.key[0], "is not as it was written", says)
