"""One walk through the facts: the chain is computed anew, and what follows from the facts is noted."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, cast

import msgspec
from pydantic_core import from_json

from domain.booking.facts import BookingMade
from domain.fact import Fact, UnreadableFact
from domain.ledger.derived import NOT_REGISTERED, claims_of, claims_of_use, customer_behind
from domain.ledger.envelope import Head, StoredFact
from domain.ledger.evidence import Evidence
from domain.ledger.numbers import number_of
from domain.ledger.proof import proof_of_secret
from domain.ledger.reading import KEPT
from domain.package.fact_parts import PackageOpened
from domain.package.facts import FACTS, PackageFact, UnitsRedeemed
from domain.package.unit_change import unit_change
from domain.people.facts import CustomerErased, CustomerMerged, CustomerRegistered
from replay.proof.checked import checked
from replay.proof.workbook import Workbook
from replay.verify import FACTS_PER_PAGE, Broken, Chain

Progress = Callable[[int, int], None]
"""Called with the facts checked and the facts in all."""
TOLD = frozenset((UnitsRedeemed, BookingMade, CustomerRegistered, CustomerErased, CustomerMerged))
"""Facts of which more is noted than the claims of `claims_of`."""
OF_PACKAGES = frozenset(FACTS)


def gather(evidence: Evidence, book: Workbook, progress: Progress) -> Head | Broken:
    """Check the chain of all facts, and note what follows from them. Returns the head as the facts make it.

    A fact that cannot be read is a break, and so is a head that lies behind the last fact.
    """
    business_id, stored = evidence.business_id, evidence.head()
    chain, claimed = Chain(business_id), stored.head.position if stored is not None else 0
    while page := evidence.facts(chain.position, FACTS_PER_PAGE):
        for fact in page:
            reason = chain.flaw(fact)
            if reason is not None:
                return Broken(business_id, chain.position + 1, reason)
            try:
                _note(fact, book)
            except UnreadableFact as error:
                return Broken(business_id, chain.position, f"cannot be read: {error.reason}")
        progress(chain.position, max(claimed, chain.position))
    checked = chain.head
    # A head with the hash of the last fact lost no fact: it is itself what was changed.
    if stored is not None and claimed > checked.position and stored.head.hash != checked.hash:
        return Broken(business_id, checked.position + 1, f"is missing: the head is at {claimed}")
    book.claim_uses()
    return checked


def look_closer(evidence: Evidence, book: Workbook) -> None:
    """Walk through the facts again, once, and write every note. Their chain is known to be right."""
    if not book.begin_again():
        return
    after = 0
    while page := evidence.facts(after, FACTS_PER_PAGE):
        for fact in page:
            _note(fact, book)
        after = page[-1].position
    book.claim_uses()


def secret_is_right(meta: bytes, secret: bytes) -> bool:
    """Whether the secret of a ledger is the one that the meta of its first fact committed to, if it did."""
    committed = from_json(meta).get("secret") if b'"secret"' in meta else None
    return committed in (None, proof_of_secret(secret))


class _Committed(msgspec.Struct):
    """What the meta of the first fact of a command commits to."""

    proof: str | None = None
    people: dict[str, str] | None = None


_decoded = msgspec.json.Decoder(_Committed).decode


def _committed_in(meta: bytes) -> _Committed:
    try:
        return _decoded(meta)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnreadableFact("its meta is not valid") from error


def _note(stored: StoredFact, book: Workbook) -> None:
    position, stream_id, kind = stored.position, stored.stream_id, stored.kind
    if b'"proof":' in stored.meta or b'"people":' in stored.meta:
        committed = _committed_in(stored.meta)
        if committed.proof is not None:
            book.request(position, committed.proof)
        for id, proof in (committed.people or {}).items():
            book.note("people", (id, proof, position, stream_id))
    if kind == NOT_REGISTERED:
        return
    fact = checked(stored.name, stored.name_version, stored.data)
    if b'"commitment"' in stored.data:
        for id, commitment in texts_in(from_json(stored.data)):
            book.note("texts", (id, commitment, position, stream_id))
    if stored.version == 1:
        book.open_stream(number_of(stream_id), kind, customer_behind(fact, kind, stream_id), position)
    if type(fact) in OF_PACKAGES:
        book.move_units(number_of(stream_id), change_of(cast(PackageFact, fact)), stored.version)
    if type(fact) in TOLD:
        _note_told(fact, position, stream_id, book)
    for claim in claims_of(fact, stream_id, book):
        book.claim(claim)


def change_of(fact: PackageFact) -> int:
    """The units by which a checked fact changes what is left of its package."""
    if not isinstance(fact, PackageOpened):
        return unit_change(fact)
    lines: Any = fact.lines  # as JSON, where the class was not needed to check it
    if isinstance(lines, msgspec.Raw):
        return unit_change(fact, granted=_quantity_in(bytes(lines)))
    return unit_change(fact, granted=sum(line.quantity for line in lines))


class _Line(msgspec.Struct):
    """What counts here of a line that was sold."""

    quantity: int


_lines_in = msgspec.json.Decoder(tuple[_Line, ...]).decode


@lru_cache(maxsize=KEPT)
def _quantity_in(lines: bytes) -> int:
    """One version of an offer is sold many times."""
    return sum(line.quantity for line in _lines_in(lines))


def _note_told(fact: Fact, position: int, stream_id: str, book: Workbook) -> None:
    match fact:
        case UnitsRedeemed() if fact.booking_id is None:
            for claim in claims_of_use(fact.redemption_id, None, stream_id, book):
                book.claim(claim)
        case UnitsRedeemed():
            book.note("uses", (fact.redemption_id, stream_id, fact.booking_id, position))
        case BookingMade() if fact.redemption_id is not None:
            book.note("booked", (fact.redemption_id,))
        case CustomerRegistered() if fact.external_ref is not None:
            book.note("refs", (stream_id, fact.external_ref.source, fact.external_ref.ref))
        case CustomerErased():
            book.note("erased", (number_of(stream_id), stream_id, position))
        case CustomerMerged():
            pair = (fact.survivor_id, fact.absorbed_id)
            for one_and_other in (pair, pair[::-1]):
                book.note("merged", one_and_other)
        case _:
            pass  # It is not asked for.


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
