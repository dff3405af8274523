"""Request keys: each has bytes of its own, and comes back."""

from hashlib import sha256
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.request_keys import KEY_BYTES, packed_key, text_beside, unpacked_key

KEYS = st.uuids().map(str) | st.text(min_size=1)


@given(KEYS)
def test_a_key_comes_back(key: str) -> None:
    kept = packed_key(key)
    assert len(kept) == KEY_BYTES
    assert unpacked_key(kept, text_beside(key)) == key


@given(st.text(min_size=1))
def test_no_uuid_is_kept_as_a_text_is(text: str) -> None:
    """Whoever knows a key that is a text could send a UUID made of it, and no retry would ever find its answer."""
    made_of_it = {packed_key(text), sha256(text.encode()).digest()[:KEY_BYTES]}
    for kept in made_of_it:
        assert packed_key(str(UUID(bytes=kept))) not in (packed_key(text), b"")


def test_most_uuids_are_kept_without_text() -> None:
    assert text_beside("018f3a2c-7b1e-7c3d-9a4b-5c6d7e8f9a0b") == ""
    assert text_beside("018f3a2c-7b1e-fc3d-9a4b-5c6d7e8f9a0b") != ""
