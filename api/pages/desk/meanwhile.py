"""Who changed something while a form about it was open: told beside a form that was refused for its version."""

import re
from collections.abc import Mapping
from typing import Any

from api.pages.asking import Answer, Parameters
from api.pages.desk.choices import all_of
from api.pages.view import View

LATEST = 20
"""Facts that are looked through."""
_VERSION = re.compile(r'"v(\d+)"')


def version_made_for(view: View, answer: Answer) -> int | None:
    """The version that a form was made for, where it was refused for it."""
    made_for = _VERSION.fullmatch(view.fields.get("if_match", ""))
    if answer.body.get("code") != "version-mismatch" or made_for is None:
        return None
    return int(made_for[1])


async def changed_meanwhile(view: View, answer: Answer, operation: str, path: Mapping[str, str]) -> list[Any]:
    """The rows of the history behind the version of the form, oldest first; none where that is not why."""
    made_for = version_made_for(view, answer)
    if made_for is None:
        return []
    return [row for row in await all_of(view, operation, path) if row["version"] > made_for]


async def facts_meanwhile(view: View, answer: Answer, stream_id: str) -> list[Any]:
    """The facts of a stream behind the version of the form, latest first; none for who may not read facts."""
    made_for = version_made_for(view, answer)
    if made_for is None:
        return []
    latest: Parameters = {"stream_id": stream_id, "order": "newest", "limit": LATEST}
    found = await view.ask("facts.list", None, latest)
    return [fact for fact in found.body["data"] if fact["version"] > made_for] if found.is_good else []


async def row_done(view: View, package_id: str) -> Any:
    """The row of a package's history that the form before has just made, whose version stands in the address as `done`.

    None where there is none.
    """
    path = {"package_id": package_id}
    wanted: Parameters = {"order": "newest", "limit": LATEST}
    found = await view.ask_if(view.one("done"), "packages.history", path, wanted)
    rows = found["data"] if found else ()
    return next((row for row in rows if str(row["version"]) == view.one("done")), None)
