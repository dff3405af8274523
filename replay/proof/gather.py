"""One walk through the facts: the chain is computed anew, and what follows from the facts is noted."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic_core import from_json

from domain.booking.facts import BookingMade
from domain.fact import UnreadableFact
from domain.ledger.derived import NOT_REGISTERED, claims_of, customer_behind
from domain.ledger.envelope import Head, StoredFact, first_hash
from domain.ledger.evidence import Evidence
from domain.ledger.mapper import recorded
from domain.ledger.proof import proof_of_secret
from domain.package.facts import UnitsRedeemed
from domain.people.facts import CustomerErased, CustomerMerged, CustomerRegistered
from replay.proof.workbook import Workbook
from replay.verify import FACTS_PER_PAGE, Broken, flaw_of

Progress = Callable[[int, int], None]
"""Called with the facts checked and the facts in all."""
UNLIMITED = Head(2**62, b"", 2**62)
"""A head that lies beyond every fact: the stored one is compared with the last fact."""
CLAIMING = (
    "package.redeemed",
    "package.transferred_out",
    "package.payment_recorded",
    "booking.payment_recorded",
    "points.",
    "customer.erased",
    "customer.merged",
)
"""Names, or beginnings of names, of facts that claim something or tell of erasures, beside the first of each stream."""


def gather(evidence: Evidence, book: Workbook, progress: Progress) -> Head | Broken:
    """Check the chain of all facts, and note what follows from them. Returns the head as the facts make it.

    A fact that cannot be read is a break, and so is a head that lies behind the last fact.
    """
    business_id, stored = evidence.business_id, evidence.head()
    checked, claimed = Head(0, first_hash(business_id), 0), stored.head.position if stored is not None else 0
    while page := evidence.facts(checked.position, FACTS_PER_PAGE):
        for fact in page:
            reason = flaw_of(business_id, checked, fact, UNLIMITED)
            if reason is not None:
                return Broken(business_id, checked.position + 1, reason)
            try:
                _note(fact, book)
            except UnreadableFact as error:
                return Broken(business_id, fact.position, f"cannot be read: {error.reason}")
            checked = Head(fact.position, fact.hash, fact.recorded_at)
        progress(checked.position, max(claimed, checked.position))
    # A head with the hash of the last fact lost no fact: it is itself what was changed.
    if stored is not None and claimed > checked.position and stored.head.hash != checked.hash:
        return Broken(business_id, checked.position + 1, f"is missing: the head is at {claimed}")
    book.claim_uses()
    return checked


def secret_is_right(fact: StoredFact, secret: bytes) -> bool:
    """Whether the secret of a ledger is the one that its first fact committed to, if it did."""
    committed = from_json(fact.meta).get("secret") if b'"secret"' in fact.meta else None
    return committed in (None, proof_of_secret(secret))


def _note(fact: StoredFact, book: Workbook) -> None:
    if b'"commitment"' in fact.data:
        for id, commitment in texts_in(from_json(fact.data)):
            book.execute(
                "INSERT OR IGNORE INTO texts VALUES (?, ?, ?, ?)",
                (id, commitment, fact.position, fact.stream_id),
            )
    if b'"proof":' in fact.meta or b'"people":' in fact.meta:
        _note_meta(fact, book)
    if fact.kind == NOT_REGISTERED:
        return
    if fact.version == 1 or fact.name.startswith(CLAIMING):
        _note_claims(fact, book)


def _note_meta(fact: StoredFact, book: Workbook) -> None:
    meta = from_json(fact.meta)
    if proof := meta.get("proof"):
        book.execute(
            "INSERT INTO requests (position, proof, recorded_at) VALUES (?, ?, ?)",
            (fact.position, proof, fact.recorded_at),
        )
    for id, proof in (meta.get("people") or {}).items():
        book.execute(
            "INSERT OR REPLACE INTO people VALUES (?, ?, ?, ?)", (id, proof, fact.position, fact.stream_id)
        )


def _note_claims(stored: StoredFact, book: Workbook) -> None:
    fact = recorded(stored).fact
    if stored.version == 1:
        customer_id = customer_behind(fact, stored.kind, stored.stream_id)
        row = (stored.stream_id, stored.kind, customer_id, stored.position)
        book.execute("INSERT OR IGNORE INTO streams VALUES (?, ?, ?, ?)", row)
    match fact:
        case UnitsRedeemed():
            use = (fact.redemption_id, stored.stream_id, fact.booking_id, stored.position)
            book.execute("INSERT OR IGNORE INTO uses VALUES (?, ?, ?, ?)", use)
        case BookingMade() if fact.redemption_id is not None:
            book.execute("INSERT OR IGNORE INTO booked VALUES (?)", (fact.redemption_id,))
        case CustomerRegistered() if fact.external_ref is not None:
            ref = (stored.stream_id, fact.external_ref.source, fact.external_ref.ref)
            book.execute("INSERT OR IGNORE INTO refs VALUES (?, ?, ?)", ref)
        case CustomerErased():
            book.execute("INSERT OR IGNORE INTO erased VALUES (?, ?)", (stored.stream_id, stored.position))
        case CustomerMerged():
            pair = (fact.survivor_id, fact.absorbed_id)
            for one, other in (pair, pair[::-1]):
                book.execute("INSERT OR IGNORE INTO merged VALUES (?, ?)", (one, other))
        case _:
            pass  # It is not asked for.
    for claim in claims_of(fact, stored.stream_id, book):
        book.claim(claim)


def texts_in(value: Any) -> Iterator[tuple[str, str]]:
    """(text id, commitment) of every text that the data of a fact refers to."""
    if isinstance(value, Mapping):
        if set(value) == {"id", "commitment"}:
            yield value["id"], value["commitment"]
        for part in value.values():
            yield from texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)
