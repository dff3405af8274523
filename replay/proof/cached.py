"""Rows that follow from the facts and may be missing: one that does not fit is not believed, and can be deleted.

Whether sums that fit are those of the facts takes a fold of all packages: `replay/reports/kept_proof.py`.
"""

from collections.abc import Iterator

from domain.ledger.evidence import Evidence, rows
from domain.ledger.report_sums import digest_of
from replay.proof.finding import Finding


def report_sums(evidence: Evidence, last: int) -> Iterator[Finding]:
    """Sums of reports are as they were made, and of facts that are there."""
    for row in rows(evidence, "report_sums"):
        values = dict(row.values)
        digest, position = values.pop("digest"), values["position"]
        flaw = None
        if digest_of(evidence.business_id, *row.key, *values.values()) != digest:
            flaw = "is not as it was made", "its digest is that of another row"
        elif position > last:
            flaw = f"is of position {position}", f"the last fact has position {last}"
        elif evidence.facts(position - 1, 1)[0].hash != values["hash"]:
            flaw = f"has another hash at position {position}", "it is of other facts"
        if flaw is not None:
            yield Finding(evidence.business_id, "report_sums", row.key[0], *flaw, surplus=row.key)
