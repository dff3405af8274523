"""What is stored stays readable: golden files of every released fact, and a registry that never guesses.

A golden file holds the bytes as they were first released, complete with every optional field. It is never
edited: a layout that changes gets a new version, a new file beside the old one, and an upcaster.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, get_args

import pytest
from hypothesis import given, settings
from pydantic import BaseModel

from domain.catalogue.facts import ServiceDefined, ServiceTerms
from domain.fact import Fact, Registry, UnreadableFact, Upcaster
from domain.fact_registry import FACTS
from domain.package.facts import PackageFact, UnitsRedeemed
from tests import strategies

GOLDEN = Path(__file__).parent / "golden"
REGISTERED = sorted(FACTS, key=lambda fact: fact.stored_name)
FILES = sorted(GOLDEN.glob("*.json"))


def golden(fact: type[Fact], version: int) -> bytes:
    return (GOLDEN / f"{fact.stored_name}.v{version}.json").read_bytes().removesuffix(b"\n")


def named(fact: type[Fact]) -> str:
    return fact.stored_name


def test_every_version_of_every_fact_has_its_golden_file_and_no_file_is_left_over() -> None:
    expected = {
        f"{fact.stored_name}.v{version}.json"
        for fact in REGISTERED
        for version in range(1, fact.stored_version + 1)
    }
    assert {path.name for path in FILES} == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_released_version_is_still_read(path: Path) -> None:
    name, _, version = path.stem.rpartition(".v")
    assert FACTS.read(name, int(version), path.read_bytes())


@pytest.mark.parametrize("fact", REGISTERED, ids=named)
def test_golden_bytes_are_written_back_as_they_were(fact: type[Fact]) -> None:
    data = golden(fact, fact.stored_version)
    read = FACTS.read(fact.stored_name, fact.stored_version, data)
    assert type(read) is fact
    assert read.to_bytes() == data


@pytest.mark.parametrize("fact", REGISTERED, ids=named)
def test_a_golden_file_has_every_field(fact: type[Fact]) -> None:
    read = FACTS.read(fact.stored_name, fact.stored_version, golden(fact, fact.stored_version))
    assert list(absent_fields(read)) == []


def absent_fields(value: Any, path: str = "") -> Iterator[str]:
    """The fields of a fact, and of the values in it, that are absent or empty."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            found = getattr(value, name)
            if found is None or found == ():
                yield f"{path}.{name}"
            yield from absent_fields(found, f"{path}.{name}")
    elif isinstance(value, tuple):
        for n, item in enumerate(value):
            yield from absent_fields(item, f"{path}[{n}]")


def test_the_search_for_absent_fields_finds_them() -> None:
    read = FACTS.read("package.redeemed", 1, golden(UnitsRedeemed, 1))
    assert isinstance(read, UnitsRedeemed)
    assert list(absent_fields(read.model_copy(update={"booking_id": None}))) == [".booking_id"]


@settings(max_examples=200)
@given(strategies.facts())
def test_any_fact_comes_back_from_its_bytes_as_it_was(fact: Fact) -> None:
    data = fact.to_bytes()
    again = FACTS.read(fact.stored_name, fact.stored_version, data)
    assert again == fact
    assert again.to_bytes() == data


def test_what_is_absent_is_not_stored() -> None:
    """An optional field that is added later leaves the bytes of earlier facts as they were."""
    assert ServiceDefined(service=ServiceTerms(name="Talk", service_type="Advice")).to_bytes() == (
        b'{"service":{"name":"Talk","service_type":"Advice"}}'
    )


def test_every_fact_of_a_package_is_registered_and_folds() -> None:
    """`evolve` covers the union; a fact missing from the union could be stored and never folded."""
    registered = {fact for fact in FACTS if fact.stored_name.startswith("package.")}
    assert set(get_args(PackageFact)) == registered


@pytest.mark.parametrize("fact", REGISTERED, ids=named)
def test_a_stored_name_is_stream_dot_past_tense(fact: type[Fact]) -> None:
    stream, _, event = fact.stored_name.partition(".")
    kinds = "business staff catalogue customer package booking points membership top_up"
    assert stream in kinds.split()
    assert event.replace("_", "").isalpha()
    assert event == event.lower()


# What is not read


def test_an_unknown_name_is_not_read() -> None:
    with pytest.raises(UnreadableFact, match=r"package\.teleported"):
        FACTS.read("package.teleported", 1, b"{}")


