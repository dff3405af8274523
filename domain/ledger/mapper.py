"""Facts to the bytes a store keeps, and back: the only place that writes or reads them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property
from typing import Annotated, NamedTuple

import msgspec
from pydantic import Field, ValidationError

from domain.actor import Actor
from domain.fact import Fact, UnreadableFact
from domain.fact_registry import FACTS
from domain.ledger.envelope import NewFact, StoredFact
from domain.moments import from_milliseconds
from domain.values import Value


class Meta(Value):
    """The actor who recorded a fact, and the request it answers; ids only, no personal data."""

    actor: Actor
    request_id: str | None = Field(default=None, max_length=100)
    correlation: str | None = Field(default=None, max_length=200)
    proof: str | None = Field(default=None, max_length=22)
    """What the first fact of a command commits to of its request and answer (domain/ledger/proof.py)."""
    people: dict[str, Annotated[str, Field(max_length=22)]] | None = None
    """Row of the directory that was written with it → what the fact commits to of the row."""
    secret: str | None = Field(default=None, max_length=22)
    """Of the first fact of a ledger: what it commits to of the secret of its request fingerprints."""

    @cached_property
    def written(self) -> bytes:
        """The JSON that is stored: the same for every fact of a load."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True)

    def to_bytes(self) -> bytes:
        return self.written


class Author(NamedTuple):
    """The actor who recorded a fact, and the role at that time."""

    id: str
    role: str


class _Actor(msgspec.Struct):
    id: str
    role: str


class _WithActor(msgspec.Struct):
    actor: _Actor


_author = msgspec.json.Decoder(_WithActor).decode


class Recorded(msgspec.Struct, frozen=True, dict=True):
    """A fact and its place in the ledger."""

    fact: Fact
    stored: StoredFact

    @property
    def business_id(self) -> str:
        return self.stored.business_id

    @property
    def position(self) -> int:
        return self.stored.position

    @property
    def stream_id(self) -> str:
        return self.stored.stream_id

    @property
    def version(self) -> int:
        return self.stored.version

    @property
    def recorded_at(self) -> datetime:
        return from_milliseconds(self.stored.recorded_at)

    @property
    def author(self) -> Author:
        """The actor who recorded it. Does not validate the rest of the meta."""
        actor = _author(self.stored.meta).actor
        return Author(actor.id, actor.role)

    @property
    def staff_id(self) -> str | None:
        """The member of staff who recorded it, or None for another actor."""
        return self.author.id if self.author.id.startswith("stf_") else None

    @cached_property
    def meta(self) -> Meta:
        try:
            return Meta.model_validate_json(self.stored.meta)
        except ValidationError as error:
            raise UnreadableFact("its meta is not valid", position=self.position) from error


def store(kind: str, stream_id: str, version: int, fact: Fact, meta: bytes) -> NewFact:
    """The bytes of a fact, ready to be appended as that version of its stream."""
    return NewFact(kind, stream_id, version, fact.stored_name, fact.stored_version, fact.to_bytes(), meta)


def recorded(stored: StoredFact) -> Recorded:
    """The fact in a stored row. Raises UnreadableFact with its position."""
    try:
        return Recorded(FACTS.read(stored.name, stored.name_version, stored.data), stored)
    except UnreadableFact as error:
        raise type(error)(error.reason, position=stored.position) from error


def all_recorded(facts: Iterable[StoredFact]) -> Iterator[Recorded]:
    return map(recorded, facts)
