"""Forms that say what will happen before it is done: tried first, and done when they are sent again from there."""

from collections.abc import Mapping
from typing import Any

from api.pages.asking import Answer
from api.pages.view import View

LEFT_OUT = ("mark", "key", "sure")
"""Fields that the form which asks whether to go on has of its own."""


def is_sure(view: View) -> bool:
    return view.fields.get("sure") == "yes"


async def tried_or_done(
    view: View, operation: str, path: Mapping[str, str] | None, body: Mapping[str, Any]
) -> Answer:
    """What the command would do, or has done where the form is sure."""
    return await view.give(operation, path, body, dry_run=not is_sure(view))


def kept_fields(view: View) -> dict[str, str]:
    """What was typed, for the form that asks whether to go on."""
    return {name: value for name, value in view.fields.items() if name not in LEFT_OUT}
