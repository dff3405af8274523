"""Prove a business's books: `Proof(evidence).findings()` yields every row that is not as it should be."""

from collections.abc import Iterator

from domain.ledger.collector import collecting_rarely
from domain.ledger.envelope import Head, first_hash
from domain.ledger.evidence import Evidence
from replay.proof import cached, committed, derived, own
from replay.proof.finding import Finding
from replay.proof.gather import Progress, gather, secret_is_right
from replay.proof.keys import Guards, keys
from replay.proof.photos import photos
from replay.proof.workbook import Workbook, workbook
from replay.verify import Broken, Intact


def silent(done: int, of: int) -> None:
    """No progress is told."""


class Proof:
    """The proof of one business. `chain`, `texts` and `facts` are known once all findings were read."""

    def __init__(self, evidence: Evidence, guards: Guards | None, progress: Progress = silent) -> None:
        """`guards`: None where the pepper is not at hand, and keys are not proved."""
        self._evidence = evidence
        self._guards = guards
        self._progress = progress
        self.business_id = evidence.business_id
        self.chain: Intact | Broken = Intact(evidence.business_id, 0, first_hash(evidence.business_id))
        self.texts = committed.Counts()

    def findings(self) -> Iterator[Finding]:
        """Everything wrong beside the chain. Where the chain is broken, only keys: no fact can be relied on then.

        Raises LedgerUnavailable.
        """
        with workbook() as book, collecting_rarely():
            found = gather(self._evidence, book, self._progress)
            if isinstance(found, Broken):
                self.chain = found
            else:
                self.chain = Intact(self.business_id, found.position, found.hash)
                yield from self._beside(found, book)
            if self._guards is not None:
                yield from keys(self._evidence, book, self._guards)

    def _beside(self, last: Head, book: Workbook) -> Iterator[Finding]:
        evidence, stored = self._evidence, self._evidence.head()
        first = evidence.facts(0, 1)
        secret = stored.secret if stored is not None else None
        if first and secret is not None and not secret_is_right(first[0].meta, secret):
            secret = None
        if stored is not None or first:
            yield from derived.heads(evidence, stored, last, secret=stored is None or secret is not None)
        yield from derived.streams(evidence, book)
        yield from derived.claims(evidence, book)
        yield from committed.people(evidence, book)
        yield from derived.people_search(evidence)
        yield from committed.texts(evidence, book, self.texts)
        yield from committed.requests(evidence, book, secret)
        yield from photos(evidence, book)
        yield from own.messages(evidence, book, last.position)
        yield from own.webhooks(evidence, last.position)
        yield from own.verifications(evidence, last.position)
        yield from cached.report_sums(evidence, last.position)
        yield from derived.strays(evidence)
