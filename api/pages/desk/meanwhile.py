"""Who changed something while a form about it was open: told beside a form that was refused for its version."""

import re
from collections.abc import Mapping
from typing import Any

from api.pages.asking import Answer
from api.pages.desk.choices import all_of
from api.pages.view import View

_VERSION = re.compile(r'"v(\d+)"')


async def changed_meanwhile(view: View, answer: Answer, operation: str, path: Mapping[str, str]) -> list[Any]:
    """The rows of the history behind the version of the form, oldest first; none where that is not why."""
    made_for = _VERSION.fullmatch(view.fields.get("if_match", ""))
    if answer.body.get("code") != "version-mismatch" or made_for is None:
        return []
    rows = await all_of(view, operation, path)
    return [row for row in rows if row["version"] > int(made_for[1])]
