"""What verification takes for a fact is what the fact's class takes, and nothing else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from domain.fact import Fact, UnreadableFact
from domain.fact_registry import FACTS
from domain.ledger.derived import claims_of, customer_behind
from domain.ledger.embedded.memory import MemoryStore
from domain.ledger.embedded.sqlite.schema import migrate
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.envelope import NewFact
from domain.ledger.records import Append
from domain.package.fact_parts import PackageOpened
from domain.package.facts import FACTS as FACTS_OF_PACKAGES
from domain.package.money_facts import PaymentRecorded
from domain.package.unit_change import unit_change
from domain.values import ExternalRef
from replay.proof.checked import checked, takers
from replay.proof.gather import change_of
from replay.proof.prove import Proof
from replay.verify import Broken
from tests import strategies

GOLDEN = Path(__file__).parents[2] / "domain" / "golden"
TAKERS = dict(takers())
ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.0,
    0.5,
    2**53,
    10**30,
    "",
    " ",
    "a",
    "a\n",
    "\u0000",
    "\u007f",
    "\ud800",
    "é" * 201,
    "a" * 2_001,
    "2026-02-29",
    "2024-02-29",
    "2026-06-31",
    "1969-12-31",
    "2300-01-01",
    "2026-01-01T00:00:00Z",
    "2026-01-01t00:00:00.000z",
    "2026-01-01 00:00:00.000Z",
    "2026-01-01T24:00:00.000Z",
    "2026-01-01T00:00:60.000Z",
    "1969-01-01T00:00:00.000Z",
    "١٩٩٩-01-01",
    "cus_1\n",
    "cus_",
    [],
    [None],
    {},
    {"unheard": 1},
)
STEP = 5
"""Each place gets each fifth of the odd values, from another one on: all values meet all kinds of places."""


class NothingBefore:
    """Nothing was claimed by the facts before."""

    def count(self, prefix: str) -> int:
        return 0

    def external_ref_of(self, customer_id: str) -> ExternalRef | None:
        return None


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a value of JSON."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield (*path, key)
        yield from places(part, (*path, key))


def put(value: Any, path: tuple[Any, ...], odd: Any) -> None:
    *way, last = path
    for key in way:
        value = value[key]
    value[last] = odd


def golden(cls: type[Fact]) -> bytes:
    return (GOLDEN / f"{cls.stored_name}.v{cls.stored_version}.json").read_bytes()


def takes(cls: type[Fact], data: bytes) -> bool:
    try:
        TAKERS[cls](data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return True


def is_refused(cls: type[Fact], data: bytes) -> bool:
    try:
        FACTS.read(cls.stored_name, cls.stored_version, data)
    except UnreadableFact:
        return True
    return False


def agree(cls: type[Fact], data: bytes) -> None:
    """The decoder takes nothing that the class refuses, and the class is asked where it does not."""
    refused = is_refused(cls, data)
    assert not (refused and takes(cls, data)), data
    if refused:
        with pytest.raises(UnreadableFact):
            checked(cls.stored_name, cls.stored_version, data)


@pytest.mark.parametrize("cls", list(FACTS), ids=lambda cls: cls.stored_name)
def test_a_fact_as_it_was_written_is_taken_at_once(cls: type[Fact]) -> None:
    assert takes(cls, golden(cls))


@pytest.mark.parametrize("cls", list(FACTS), ids=lambda cls: cls.stored_name)
def test_a_golden_fact_with_an_odd_value_anywhere_is_taken_or_refused_as_its_class_does(
    cls: type[Fact],
) -> None:
    whole = golden(cls)
    for n, path in enumerate(places(json.loads(whole))):
        for odd in ODD[n % STEP :: STEP]:
            members = json.loads(whole)
            put(members, path, odd)
            agree(cls, json.dumps(members).encode())


@pytest.mark.parametrize("cls", list(FACTS), ids=lambda cls: cls.stored_name)
def test_a_golden_fact_without_a_member_or_with_one_more_is_taken_or_refused_as_its_class_does(
    cls: type[Fact],
) -> None:
    members = json.loads(golden(cls))
    for name in members:
        agree(cls, json.dumps({key: value for key, value in members.items() if key != name}).encode())
    assert is_refused(cls, json.dumps({**members, "unheard": 1}).encode())
    agree(cls, json.dumps({**members, "unheard": 1}).encode())


@settings(max_examples=60)
@given(strategies.facts(), st.data())
def test_a_damaged_fact_is_taken_or_refused_as_its_class_does(fact: Fact, drawn: st.DataObject) -> None:
    data = bytearray(fact.to_bytes())
    for _ in range(drawn.draw(st.integers(1, 3))):
        place = drawn.draw(
            st.integers(0, len(data))
        )  # behind the last byte, too: nothing may be left of a short one
        data[place : place + drawn.draw(st.integers(0, 1))] = drawn.draw(st.binary(max_size=2))
    agree(type(fact), bytes(data))


@settings(max_examples=60)
@given(strategies.facts())
def test_a_fact_claims_the_same_however_it_is_read(fact: Fact) -> None:
    read = checked(fact.stored_name, fact.stored_version, fact.to_bytes())
    assert type(read) is type(fact)
    nothing = NothingBefore()
    assert list(claims_of(read, "pts_1", nothing)) == list(claims_of(fact, "pts_1", nothing))
    for kind in ("package", "points"):
        assert customer_behind(read, kind, "pts_1") == customer_behind(fact, kind, "pts_1")


@pytest.mark.parametrize("cls", FACTS_OF_PACKAGES, ids=lambda cls: cls.stored_name)
def test_a_fact_moves_as_many_units_however_it_is_read(cls: type[Any]) -> None:
    fact = FACTS.read(cls.stored_name, cls.stored_version, golden(cls))
    read = checked(cls.stored_name, cls.stored_version, golden(cls))
    assert type(fact) is type(read)
    granted = sum(line.quantity for line in fact.lines) if isinstance(fact, PackageOpened) else 0
    as_read: Any = read
    assert change_of(as_read) == unit_change(fact, granted)  # type: ignore[arg-type]


def test_an_unknown_fact_and_an_unknown_version_are_refused() -> None:
    for name, version in (("package.unheard", 1), ("package.redeemed", 99), ("package.redeemed", 0)):
        with pytest.raises(UnreadableFact):
            checked(name, version, b"{}")


@pytest.mark.parametrize(
    ("name", "version", "data"),
    [
        ("package.unheard", 1, b"{}"),
        ("package.redeemed", 9, b"{}"),
        ("package.payment_recorded", 1, golden(PaymentRecorded).replace(b'"amount":', b'"amount":-')),
        ("package.payment_recorded", 1, golden(PaymentRecorded).strip()[:-1]),
        ("customer.blocked", 1, b'{"unheard":1}'),
    ],
)
def test_a_stored_fact_that_cannot_be_read_stops_verification_at_its_position(
    name: str, version: int, data: bytes, tmp_path: Path
) -> None:
    """The chain is whole: somebody who computed it anew has changed the fact. Also one that begins no stream."""
    migrate(tmp_path / "ledger.db")
    for store in (MemoryStore(), SqliteStore(tmp_path / "ledger.db")):
        store.open_ledger("biz_1")
        right = NewFact("package", "pkg_1", 1, "package.payment_recorded", 1, golden(PaymentRecorded), b"{}")
        wrong = NewFact("package", "pkg_1", 2, name, version, data, b"{}")
        store.ledger("biz_1").append([Append((right, wrong, structs.replace(right, version=3)), {})])
        with store.evidence("biz_1") as evidence:
            proof = Proof(evidence, None)
            list(proof.findings())
        store.close()
        assert isinstance(proof.chain, Broken)
        assert proof.chain.position == 2
        assert proof.chain.reason.startswith("cannot be read: ")
