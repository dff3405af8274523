"""A request key is kept in 16 bytes, and told as it was."""

from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.request_keys import KEY_BYTES, packed_key, text_beside, unpacked_key

FORM = "0b6cde2a-98f4-4d53-9c0f-2f9a6d1f5a10"


@given(st.text(min_size=1) | st.uuids().map(str) | st.uuids().map(lambda key: str(key).upper()))
def test_every_key_comes_back_as_it_was(key: str) -> None:
    assert len(packed_key(key)) == KEY_BYTES
    assert unpacked_key(packed_key(key), text_beside(key)) == key


def test_a_uuid_in_its_usual_form_is_its_own_bytes_and_nothing_stands_beside() -> None:
    assert packed_key(FORM) == UUID(FORM).bytes
    assert text_beside(FORM) == ""
    assert text_beside(FORM.upper()) == FORM.upper()


@given(st.text(min_size=1))
def test_no_uuid_is_kept_as_a_text_is(text: str) -> None:
    """Whoever knows a key that is a text could send a UUID made of it, and neither would ever find its answer."""
    for made in (packed_key(text), sha256(text.encode()).digest()[:KEY_BYTES]):
        assert packed_key(str(UUID(bytes=made))) != packed_key(text)


@pytest.mark.parametrize(
    ("kept", "text"),
    [
        (packed_key("till-1"), "till-2"),
        (packed_key("till-1") + b"x", "till-1"),
        (packed_key(FORM), FORM),
        (packed_key(FORM)[:-1], ""),
    ],
    ids=["another text", "other bytes", "a text beside a UUID", "too short"],
)
def test_what_is_no_key_of_ours_is_told_as_none(kept: bytes, text: str) -> None:
    assert unpacked_key(kept, text) not in {"till-1", "till-2", FORM, ""}
