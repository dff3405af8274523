"""`carnet serve` that notes when a command reaches each place on its way: `python -m tests.bench.traced_server FILE`.

The places are wrapped from outside; the product knows nothing of it. When the server ends, FILE holds the notes of its
process as JSON: [place, seconds] in the order of time.
"""

import json
import os
import sys
from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from pathlib import Path
from time import perf_counter
from typing import Any

from litestar import Litestar

from api.http import command_route
from api.http.loop_bridge import LoopBridge
from api.server import app, serve
from domain.ledger import cache_first
from domain.ledger.group_commit import GroupCommit
from domain.ledger.postgres.store import PostgresStore

COME, SENT = "come", "sent"
PLACES: tuple[tuple[Any, str, str | None, str | None], ...] = (
    (app, "admit", COME, "admitted"),
    (command_route, "body_of", None, "body read"),
    (command_route, "_ordered", None, "command read"),
    (GroupCommit, "submit", None, "handed to the ledger's thread"),
    (GroupCommit, "_try_all", "taken by it", None),
    (PostgresStore, "load_all", "to be read", "read"),
    (cache_first, "decide_on_what_is_kept", None, "decided on what is kept"),
    (PostgresStore, "append_all", "to be stored", "stored"),
    (LoopBridge, "_arrive", "handed to the event loop", None),
    (LoopBridge, "_tell", "taken by it again", None),
    (app, "complete", SENT, None),
)
"""Where a function stands, its name, and the notes before and after it."""

NOTES: list[tuple[str, float]] = []


def noted(function: Callable[..., Any], before: str | None, after: str | None) -> Callable[..., Any]:
    def note(place: str | None) -> None:
        if place is not None:
            NOTES.append((place, perf_counter()))

    @wraps(function)
    def now(*arguments: Any, **named: Any) -> Any:
        note(before)
        found = function(*arguments, **named)
        note(after)
        return found

    @wraps(function)
    async def awaited(*arguments: Any, **named: Any) -> Any:
        note(before)
        found = await function(*arguments, **named)
        note(after)
        return found

    return awaited if iscoroutinefunction(function) else now


def main(file: str) -> None:
    for place, name, before, after in PLACES:
        setattr(place, name, noted(getattr(place, name), before, after))
    made = serve.application

    def application(*arguments: Any) -> Litestar:
        served = made(*arguments)
        served.on_shutdown.append(lambda: Path(file).write_text(json.dumps(NOTES)))
        return served

    serve.application = application  # type: ignore[assignment]
    from api.server.settings import Settings

    serve.serve(Settings.read(os.environ))


if __name__ == "__main__":
    main(sys.argv[1])
