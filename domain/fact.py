"""Facts, and the closed registry of every fact this code can read.

A fact is past tense, immutable and stored under a name of ours (`package.redeemed`, version 1), never under a
Python path. A released layout never changes: a new version gets an upcaster from the old one. The tests keep
a golden file of every version.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json, to_json

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)


class _FactType(ModelMetaclass):
    """Tells by inheritance alone whether something is a fact of a class.

    That of pydantic also looks for classes that were registered as such, which takes as long as the rest of a fold.
    """

    __instancecheck__ = type.__instancecheck__


class Fact(BaseModel, metaclass=_FactType):
    """Something that happened in a business. Absent optional fields are not stored."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    stored_name: ClassVar[str]
    stored_version: ClassVar[int] = 1
    upcasters: ClassVar[Mapping[int, Upcaster]] = {}
    """Version → function that turns that version's fields into those of the next."""

    def to_bytes(self) -> bytes:
        """The JSON that is stored and sealed."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True)


S = TypeVar("S")
F = TypeVar("F", bound=Fact)


def fold(evolve: Callable[[S | None, F], S], state: S | None, facts: Iterable[F]) -> S:
    """The state after these facts; there is at least one, or a state before them."""
    for fact in facts:
        state = evolve(state, fact)
    assert state is not None, "a stream begins with a fact"
    return state


class UnreadableFact(Exception):
    """Stored data that this code must not guess at: unknown name, newer version, invalid fields."""

    def __init__(self, reason: str, *, position: int | None = None) -> None:
        super().__init__(reason if position is None else f"position {position}: {reason}")
        self.reason = reason
        self.position = position


class UnknownFact(UnreadableFact):
    """A fact of a name that this code does not have: newer code wrote it."""


class Registry:
    """Stored name → fact, complete and checked when it is made."""

    def __init__(self, facts: Iterable[type[Fact]]) -> None:
        self._by_name: dict[str, type[Fact]] = {}
        for fact in facts:
            if fact.stored_name in self._by_name:
                raise TypeError(f"two facts are called {fact.stored_name}")
            if set(fact.upcasters) != set(range(1, fact.stored_version)):
                raise TypeError(f"{fact.stored_name} needs one upcaster for each version before its own")
            self._by_name[fact.stored_name] = fact

    def __iter__(self) -> Iterator[type[Fact]]:
        return iter(self._by_name.values())

    def version(self, name: str) -> int:
        """The version a fact of this name is written with now. Raises UnreadableFact."""
        if name not in self._by_name:
            raise UnreadableFact(f"unknown fact {name!r}")
        return self._by_name[name].stored_version

    def read(self, name: str, version: int, data: bytes) -> Fact:
        """The fact in these stored bytes. Raises UnreadableFact rather than guess."""
        fact = self._by_name.get(name)
        if fact is None:
            raise UnknownFact(f"unknown fact {name!r}")
        if not 1 <= version <= fact.stored_version:
            raise UnreadableFact(f"{name} version {version} is not one of 1 to {fact.stored_version}")
        try:
            return fact.model_validate_json(_upcast(fact, version, data))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "data"
            raise UnreadableFact(f"invalid {name} version {version}: {where}: {first['msg']}") from error


def _upcast(fact: type[Fact], version: int, data: bytes) -> bytes:
    """Stored data brought up to the fact's current version."""
    if version == fact.stored_version:
        return data
    try:
        fields = from_json(data)
        for step in range(version, fact.stored_version):
            fields = fact.upcasters[step](fields)
    except (ValueError, LookupError, TypeError) as error:
        raise UnreadableFact(f"invalid {fact.stored_name} version {version}: {error!r}") from error
    return to_json(fields)