@pytest.mark.parametrize("version", [2, 99, 0, -1])
def test_another_version_is_not_read(version: int) -> None:
    with pytest.raises(UnreadableFact, match="version"):
        FACTS.read("package.redeemed", version, golden(UnitsRedeemed, 1))


def redemption(**changes: Any) -> bytes:
    fields: dict[str, Any] = json.loads(golden(UnitsRedeemed, 1)) | changes
    return json.dumps({name: value for name, value in fields.items() if value != "absent"}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe{}",
        golden(UnitsRedeemed, 1)[:-1],
        golden(UnitsRedeemed, 1) + b"{}",
        redemption(units="absent"),
        redemption(mood="good"),
        redemption(line="1"),
        redemption(line=1.0),
        redemption(line=True),
        redemption(line=0),
        redemption(line=None),
        redemption(units=[0]),
        redemption(redemption_id="pay_1"),
        redemption(redemption_id="red_1\n"),
        redemption(redemption_id="red_é"),
        redemption(effective_at="2026-10-03T10:15:30"),
        redemption(effective_at="1969-12-31T09:59:59Z"),
        redemption(effective_at="2201-01-01T12:00:00Z"),
        redemption(effective_at="0001-01-01T00:00:00+14:00"),
        redemption(effective_at="9999-12-31T23:59:59-14:00"),
        redemption(effective_at="1790000000"),
        redemption(effective_at=1_790_000_000),
    ],
)
def test_invalid_data_is_not_read(data: bytes) -> None:
    with pytest.raises(UnreadableFact, match=r"package\.redeemed"):
        FACTS.read("package.redeemed", 1, data)


def test_the_reason_names_the_field_and_never_the_data() -> None:
    with pytest.raises(UnreadableFact, match="service_id") as error:
        FACTS.read("package.redeemed", 1, redemption(service_id="Ada Lovelace"))
    assert "Lovelace" not in str(error.value)


def test_an_unreadable_fact_may_name_its_position() -> None:
    assert str(UnreadableFact("unknown fact 'x'", position=7)) == "position 7: unknown fact 'x'"


# The registry and its upcasters


class Sighted(Fact):
    """A test-only fact in its third version: `who` became `people`, then they were counted."""

    stored_name: ClassVar = "test.sighted"
    stored_version: ClassVar[int] = 3
    upcasters: ClassVar[Mapping[int, Upcaster]] = {
        1: lambda fields: {"people": [fields["who"]]},
        2: lambda fields: {**fields, "count": len(fields["people"])},
    }
    people: tuple[str, ...]
    count: int


class Heard(Fact):
    stored_name: ClassVar = "test.heard"


SIGHTINGS = Registry([Sighted, Heard])


@pytest.mark.parametrize(
    ("version", "data"),
    [(1, b'{"who":"Ada"}'), (2, b'{"people":["Ada"]}'), (3, b'{"people":["Ada"],"count":1}')],
)
def test_every_version_is_read_as_the_newest(version: int, data: bytes) -> None:
    assert SIGHTINGS.read("test.sighted", version, data) == Sighted(people=("Ada",), count=1)


@pytest.mark.parametrize("data", [b"{", b"\xff", b"{}", b"[]", b"null", b'{"who":7}', b'{"who":null}'])
def test_what_an_upcaster_cannot_read_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableFact, match=r"test\.sighted version 1"):
        SIGHTINGS.read("test.sighted", 1, data)


def test_a_registry_iterates_over_its_facts() -> None:
    assert list(SIGHTINGS) == [Sighted, Heard]


class HeardToo(Fact):
    stored_name: ClassVar = "test.heard"


class WithoutUpcaster(Fact):
    stored_name: ClassVar = "test.without"
    stored_version: ClassVar[int] = 3
    upcasters: ClassVar[Mapping[int, Upcaster]] = {2: dict}


class WithOneTooMany(Fact):
    stored_name: ClassVar = "test.too_many"
    upcasters: ClassVar[Mapping[int, Upcaster]] = {1: dict}


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ([Heard, HeardToo], "two facts are called test.heard"),
        ([WithoutUpcaster], "test.without needs one upcaster"),
        ([WithOneTooMany], "test.too_many needs one upcaster"),
    ],
)
def test_a_registry_is_complete_or_cannot_be_made(facts: list[type[Fact]], reason: str) -> None:
    with pytest.raises(TypeError, match=reason):
        Registry(facts)


def test_a_fact_cannot_be_changed() -> None:
    fact = Sighted(people=("Ada",), count=1)
    with pytest.raises(ValueError, match="frozen"):
        fact.count = 2  # type: ignore[misc]
