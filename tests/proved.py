"""The proof of books that tests wrote: whatever they did, no row may look as though somebody had changed it."""

from collections.abc import Iterator

from api.http.key_guard import KeyGuards
from domain.ledger.contract import Store
from replay.proof.finding import Finding
from replay.proof.prove import Proof
from replay.verify import Intact

FINDINGS_SHOWN = 20
FILLED_BY_HAND: set[str] = set()
"""Businesses whose facts a test wrote past the use cases, without what follows from them."""


def findings_of(store: Store, business_id: str, pepper: bytes) -> list[Finding]:
    """Everything wrong with the books of a business, whose chain must be whole."""
    with store.evidence(business_id) as evidence:
        proof = Proof(evidence, KeyGuards([pepper], store.peppers()))
        found = list(proof.findings())
    assert isinstance(proof.chain, Intact), proof.chain
    return found


def wrong_lines(store: Store, pepper: bytes | None) -> Iterator[str]:
    """A line for each row that looks changed, of all businesses in a store."""
    for business_id in sorted({*store.business_ids()} - FILLED_BY_HAND):
        with store.evidence(business_id) as evidence:
            proof = Proof(evidence, None if pepper is None else KeyGuards([pepper], store.peppers()))
            yield from (finding.line for finding in proof.findings())
        if not isinstance(proof.chain, Intact):
            yield f"{business_id}: {proof.chain}"


def assert_proved(store: Store, pepper: bytes | None = None) -> None:
    """Without a pepper keys are not proved."""
    wrong = list(wrong_lines(store, pepper))
    assert not wrong, "\n".join(wrong[:FINDINGS_SHOWN])
