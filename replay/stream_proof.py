"""Recomputing the hashes of one stream from its stored bytes, each with the hash before it as that is stored.

It takes as long as the stream, however large the ledger is. It proves that these facts fit their neighbours; that the
neighbours are right, only the whole chain proves (`verify`).
"""

from domain.ledger.contract import LedgerRecorder
from domain.ledger.envelope import StoredFact
from replay.verify import Broken, Chain


def flaw_in_stream(recorder: LedgerRecorder, stream_id: str) -> tuple[int, Broken | None]:
    """The number of facts of a stream, and the first that is not as it was recorded.

    Raises UnknownBusiness, LedgerUnavailable.
    """
    facts = recorder.stream(stream_id)
    chain = Chain(recorder.business_id)
    for version, fact in enumerate(facts, start=1):
        if fact.version != version:
            reason = f"is missing: version {fact.version} follows on {version - 1}"
            return len(facts), Broken(recorder.business_id, fact.position, reason)
        _stand_before(chain, recorder, fact)
        reason_or_none = chain.flaw(fact)
        if reason_or_none is not None:
            return len(facts), Broken(recorder.business_id, fact.position, reason_or_none)
    return len(facts), None


def _stand_before(chain: Chain, recorder: LedgerRecorder, fact: StoredFact) -> None:
    """Bring the chain to the fact before this one, as it is stored; to nothing where that is not there."""
    if chain.position == fact.position - 1:
        return
    for before in recorder.facts(after=fact.position - 2, limit=1):
        chain.position, chain.hash, chain.recorded_at = before.position, before.hash, before.recorded_at
