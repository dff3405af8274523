"""The ledger for auditors: the feed of facts, the head, and the proof that all is as it was recorded."""

from typing import Annotated, Literal

from litestar.concurrency import sync_to_thread
from pydantic import Field, StringConstraints

from api.http.body import body_of
from api.http.command_route import CommandParameters, created, dry_run, read_command
from api.http.date_ranges import check_range
from api.http.ledger_fact import LedgerFact, StreamId, shown_fact
from api.http.ledger_types import FactFilter, ReadOnlyBooks
from api.http.parsing import EmptyBody
from api.http.permissions import BOOKKEEPERS
from api.http.problems import Flaw, invalid
from api.http.query import Found, ListParameters, NoParameters, Page, Query
from api.http.query_route import query
from api.http.request import Call, HttpRequest
from api.http.responses import Reply
from api.http.route import Route, handler_of
from api.http.verification_memory import remember
from domain.fact_registry import FACTS
from domain.moments import DayOrMoment, as_moment, beyond, from_milliseconds, rfc3339
from domain.streams import EVOLVE
from domain.values import Value
from replay.feed import Asked, chosen_feed, feed
from replay.proof.finding import Finding
from replay.proof.prove import Proof
from replay.verify import Intact

StreamKind = Literal[
    "business",
    "staff",
    "service",
    "offer",
    "plan",
    "customer",
    "package",
    "points",
    "booking",
    "membership",
    "top_up",
]
Name = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,60}$")]
FACT_NAMES = frozenset(fact.stored_name for fact in FACTS)
NAMES_MAX = 100
STREAMS_MAX = ACTORS_MAX = 20
ActorId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,50}$")]


class FactsParameters(ListParameters):
    """Filters combine with AND; of repeated values any one holds."""

    after: Annotated[int, Field(ge=0, le=2**53 - 1)] = 0
    """The last position that is already known."""
    kind: Annotated[tuple[StreamKind, ...], Field(max_length=len(EVOLVE))] = ()
    """What the stream is of: `stream` in the answer."""
    name: Annotated[tuple[Name, ...], Field(max_length=NAMES_MAX)] = ()
    """The stored name of the fact, such as `package.redeemed`: `name` in the answer."""
    stream_id: Annotated[tuple[StreamId, ...], Field(max_length=STREAMS_MAX)] = ()
    actor_id: Annotated[tuple[ActorId, ...], Field(max_length=ACTORS_MAX)] = ()
    """Recorded by them: `meta.actor.id` in the answer."""
    from_: Annotated[DayOrMoment | None, Field(alias="from")] = None
    """Recorded on this day of the business's zone or later, or from this moment on."""
    to: DayOrMoment | None = None
    """Recorded on this day of the business's zone or earlier, or up to this moment."""
    order: Literal["oldest", "newest"] = "oldest"
    """Which fact comes first. From the newest on, facts that are recorded meanwhile are not on later pages."""


class FactFeed(Page[LedgerFact]):
    """Facts in order of position. From the oldest on, no fact ever appears before one that was shown.

    A page of `kind` or `name` looks at 20,000 facts at most, one of an `actor_id` at 5,000: it may be short, even
    empty, while `has_more` is true. Any other page is full while there are more.
    """


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
    last position you know. Filters choose among them: by the kind of stream, the name of the fact, the stream, who
    recorded it, and when. Go on with `next_cursor` while `has_more`: a page of `kind` or `name` looks at 20,000 facts
    at most, and one of an `actor_id` at 5,000, so it may be short, even empty.
    """
    asked, zone, recorder = call.parameters, call.time_zone, call.ledger.recorder
    wanted, key = _wanted(call), call.after()
    if asked == FactsParameters(after=asked.after, limit=asked.limit, cursor=asked.cursor):
        stored, head = feed(recorder, asked.after if key is None else key[0], asked.limit + 1)
        call.check_reachable(head)
        return call.page(FactFeed, stored, key=lambda fact: [fact.position], shown=shown_fact, position=head)
    check_range(asked.from_, asked.to, zone, "/to")
    call.check_reachable_now()
    newest_first = asked.order == "newest"
    question = Asked(
        wanted,
        asked.actor_id,
        after=asked.after if key is None or newest_first else key[0],
        before=key[0] if key is not None and newest_first else None,
        start=None if asked.from_ is None else as_moment(asked.from_, zone),
        end=None if asked.to is None else beyond(asked.to, zone),
        newest_first=newest_first,
    )
    found = chosen_feed(recorder, question, asked.limit)
    page = FactFeed(
        data=tuple(shown_fact(fact) for fact in found.facts),
        next_cursor=None if found.is_all else call.cursor([found.reached]),
        has_more=not found.is_all,
        stale=False,
    )
    return Found(page, found.head)


def _wanted(call: Query[FactsParameters]) -> FactFilter:
    """Raises validation-failed for a name that no fact has."""
    asked = call.parameters
    for name in asked.name:
        if name not in FACT_NAMES:
            raise invalid([Flaw("/name", "unknown-fact", "is not the name of a fact")])
    return FactFilter(asked.kind, asked.name, asked.stream_id)


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
    one moment, `position`. It leaves nothing behind: `POST /v1/ledger/verifications` does the same, and is remembered.
    """
    call.check_reachable_now()
    found, _ = _verified(call)
    return Found(found, found.position)


VERIFY = Route(
    "POST",
    "/v1/ledger/verifications",
    "ledger.verify",
    "Verify the ledger, and remember what was found",
    BOOKKEEPERS,
    201,
    EmptyBody,
    CommandParameters,
    LedgerVerification,
    writes=True,
    versioned=False,
    takes_long=True,
    description="As `GET /v1/ledger/verification`. What was found is listed by `GET /v1/ledger/verifications`, with who"
    " asked. The same request again gets the same answer: a proof of now needs another Idempotency-Key. No fact is"
    " recorded. Books that are only read here are verified by the GET alone.",
)


@handler_of(VERIFY)
async def verify(request: HttpRequest) -> Reply:
    raw = await body_of(request)
    return await sync_to_thread(_remembered, request, raw)


def _remembered(request: HttpRequest, raw: bytes) -> Reply:
    call, key = read_command(request, raw, EmptyBody)
    if key is None:
        found, _ = _verified(call)
        return dry_run(call, found.model_dump(), [], found.position)
    if call.frame.carnet.store.read_only:
        raise ReadOnlyBooks("nothing can be remembered here")

    def make() -> str:
        found, proof = _verified(call)
        remember(call.frame.carnet, proof, found.findings_in_all, "api", call.caller.actor)
        return found.model_dump_json()

    return created(call.ledger.answer_once(key, make), None)


def _verified(call: Call) -> tuple[LedgerVerification, Proof]:
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
    return told, proof


def _shown(finding: Finding) -> VerificationFinding:
    return VerificationFinding(
        table=finding.table, key=finding.key, stored=finding.stored, expected=finding.expected
    )


HANDLERS = (facts, head, verification, verify)
