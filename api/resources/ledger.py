"""The ledger for auditors: the feed of facts, the head, and the proof that all is as it was recorded."""

from typing import Annotated

from pydantic import Field

from api.http.ledger_fact import LedgerFact, shown_fact
from api.http.permissions import BOOKKEEPERS
from api.http.query import Found, ListParameters, NoParameters, Page, Query
from api.http.query_route import query
from domain.moments import from_milliseconds, rfc3339
from domain.values import Value
from replay.feed import feed
from replay.proof.finding import Finding
from replay.proof.prove import Proof
from replay.verify import Intact


class FactsParameters(ListParameters):
    after: Annotated[int, Field(ge=0, le=2**53 - 1)] = 0
    """The last position that is already known."""


class FactFeed(Page[LedgerFact]):
    """Facts in order of position. No fact ever appears before one that was shown."""


@query(
    "/v1/facts",
    "facts.list",
    "The ordered feed of the ledger",
    roles=BOOKKEEPERS,
    answer=FactFeed,
    parameters=FactsParameters,
)
def facts(call: Query[FactsParameters]) -> Found:
    """Follow the ledger: facts in order of position, none ever before one that was shown. Pass `after` the
    last position you know.
    """
    after = (call.after() or [call.parameters.after])[0]
    stored, head = feed(call.ledger.recorder, after, call.parameters.limit + 1)
    call.check_reachable(head)
    return call.page(FactFeed, stored, key=lambda fact: [fact.position], shown=shown_fact, position=head)


class LedgerHead(Value):
    position: int
    """The last position; 0 when nothing was recorded yet."""
    hash: str
    recorded_at: str | None


@query(
    "/v1/ledger/head", "ledger.head", "Position and hash of the ledger", roles=BOOKKEEPERS, answer=LedgerHead
)
def head(call: Query[NoParameters]) -> Found:
    """Keep position and hash somewhere else to prove later that nothing was changed since."""
    found = call.ledger.recorder.head()
    call.check_reachable(found.position)
    moment = rfc3339(from_milliseconds(found.recorded_at)) if found.position else None
    shown = LedgerHead(position=found.position, hash=found.hash.hex(), recorded_at=moment)
    return Found(shown, found.position)


FINDINGS_MAX = 100


class VerificationFinding(Value):
    """A row beside the facts that is not as it should be. Texts and personal data are never shown."""

    table: str
    key: str
    """Of the row; empty where a business has one."""
    stored: str
    expected: str


class LedgerVerification(Value):
    """The hash chain, recomputed from the stored bytes of every fact, and the tables beside the facts."""

    intact: bool
    """Whether the chain is whole, and every row beside the facts is as it should be."""
    position: int
    """The head that was reached, or the first position that is not as it was recorded."""
    hash: str | None
    """The head's; null where the chain is broken."""
    reason: str | None
    """Of a break; else null."""
    findings: Annotated[tuple[VerificationFinding, ...], Field(max_length=FINDINGS_MAX)]
    """The first 100; `carnet repair` tells them all."""
    findings_in_all: int


@query(
    "/v1/ledger/verification",
    "ledger.verification",
    "Recompute the hash chain, and prove the tables beside the facts",
    roles=BOOKKEEPERS,
    answer=LedgerVerification,
    takes_long=True,
)
def verification(call: Query[NoParameters]) -> Found:
    """Read every fact and recompute the chain. Tells the first position that is not as it was recorded, and the rows
    of this business beside its facts that are not as they should be: heads, streams, claims, requests, answers,
    texts, the directory and keys. It takes as long as reading the whole ledger does, and holds up no writer. All is of
    one moment, `position`.
    """
    call.check_reachable_now()
    shown, in_all = list[VerificationFinding](), 0
    with call.frame.carnet.store.evidence(call.business_id) as evidence:
        proof = Proof(evidence, call.frame.keys.guards())
        for each in proof.findings():
            in_all += 1
            if in_all <= FINDINGS_MAX:
                shown.append(_shown(each))
    found = proof.chain
    told = LedgerVerification(
        intact=isinstance(found, Intact) and not in_all,
        position=found.position,
        hash=found.hash.hex() if isinstance(found, Intact) else None,
        reason=None if isinstance(found, Intact) else found.reason,
        findings=tuple(shown),
        findings_in_all=in_all,
    )
    return Found(told, found.position)


def _shown(finding: Finding) -> VerificationFinding:
    return VerificationFinding(
        table=finding.table, key=finding.key, stored=finding.stored, expected=finding.expected
    )


HANDLERS = (facts, head, verification)
