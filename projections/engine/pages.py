"""Pages of facts for several read models: a fact is decoded once, and only where one of them handles it.

A fact that this code cannot read was written by newer code. That says something of this process, not of the
ledger: the read models it may concern are left to others, and nothing is stored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from domain.fact import UnknownFact, UnreadableFact
from domain.ledger.envelope import StoredFact
from domain.ledger.mapper import Recorded
from projections.engine.definition import Projection
from projections.engine.fold import Decode, Page


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A fact that this code cannot read."""

    position: int
    name: str
    kind: str
    """Of its stream."""
    reason: str
    unknown: bool
    """Whether this code has no fact of this name."""

    def concerns(self, projection: Projection) -> bool:
        """Whether it may change rows of this read model.

        Of an unknown name nobody here can tell: it concerns those that handle another fact of its family, or of such
        streams.
        """
        if self.unknown:
            return _handles_like(projection, _family(self.name), self.kind)
        return self.name in _names(projection)


@dataclass(frozen=True, slots=True)
class SharedPage:
    """The facts of a business that some read model handles, and those that cannot be read; in order of position."""

    facts: Sequence[Recorded]
    last: int
    """The position it reaches to; 0: there was no fact."""
    unreadable: Sequence[Unreadable]

    def of(self, projection: Projection, after: int) -> tuple[Page, Unreadable | None]:
        """What a read model at position `after` can take of it, and the fact that keeps it from the rest."""
        for each in self.unreadable:
            if each.position > after and each.concerns(projection):
                facts = [recorded for recorded in self.facts if recorded.position < each.position]
                return Page(facts, None, each.position - 1), each
        return Page(self.facts, None, self.last), None


class Reader:
    """Reads stored facts for these read models."""

    def __init__(self, projections: Iterable[Projection], decode: Decode) -> None:
        self._decode = decode
        self._handled = frozenset(name for projection in projections for name in _names(projection))
        self._passed_over: set[str] = set()
        """Names that this code has, and none of these read models handles."""

    def page(self, stored: Iterable[StoredFact]) -> SharedPage:
        facts: list[Recorded] = []
        unreadable: list[Unreadable] = []
        last = 0
        for fact in stored:
            last = fact.position
            if fact.name in self._passed_over:
                continue
            read = self._read(fact)
            if isinstance(read, Unreadable):
                unreadable.append(read)
            elif read is not None:
                facts.append(read)
        return SharedPage(facts, last, unreadable)

    def _read(self, fact: StoredFact) -> Recorded | Unreadable | None:
        """The fact; None where no read model handles it."""
        handled = fact.name in self._handled
        try:
            recorded = self._decode(fact)
        except UnknownFact as error:
            return Unreadable(fact.position, fact.name, fact.kind, error.reason, unknown=True)
        except UnreadableFact as error:
            if handled:
                return Unreadable(fact.position, fact.name, fact.kind, error.reason, unknown=False)
        else:
            if handled:
                return recorded
        self._passed_over.add(fact.name)
        return None


@lru_cache(maxsize=256)
def _names(projection: Projection) -> frozenset[str]:
    return frozenset(fact.stored_name for fact in projection.handles)


@lru_cache(maxsize=1024)
def _handles_like(projection: Projection, family: str, kind: str) -> bool:
    # A fact without a kind is one that the database does not tell any more: nobody may pass it over.
    return not kind or any(_family(name) == family or tells_kind(name, kind) for name in _names(projection))


def _family(name: str) -> str:
    return name.partition(".")[0]


def tells_kind(name: str, kind: str) -> bool:
    """Whether a fact of this name is one of streams of this kind: `package.redeemed`, `catalogue.offer_retired`."""
    family, _, rest = name.partition(".")
    return family == kind or rest.startswith(f"{kind}_")
