"""An answer that is the same for everybody at a moment, found out once for all who ask meanwhile.

found = await shared.of(find)
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar, cast

from litestar.concurrency import sync_to_thread

T = TypeVar("T")


class SharedAnswer:
    """One answer of one process. Its questions come from one event loop at a time."""

    def __init__(self) -> None:
        self._finding: asyncio.Future[Any] | None = None

    async def of(self, find: Callable[[], T]) -> T:
        """What is being found out by now, or what `find` finds in a thread. Raises what it raises, for all who ask."""
        loop, finding = asyncio.get_running_loop(), self._finding
        if finding is None or finding.done() or finding.get_loop() is not loop:
            finding = self._finding = asyncio.ensure_future(sync_to_thread(find))
        return cast("T", await asyncio.shield(finding))
