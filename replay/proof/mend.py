"""Make anew what follows from the facts, in the transaction of the only writer. Facts are never touched."""

from collections.abc import Iterator

from domain.ledger.evidence import Mending
from replay.proof.finding import Finding
from replay.proof.prove import Proof


def mend(mending: Mending, proof: Proof) -> Iterator[Finding]:
    """Every finding of a proof on the same rows; those that can be mended are, before the next is looked for."""
    anew = False
    for finding in proof.findings():
        if finding.mended is not None:
            mending.put(finding.table, finding.mended)
        elif finding.surplus is not None:
            mending.delete(finding.table, finding.surplus)
        anew |= finding.can_be_mended and finding.table in ("people_search", "answer_people", "people_grams")
        yield finding
    if anew:
        mending.index_anew()
