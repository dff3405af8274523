"""The reference is made from the code and committed; it must be what the code says now."""

import pytest

from tests.reference import FOLDER, PAGES, page


@pytest.mark.parametrize("name", PAGES)
def test_reference_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text() == page(name), "run `uv run python -m tests.reference`"
