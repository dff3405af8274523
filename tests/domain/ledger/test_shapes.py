"""Facts kept by their shapes come back byte by byte, and a shape tells nothing of a business."""

import json
import re
import sqlite3
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.contract import LedgerRecorder
from domain.ledger.dense_values import form_of
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.envelope import NewFact
from domain.ledger.errors import Contention
from domain.ledger.numbers import number_of
from domain.ledger.postgres.store import PostgresStore
from domain.ledger.records import Append
from domain.ledger.shapes import OF_META, SHAPES_MAX, WHOLE, WORDS, Shape, Shapes, parted, shape_of
from tests.domain.ledger.conftest import Database
from tests.domain.ledger.examples import BUSINESS, assert_chained, stored

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*.json"))
LAYOUT = ("package", "package.redeemed", 1)
ID = "01m8mhx1gef29rb1jcws8g8sz0"
PROOF, MOMENT, DAY = "-_H7Ja8S6xsA2BLYSHCEA0", "2026-11-30T10:57:21.889Z", "2026-11-30"
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from([f"pkg_{ID}", f"pkg_7{ID[1:]}", PROOF, MOMENT, DAY, "restore", "%s", "%t", "\x1f"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc") | st.text(), inner, max_size=3)
    ),
    max_leaves=12,
)


class Kept:
    """A database's shapes, at most so many."""

    def __init__(self, at_most: int = SHAPES_MAX) -> None:
        self.shapes: dict[int, Shape] = {}
        self.at_most = at_most

    def keep(self, added: Sequence[Shape]) -> Iterator[int]:
        for shape in added:
            if shape.text == WHOLE or len(self.shapes) < self.at_most:
                self.shapes.setdefault(shape.number, shape)
            if self.shapes.get(shape.number) == shape:
                yield shape.number

    def find(self) -> list[tuple[int, str, str, int, str]]:
        return [(*shape[:4], shape.text.decode()) for shape in self.shapes.values()]


def through(kept: Kept, writing: Shapes, *facts: NewFact) -> list[NewFact]:
    """The facts as another process reads them."""
    packed, added = writing.packed(facts, kept.keep)
    writing.believe(added)
    rows = [
        (
            n,
            number_of(fact.stream_id),
            fact.stream_id,
            fact.version,
            data.shape.number,
            data.values,
            meta.shape.number,
            meta.values,
            1,
            b"",
        )
        for n, (fact, (data, meta)) in enumerate(zip(facts, packed, strict=True))
    ]
    return [
        NewFact(each.kind, each.stream_id, each.version, each.name, each.name_version, each.data, each.meta)
        for each in Shapes().facts(BUSINESS, rows, kept.find)
    ]


def a_fact(data: bytes, meta: bytes = b"{}") -> NewFact:
    return NewFact("package", "pkg_1", 1, "package.redeemed", 1, data, meta)


def json_of(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=5))
def test_any_json_comes_back_as_it_was(values: list[tuple[Any, Any]]) -> None:
    facts = [a_fact(json_of(data), json_of(meta)) for data, meta in values]
    kept, writing = Kept(), Shapes()
    assert through(kept, writing, *facts) == facts
    assert through(kept, writing, *reversed(facts)) == facts[::-1]


@given(
    st.lists(st.binary() | st.sampled_from([b"%s", b"%", b"\x1f", b'{"a":"%s"}', b'{"a":1}\x1f']), min_size=1)
)
def test_any_bytes_come_back_as_they_were(data: list[bytes]) -> None:
    facts = [a_fact(each, each) for each in data]
    assert through(Kept(), Shapes(), *facts) == facts


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_facts_of_every_layout_come_back_as_they_were(file: Path) -> None:
    told = json.loads(file.read_text("utf-8"))
    found = [json_of(each) for each in (told if isinstance(told, list) else [told])]
    facts = [a_fact(each) for each in found]
    assert through(Kept(), Shapes(), *facts) == facts


def test_a_redemption_keeps_what_it_alone_says() -> None:
    data = json_of(
        {
            "redemption_id": f"red_{ID}",
            "units": [1, 2],
            "value": 3153,
            "late": "restore",
            "service": "Massage 60",
        }
    )
    found = parted(data, *LAYOUT)
    assert (
        found.shape.text
        == b'{"redemption_id":"red_%i","units":%s,"value":%s,"late":"restore","service":"%s"}'
    )
    assert found.values[19:].split(b"\x1f") == [b"[1,2]", b"3153", b"Massage 60"]
    assert b64encode(found.values[:19]).startswith(ID.encode()[1:])


def test_values_of_one_length_take_three_bytes_for_four_characters() -> None:
    data = json_of({"actor": f"key_{ID}", "at": MOMENT, "on": DAY, "proof": PROOF})
    found = parted(data, *LAYOUT)
    assert found.shape.text == b'{"actor":"key_%i","at":"%t","on":"%d","proof":"%p"}'
    assert len(found.values) == (25 + 17 + 8 + 22) * 3 / 4


@given(
    st.lists(st.sampled_from([b"%i", b"%p", b"%t", b"%d", b"%s", b"%", b"%x", b"a"])).map(b"".join),
    st.binary(max_size=120),
)
def test_bytes_that_were_changed_never_keep_a_fact_from_being_told(text: bytes, values: bytes) -> None:
    form = form_of(text)
    plain = form.fill(values)
    assert plain is None or isinstance(plain, bytes)


