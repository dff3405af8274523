"""An answer is kept in few bytes, and told again byte by byte."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.decision import Reads
from domain.ledger.answer_bytes import COMPRESSED, PLAIN, WORDS, packed, unpacked
from domain.ledger.contract import LedgerRecorder
from domain.ledger.errors import UnreadableAnswer
from domain.ledger.records import Append
from tests.domain.ledger.examples import PACKAGE, fact, request, stored

EXAMPLES = Path("api/resources/examples.json")


@given(st.text())
def test_every_answer_comes_back_as_it_was(body: str) -> None:
    assert unpacked(packed(body)) == body
    assert len(packed(body)) <= len(body.encode()) + 1


def test_the_answer_of_a_redemption_takes_an_eighth_of_its_length() -> None:
    answers: dict[str, Any] = json.loads(EXAMPLES.read_text())
    body = json.dumps(answers["redemptions.redeem"]["answer"], ensure_ascii=False, separators=(",", ":"))
    assert unpacked(packed(body)) == body
    assert len(packed(body)) < len(body) / 8


def test_words_that_were_in_use_never_change() -> None:
    assert {form: sha256(words).hexdigest() for form, words in WORDS.items()} == {
        COMPRESSED: "9bccf54e6fdc196ce728cccb50645df3d562a8fdac0bc52c3b34fc2ef50a23a2"
    }
    assert (
        unpacked(bytes.fromhex("0100007d000010317d03fc8ca9814d43119112aa0c"))
        == '{"id":"pkg_1","status":"active","remaining":9}'
    )


def test_a_short_answer_is_kept_as_text_and_an_empty_one_as_nothing() -> None:
    assert packed("é") == PLAIN + "é".encode()
    assert packed("") == b""


@pytest.mark.parametrize(
    "kept", [b"\x02abc", b"\x01", b"\x01abc", b"\x00\xff", packed("a" * 99)[:-1], packed("a" * 99) + b"x"]
)
def test_what_cannot_be_read_is_told_and_never_guessed(kept: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        unpacked(kept)


def test_stores_tell_long_answers_and_short_ones(ledger: LedgerRecorder) -> None:
    bodies = ["", "{}", '{"a":"💆"}' * 10_000]
    for number, body in enumerate(bodies):
        stored(ledger, Append((fact(f"{PACKAGE}{number}", 1),), {}, request=request(f"key-{number}", body)))
    known = ledger.load(Reads(), [f"key-{number}" for number in range(3)]).answered
    assert [known[f"key-{number}"].body for number in range(3)] == bodies
