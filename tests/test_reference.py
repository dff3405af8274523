"""The reference is made from the code and committed; it must be what the code says now."""

import pytest

from tests.reference import EXAMPLES, FOLDER, PAGES, examples, page


@pytest.mark.parametrize("name", PAGES)
def test_reference_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text() == page(name), "run `uv run python -m tests.reference`"


def test_the_examples_are_what_the_application_answers_now() -> None:
    assert EXAMPLES.read_text() == f"{examples()}\n", "run `uv run python -m tests.reference`"