def test_every_bit_of_what_is_kept_changes_the_fact() -> None:
    found = parted(json_of({"a": f"pkg_{ID}", "b": f"cus_{ID}", "c": "Anna"}), *LAYOUT)
    form = form_of(found.shape.text)
    told = {form.fill(found.values)}
    for place in range(len(found.values) * 8):
        changed = bytearray(found.values)
        changed[place // 8] ^= 1 << place % 8
        told.add(form.fill(bytes(changed)) or place.to_bytes(4, "big"))
    assert len(told) == len(found.values) * 8 + 1


@given(VALUES)
def test_a_shape_holds_names_of_fields_and_words_of_ours(value: Any) -> None:
    text = parted(json_of({"field": value}), *LAYOUT).shape.text
    values = [each for each, is_key in re.findall(rb'"([^"]*)"(:?)', text) if not is_key]
    assert [
        each for each in values if each not in WORDS and not re.fullmatch(rb"(?:[a-z]{2,4}_)?%[idpst]|", each)
    ] == []


def test_a_shape_means_the_same_in_every_database() -> None:
    assert shape_of("package", "package.redeemed", 1, b'{"a":%s}').number == 991_051_583
    assert shape_of(*OF_META, WHOLE).number == 1_549_576_585


def test_words_that_were_in_use_never_leave_the_facts_that_hold_them() -> None:
    """A word that is none any more makes another shape; facts of before have theirs."""
    kept, writing = Kept(), Shapes()
    before = a_fact(b'{"late":"restore"}')
    through(kept, writing, before)
    assert through(kept, Shapes(), before, a_fact(b'{"late":"other word"}'))[0] == before


def test_a_database_with_many_shapes_keeps_the_others_whole() -> None:
    kept = Kept(at_most=1)
    facts = [a_fact(b'{"%s":1}' % name) for name in (b"a", b"b", b"c")]
    assert through(kept, Shapes(), *facts) == facts
    assert {shape.text for shape in kept.shapes.values()} == {b'{"a":%s}', WHOLE}


def test_two_shapes_of_one_number_are_told_apart() -> None:
    kept = Kept()
    found = parted(b'{"a":1}', *LAYOUT)
    kept.shapes[found.shape.number] = found.shape._replace(text=b'{"b":%s}')
    assert through(kept, Shapes(), a_fact(b'{"a":1}')) == [a_fact(b'{"a":1}')]


@pytest.mark.parametrize("change", ["UPDATE", "DELETE"])
def test_what_its_shape_does_not_fit_has_no_name(change: str) -> None:
    kept = Kept()
    data, meta = parted(b'{"a":1}', *LAYOUT), parted(b"{}", *OF_META)
    kept.shapes = {meta.shape.number: meta.shape}
    if change == "UPDATE":
        kept.shapes[data.shape.number] = data.shape._replace(text=b"%s and %s")
    (found,) = Shapes().facts(
        BUSINESS,
        [(1, number_of("pkg_1"), "pkg_1", 1, data.shape.number, b"1", meta.shape.number, b"", 1, b"")],
        kept.find,
    )
    assert (found.kind, found.name, found.data) == ("", "", b"1")


def test_stores_tell_facts_of_any_shape_and_their_databases_show_them(database: Database) -> None:
    store = database.open()
    store.open_ledger(BUSINESS)
    ledger = store.ledger(BUSINESS)
    said = [
        f'{{"proof":"{PROOF}","people":{{"cus_{ID}":"{PROOF}"}}}}'.encode(),
        f'{{"a":"{MOMENT}","b":[1,20],"c":"pkg_{ID}","d":"Anna","e":"{DAY}","f":"red_{ID}"}}'.encode(),
        f'{{"a":"{MOMENT}"}}'.encode(),
        f'{{"a":"{DAY}","b":"{DAY}","c":"{DAY}"}}'.encode(),
        b'{"a":1,"b":"\xf0\x9f\x92\x86 %"}',
        b'{"a":2,"b":"x\\"y"}',
        b"{}",
        b"",
        b"%s",
        b'{"a":"","b":[]}',
        b"[1,2,3]",
    ]
    facts = tuple(
        NewFact("package", "pkg_1", n, "package.said", n, data, data) for n, data in enumerate(said, 1)
    )
    for fact in facts:
        stored(ledger, Append((fact,), {"pkg_1": fact.version - 1}))
    assert [(found.name_version, found.data, found.meta) for found in ledger.facts()] == [
        (fact.name_version, fact.data, fact.meta) for fact in facts
    ]
    assert assert_chained(ledger) == len(facts)
    for name_version, data, meta in _readable(store):
        assert (data.encode(), meta.encode()) == (said[name_version - 1],) * 2


def _readable(store: Any) -> list[tuple[int, str, str]]:
    query = "SELECT name_version, data, meta FROM readable_facts"
    if isinstance(store, SqliteStore):
        with closing(sqlite3.connect(store._path)) as file:
            return file.execute(query).fetchall()
    if isinstance(store, PostgresStore):
        with psycopg.connect(store._url) as server:
            server.execute("SET search_path = carnet")
            return [(version, data, meta) for version, data, meta in server.execute(query)]
    return []


def test_shapes_of_an_append_that_was_taken_back_are_kept_again(database: Database) -> None:
    store = database.open()
    store.open_ledger(BUSINESS)
    ledger = store.ledger(BUSINESS)
    with pytest.raises(Contention):
        _broken_off(ledger)
    stored(ledger, Append((a_fact(b'{"new":2}'),), {}))
    assert [found.data for found in ledger.facts()] == [b'{"new":2}']
    assert [data for _, data, _ in _readable(store)] in ([], ['{"new":2}'])


def _broken_off(ledger: LedgerRecorder) -> None:
    with ledger.locked() as held:
        stored(held, Append((a_fact(b'{"new":1}'),), {}))
        raise Contention("broken off")
