"""The header Accept decides which representation a caller gets (RFC 9110, section 12.5.1)."""

import pytest

from api.http.accept import preferred

JSON, HTML, PDF = "application/json", "text/html", "application/pdf"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "best"),
    [
        ("*/*", JSON),
        (BROWSER, HTML),
        ("application/pdf", PDF),
        ("application/*", JSON),
        ("Text/HTML;charset=utf-8", HTML),
        ("application/json;q=0.2, application/pdf;q=0.9", PDF),
        ("*/*, application/json;q=0", HTML),
        ("application/json;q=0", None),
        ("image/png", None),
    ],
)
def test_the_best_liked_is_preferred_and_the_first_of_equals(accept: str, best: str | None) -> None:
    assert preferred(accept, (JSON, HTML, PDF)) == best
