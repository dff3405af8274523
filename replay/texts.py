"""Holding notes and reasons to what the facts committed to: SHA-256(salt ‖ text) of each.

A text that is gone is erased where its customer was; anything else is lost.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from pydantic_core import from_json

from domain.ledger.contract import LedgerRecorder
from domain.ledger.envelope import StoredFact
from domain.people.facts import CustomerErased
from domain.points.state import customer_of

FACTS_PER_PAGE = 2_000


@dataclass
class TextsHeld:
    """The texts that facts refer to, counted."""

    kept: int = 0
    """As the fact committed to."""
    erased: int = 0
    changed: list[tuple[int, str]] = field(default_factory=list)
    """(position, text id) of those that are not what the fact committed to."""
    lost: list[tuple[int, str]] = field(default_factory=list)
    """(position, text id) of those that are gone though nobody erased them."""

    @property
    def is_right(self) -> bool:
        return not (self.changed or self.lost)


def held_texts(recorder: LedgerRecorder) -> TextsHeld:
    """Check every text of a ledger. Raises UnknownBusiness, LedgerUnavailable."""
    held, after = TextsHeld(), 0
    missing: dict[str, list[StoredFact]] = {}
    while page := recorder.facts(after=after, limit=FACTS_PER_PAGE):
        after = page[-1].position
        _hold(recorder, page, held, missing)
    for id, facts in missing.items():
        if any(_is_erased(recorder, stream_id) for stream_id in dict.fromkeys(f.stream_id for f in facts)):
            held.erased += 1
        else:
            held.lost.append((facts[0].position, id))
    return held


def _hold(
    recorder: LedgerRecorder,
    page: Sequence[StoredFact],
    held: TextsHeld,
    missing: dict[str, list[StoredFact]],
) -> None:
    named = [(fact, *found) for fact in page if b'"commitment"' in fact.data for found in _refs(fact)]
    texts = {text.id: text for text in recorder.texts(sorted({id for _, id, _ in named}))}
    for fact, id, commitment in named:
        text = texts.get(id)
        if text is None:
            missing.setdefault(id, []).append(fact)
        elif sha256(text.salt + text.text.encode()).hexdigest() == commitment:
            held.kept += 1
        else:
            held.changed.append((fact.position, id))


def _refs(fact: StoredFact) -> Iterator[tuple[str, str]]:
    """(text id, commitment) of every text that a fact refers to."""
    try:
        yield from _in(from_json(fact.data))
    except ValueError:  # the chain is broken here, which is told of the fact itself
        return


def _in(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        if set(value) == {"id", "commitment"}:
            yield value["id"], value["commitment"]
        for part in value.values():
            yield from _in(part)
    elif isinstance(value, list):
        for part in value:
            yield from _in(part)


def _is_erased(recorder: LedgerRecorder, stream_id: str) -> bool:
    """Whether the customer whose stream it is was erased."""
    owner = _owner(recorder, stream_id)
    facts = recorder.stream(owner) if owner else ()
    return bool(facts) and facts[-1].name == CustomerErased.stored_name


def _owner(recorder: LedgerRecorder, stream_id: str) -> str | None:
    if stream_id.startswith("cus_"):
        return stream_id
    if stream_id.startswith("acc_"):
        return customer_of(stream_id)
    first = recorder.stream(stream_id, 1)
    owner: str | None = from_json(first[0].data).get("customer_id") if first else None
    return owner
