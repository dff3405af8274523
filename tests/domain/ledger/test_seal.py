"""The chain: one golden file holds all stores, the seal and every later verifier together."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.envelope import NewFact, first_hash, seal
from domain.ledger.records import Append
from tests.domain.ledger.conftest import Database
from tests.domain.ledger.examples import stored

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "chain.json").read_text("utf-8"))

TEXT = st.text(st.characters(codec="utf-8"), max_size=4)
FACTS = st.builds(
    NewFact,
    kind=TEXT,
    stream_id=TEXT,
    version=st.integers(0, 3),
    name=TEXT,
    name_version=st.integers(1, 3),
    data=st.binary(max_size=4),
    meta=st.binary(max_size=4),
)
PLACES = st.tuples(st.binary(min_size=32, max_size=32), TEXT, st.integers(1, 3), FACTS, st.integers(0, 3))


def golden_fact(row: dict[str, Any]) -> NewFact:
    return NewFact(
        row["kind"],
        row["stream_id"],
        row["version"],
        row["name"],
        row["name_version"],
        bytes.fromhex(row["data"]),
        bytes.fromhex(row["meta"]),
    )


def test_the_seal_of_the_golden_facts() -> None:
    previous = first_hash(GOLDEN["business_id"])
    assert previous.hex() == GOLDEN["first_hash"]
    for row in GOLDEN["facts"]:
        business, position, moment = GOLDEN["business_id"], row["position"], row["recorded_at"]
        previous = seal(previous, business, position, golden_fact(row), moment)
        assert previous.hex() == row["hash"]


def test_every_store_seals_the_golden_facts_alike(database: Database) -> None:
    """`clock` is what the clock showed; `recorded_at` never goes back with it."""
    clock = iter([row["clock"] for row in GOLDEN["facts"]])
    store = database.open(lambda: next(clock))
    store.open_ledger(GOLDEN["business_id"])
    ledger = store.ledger(GOLDEN["business_id"])
    assert ledger.head().hash.hex() == GOLDEN["first_hash"]
    for row in GOLDEN["facts"]:
        stored(ledger, Append((golden_fact(row),), {}))
    found = [(fact.position, fact.recorded_at, fact.hash.hex()) for fact in ledger.facts()]
    assert found == [(row["position"], row["recorded_at"], row["hash"]) for row in GOLDEN["facts"]]
    assert ledger.head().hash.hex() == GOLDEN["facts"][-1]["hash"]


@given(PLACES, PLACES)
def test_two_different_facts_never_have_the_same_seal(
    one: tuple[bytes, str, int, NewFact, int], two: tuple[bytes, str, int, NewFact, int]
) -> None:
    assert (seal(*one) == seal(*two)) == (one == two)


@given(FACTS, st.data())
def test_a_byte_that_moves_to_the_next_field_changes_the_seal(fact: NewFact, data: st.DataObject) -> None:
    """Lengths are sealed too: `ab` + `c` is not `a` + `bc`."""
    cut = data.draw(st.integers(0, len(fact.data + fact.meta)))
    both = fact.data + fact.meta
    moved = NewFact(
        fact.kind,
        fact.stream_id,
        fact.version,
        fact.name,
        fact.name_version,
        both[:cut],
        both[cut:],
    )
    previous = first_hash("biz_1")
    same = seal(previous, "biz_1", 1, fact, 0) == seal(previous, "biz_1", 1, moved, 0)
    assert same == (cut == len(fact.data))
