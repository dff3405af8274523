"""The decoder of folds reads what the facts' own classes read, and leaves to them what it cannot read."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from domain.fact import Fact, UnreadableFact
from domain.fact_registry import FACTS
from domain.ledger.envelope import StoredFact
from domain.ledger.mapper import recorded
from domain.ledger.reading import reader_of, reading
from tests import strategies

GOLDEN = Path(__file__).parents[1] / "golden"
READERS = {
    layout: read
    for layout in ((fact.stored_name, fact.stored_version) for fact in FACTS)
    if (read := reader_of(*layout)) is not None
}


def stored(name: str, version: int, data: bytes, meta: bytes = b"{}") -> StoredFact:
    return StoredFact("biz_1", 7, "package", "pkg_1", 1, name, version, data, meta, 1_000, b"")


def same(read: object, checked: object) -> bool:
    """Equal in every member, and of the same classes all the way down: 1 is not True."""
    if isinstance(checked, BaseModel):
        members = vars(checked)
        return type(read) is type(checked) and all(
            same(vars(read)[name], members[name]) for name in members | vars(read)
        )
    if isinstance(checked, tuple):
        assert isinstance(read, tuple)
        return len(read) == len(checked) and all(map(same, read, checked))
    return type(read) is type(checked) and read == checked


def test_it_reads_every_fact_there_is() -> None:
    assert READERS.keys() == {(fact.stored_name, fact.stored_version) for fact in FACTS}


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_every_released_fact_is_read_as_its_class_reads_it(path: Path) -> None:
    name, _, version = path.stem.rpartition(".v")
    row = stored(name, int(version), path.read_bytes())
    read = reading(row).fact
    checked = recorded(row).fact
    assert same(read, checked)
    assert read == checked
    assert read.to_bytes() == checked.to_bytes()


@pytest.mark.parametrize("fact", list(FACTS), ids=lambda fact: fact.stored_name)
def test_the_decoder_itself_reads_the_present_layout(fact: type[Fact]) -> None:
    data = (GOLDEN / f"{fact.stored_name}.v{fact.stored_version}.json").read_bytes()
    decode, make = READERS[fact.stored_name, fact.stored_version]
    read = make(decode(data))
    assert same(read, FACTS.read(fact.stored_name, fact.stored_version, data))


@settings(max_examples=300)
@given(strategies.facts())
def test_any_fact_is_read_as_its_class_reads_it(fact: Fact) -> None:
    data = fact.to_bytes()
    decode, make = READERS[fact.stored_name, fact.stored_version]
    read = make(decode(data))
    checked = FACTS.read(fact.stored_name, fact.stored_version, data)
    assert same(read, checked)
    assert read.to_bytes() == data


@given(st.data())
def test_what_is_not_of_the_layout_is_refused_as_ever(drawn: st.DataObject) -> None:
    fact = drawn.draw(strategies.facts())
    members = json.loads(fact.to_bytes())
    name = drawn.draw(st.sampled_from([*members, "unheard_of"]))
    members[name] = {"no": ["such", "thing"]}
    row = stored(fact.stored_name, fact.stored_version, json.dumps(members).encode())
    with pytest.raises(UnreadableFact) as checked:
        recorded(row)
    with pytest.raises(UnreadableFact) as read:
        reading(row)
    assert str(read.value) == str(checked.value)
    assert read.value.position == 7


@pytest.mark.parametrize(
    "row", [stored("package.unheard_of", 1, b"{}"), stored("package.redeemed", 99, b"{}"), stored("", 1, b"")]
)
def test_a_name_or_a_version_that_is_not_known_is_unreadable(row: StoredFact) -> None:
    with pytest.raises(UnreadableFact, match="position 7"):
        reading(row)


def test_parts_that_many_packages_share_are_made_once() -> None:
    data = (GOLDEN / "package.purchased.v1.json").read_bytes()
    first, second = (reading(stored("package.purchased", 1, data)).fact for _ in range(2))
    assert vars(first)["lines"] is vars(second)["lines"]
