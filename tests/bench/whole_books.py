"""Books with all that stands beside their facts, for measuring: requests, streams, claims and rows of the directory."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import cast

from msgspec import structs

from domain.claims import Claim
from domain.decision import NewStream
from domain.ledger.contract import Store
from domain.ledger.derived import claims_of, claims_of_use, customer_behind
from domain.ledger.envelope import Head, NewFact, StoredFact
from domain.ledger.mapper import Recorded, recorded
from domain.ledger.proof import SALT_BYTES, committed, proof_of_request
from domain.ledger.records import Append, Request, Stored
from domain.package.facts import PackageFact, UnitsRedeemed
from domain.people.directory import Person
from domain.people.facts import CustomerRegistered
from replay.proof.gather import OF_PACKAGES, change_of
from replay.proof.workbook import Workbook, workbook

COMMANDS_PER_APPEND = 500
OF_COMMAND = (b'"proof":', b'"people":')
"""In the meta of the first fact of a command."""
SALT = bytes(SALT_BYTES)
NOBODY = Head(0, b"", 0)


def fill_whole(store: Store, business_id: str, facts: Iterable[NewFact]) -> int:
    """Append facts of a day-book as the commands that they were; the number of facts."""
    store.open_ledger(business_id)
    ledger, last = store.ledger(business_id), 0
    left: dict[str, int] = {}
    with workbook() as book:
        appends = (_append(group, number, book, left) for number, group in enumerate(_commands(facts)))
        while page := tuple(islice(appends, COMMANDS_PER_APPEND)):
            for stored in ledger.append(page):
                assert isinstance(stored, Stored), stored
                last = stored.last
    return last


def _commands(facts: Iterable[NewFact]) -> Iterator[list[NewFact]]:
    group: list[NewFact] = []
    for fact in facts:
        if group and any(mark in fact.meta for mark in OF_COMMAND):
            yield group
            group = []
        group.append(fact)
    if group:
        yield group


def _append(facts: Sequence[NewFact], number: int, book: Workbook, left: dict[str, int]) -> Append:
    """`left`: the units of each package so far."""
    told = [_told(fact) for fact in facts]
    people = tuple(
        Person(each.stream_id, each.stream_id, '{"name":"Anna"}', SALT)
        for each in told
        if isinstance(each.fact, CustomerRegistered)
    )
    key, body = f"request-{number}", f'{{"id":"{facts[0].stream_id}"}}'
    request = Request.of(key, SALT, body, salt=SALT)
    proof = proof_of_request(key, request.fingerprint, request.shown, request.answered, len(facts))
    plain = structs.replace(facts[0], meta=b'{"actor":{"id":"load","role":"owner","via":"command line"}}')
    claims = [claim for each in told for claim in _claims(each, book)]
    for claim in claims:
        book.claim(claim)
    return Append(
        committed((plain, *facts[1:]), proof, people),
        {},
        claims=tuple(claims),
        streams=tuple(
            NewStream(
                each.stored.kind,
                each.stream_id,
                customer_behind(each.fact, each.stored.kind, each.stream_id),
            )
            for each in told
            if each.version == 1
        ),
        people=people,
        request=request,
        spent=_marks(told, left),
    )


def _marks(told: Iterable[Recorded], left: dict[str, int]) -> dict[str, int]:
    """The packages that these facts leave without a unit, with their versions; 0 for all others."""
    marks: dict[str, int] = {}
    for each in told:
        if type(each.fact) in OF_PACKAGES:
            left[each.stream_id] = left.get(each.stream_id, 0) + change_of(cast(PackageFact, each.fact))
            marks[each.stream_id] = 0 if left[each.stream_id] else each.version
    return marks


def _told(fact: NewFact) -> Recorded:
    stored = StoredFact(
        "",
        1,
        fact.kind,
        fact.stream_id,
        fact.version,
        fact.name,
        fact.name_version,
        fact.data,
        fact.meta,
        NOBODY.recorded_at,
        NOBODY.hash,
    )
    return recorded(stored)


def _claims(each: Recorded, book: Workbook) -> Iterator[Claim]:
    fact = each.fact
    if isinstance(fact, UnitsRedeemed):
        yield from claims_of_use(fact.redemption_id, fact.booking_id, each.stream_id, book)
    else:
        yield from claims_of(fact, each.stream_id, book)
