"""Tables of which the facts hold digests: requests, answers, notes and reasons, and the directory.

A row that is gone is erased where its customer was, and else lost. None of them can be made anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from domain.ledger.evidence import Evidence, Row, rows
from domain.ledger.proof import (
    digest_of_answer,
    proof_of_person,
    proof_of_request,
    seal_of_request,
)
from replay.proof.derived import is_of_photo, joined
from replay.proof.finding import Finding
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
    found = book.rows("SELECT id, proof, position, stream_id FROM people ORDER BY id")
    expected = (Row((id,), {"proof": what, "at": at, "of": of}) for id, what, at, of in found)
    kept = (row for row in rows(evidence, table) if not is_of_photo(table, row))
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
    """Requests against their first fact; those without a fact against their seal, where the secret is known."""
    table, business_id = "requests", evidence.business_id
    for row in rows(evidence, table):
        values = row.values
        if values["seal"]:
            if secret is not None and values["seal"] != _seal(row, secret):
                yield Finding(business_id, table, row.key[0], "is not as it was stored", "its seal says so")
            continue
        book.execute("UPDATE requests SET is_there = 1 WHERE position = ?", (values["first"],))
        known = book.execute(
            "SELECT proof, recorded_at FROM requests WHERE position = ?", (values["first"],)
        ).fetchone()
        if known is None:
            yield Finding(business_id, table, row.key[0], "is there", REFERS)
        elif known != (_proof(row), values["recorded_at"]):
            says = f"the fact at position {values['first']} committed to another"
            yield Finding(business_id, table, row.key[0], "is not as it was stored", says)
    for (position,) in book.rows("SELECT position FROM requests WHERE NOT is_there ORDER BY position"):
        says = f"the fact at position {position} committed to it"
        yield Finding(business_id, table, f"at position {position}", "is missing", says)


def answers(evidence: Evidence, book: Workbook) -> Iterator[Finding]:
    """Answers, each in the row of its request, which holds a digest of it: kept, or erased with a person in it."""
    business_id = evidence.business_id
    for asked in rows(evidence, "requests"):
        yield from _of_answer(business_id, asked, book)


def _of_answer(business_id: str, asked: Row, book: Workbook) -> Iterator[Finding]:
    key, values = asked.key[0], asked.values
    people = sorted(set(values["people"].split()))
    if values["body"] is None:
        if not any(book.was_erased(id) for id in people):
            yield Finding(business_id, "requests", key, "has lost its answer", "nobody in it was erased")
        elif values["salt"] is not None:
            yield Finding(business_id, "requests", key, "has a salt", "its answer was erased")
        return
    if values["answered"] != digest_of_answer(values["salt"] or b"", values["body"]):
        says = "the request holds another digest"
        yield Finding(business_id, "requests", key, "has another answer than was stored", says)
    for id in people:
        if book.was_erased(id) and values["last"] < book.erased_at(id):
            says = f"{id} in it was erased later"
            yield Finding(business_id, "requests", key, "has an answer", says)


def _proof(row: Row) -> str:
    values = row.values
    facts = values["last"] - values["first"] + 1
    if not 0 <= facts < 2**32:
        return ""
    return proof_of_request(
        row.key[0], values["fingerprint"], values["people"].split(), values["answered"], facts
    )


def _seal(row: Row, secret: bytes) -> bytes:
    values = row.values
    if values["first"] != values["last"] or not min(values["last"], values["recorded_at"]) >= 0:
        return b""
    return seal_of_request(
        secret,
        row.key[0],
        values["fingerprint"],
        values["people"].split(),
        values["answered"],
        values["last"],
        values["recorded_at"],
    )


def _lost(business_id: str, table: str, right: Row) -> Finding:
    says = f"the fact at position {right.values['at']} committed to it"
    return Finding(business_id, table, right.key[0], "is lost", says)


def _changed(business_id: str, table: str, right: Row) -> Finding:
    says = f"the fact at position {right.values['at']} committed to another"
    return Finding(business_id, table, right.key[0], "is not as it was written", says)
