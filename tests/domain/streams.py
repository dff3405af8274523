"""Given, when, then for every aggregate but the package: one stream, one fold, and the use case of the command."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, Self, TypeVar

from domain.actor import Circumstances
from domain.business.state import Business
from domain.fact import Fact
from domain.refusals import Refused
from domain.values import Value
from tests.domain.paper import PaperBooks
from tests.domain.words import circumstances
from tests.use_cases import use_case_of

S = TypeVar("S")
F = TypeVar("F", bound=Fact)
NOTHING_ELSE = PaperBooks()


@dataclass(frozen=True)
class Aggregate(Generic[S, F]):
    """The fold of one kind of stream, the id of the one that is tested, and the books around it."""

    evolve: Callable[[S | None, F], S]
    id: str
    books: PaperBooks = NOTHING_ELSE

    def given(self, *facts: F) -> "Stream[S, F]":
        return Stream(self, facts)


@dataclass(frozen=True)
class Stream(Generic[S, F]):
    aggregate: Aggregate[S, F]
    facts: tuple[F, ...]

    @property
    def state(self) -> S | None:
        state: S | None = None
        for fact in self.facts:
            state = self.aggregate.evolve(state, fact)
        return state

    @property
    def books(self) -> PaperBooks:
        books, state = self.aggregate.books, self.state
        if self.aggregate.id == books.business_id:
            return replace(books, opened=state if isinstance(state, Business) else None)
        return replace(books, states={**books.states, self.aggregate.id: state} if state else books.states)

    def when(self, command: Value, at: Circumstances | None = None) -> "Answer[S, F]":
        try:
            decision = use_case_of(command).decide(command, self.books, at or circumstances())
        except Refused as refusal:
            return Answer(self, [], refusal)
        decided: list[Any] = list(decision.facts[self.aggregate.id][1])
        return Answer(Stream(self.aggregate, (*self.facts, *decided)), decided, None)


@dataclass(frozen=True)
class Answer(Generic[S, F]):
    stream: Stream[S, F]
    facts: list[F]
    refusal: Refused | None

    def then(self, *facts: F) -> Self:
        assert self.refusal is None, f"refused: {self.refusal.code} {self.refusal.explanation()}"
        assert self.facts == list(facts)
        return self

    def then_nothing(self) -> Self:
        return self.then()

    def refused(self, kind: type[Refused], /, **explanation: Any) -> None:
        assert type(self.refusal) is kind
        assert self.refusal.explanation() == kind(**explanation).explanation()
        assert str(self.refusal)

    def refused_naming(self, kind: type[Refused], /, **some: Any) -> None:
        assert type(self.refusal) is kind
        assert some.items() <= self.refusal.explanation().items()
        assert str(self.refusal)

    @property
    def state(self) -> S:
        state = self.stream.state
        assert state is not None
        return state
