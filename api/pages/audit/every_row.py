"""All rows of a list that the API answers page by page."""

from typing import Any

from api.pages.view import View

ROWS_A_PAGE = 200
PAGES_MAX = 50
"""A package of 10,000 facts. The list says when it ends before its last row."""


async def every_row(
    view: View, operation: str, path: dict[str, str], parameters: dict[str, Any] | None = None
) -> tuple[list[Any], bool]:
    """The rows, and whether they are all. Raises ApiRefused."""
    asked, rows = {**(parameters or {}), "limit": ROWS_A_PAGE}, list[Any]()
    for _ in range(PAGES_MAX):
        found = await view.know(operation, path, asked)
        rows += found.body["data"]
        if not found.body["has_more"]:
            return rows, True
        asked["cursor"] = found.body["next_cursor"]
    return rows, False
