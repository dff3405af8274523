"""Given, when, then for every aggregate but the package: one stream, one fold, one decision."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from domain.fact import Fact
from domain.refusals import Refused

S = TypeVar("S")
F = TypeVar("F", bound=Fact)
C = TypeVar("C")


@dataclass(frozen=True)
class Aggregate(Generic[S, F, C]):
    """The fold and the decision of one kind of stream."""

    evolve: Callable[[S | None, F], S]
    decide: Callable[[S | None, C], list[F]]

    def given(self, *facts: F) -> "Stream[S, F, C]":
        return Stream(self, facts)


@dataclass(frozen=True)
class Stream(Generic[S, F, C]):
    aggregate: Aggregate[S, F, C]
    facts: tuple[F, ...]

    @property
    def state(self) -> S | None:
        state: S | None = None
        for fact in self.facts:
            state = self.aggregate.evolve(state, fact)
        return state

    def when(self, command: C) -> "Answer[S, F, C]":
        try:
            decided = self.aggregate.decide(self.state, command)
        except Refused as refusal:
            return Answer(self, [], refusal)
        return Answer(Stream(self.aggregate, (*self.facts, *decided)), decided, None)


@dataclass(frozen=True)
class Answer(Generic[S, F, C]):
    stream: Stream[S, F, C]
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
        assert self.refusal.explanation() == explanation
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
