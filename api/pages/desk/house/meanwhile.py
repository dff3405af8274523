"""Who changed a thing of the house while a form about it was open."""

from asyncio import gather
from typing import Any

from api.pages.desk.choices import all_of, named
from api.pages.forms import Refused
from api.pages.view import View

SHOWN_MAX = 20


async def changed_since(view: View, refused: Refused | None, stream_id: str) -> list[dict[str, Any]]:
    """The facts behind the version of the form, the newest first, with the names of who entered them."""
    if refused is None or refused.problem.get("code") != "version-mismatch":
        return []
    since = refused.problem.get("expected_version") or 0
    facts, staff = await gather(
        view.ask_if(
            True, "facts.list", None, {"stream_id": stream_id, "order": "newest", "limit": SHOWN_MAX}
        ),
        all_of(view, "staff.list"),
    )
    names = dict(named(staff))
    return [
        {"fact": fact, "by": names.get(fact["meta"]["actor"]["id"]), "role": fact["meta"]["actor"]["role"]}
        for fact in (facts["data"] if facts else ())
        if fact["version"] > since
    ]
