"""Answers that take long: asked for once, and waited for over several looks at a page.

    answer = await long.of((key, operation, parameters), ask)      # None: it is not there yet, look again

The question goes on while nobody waits, and whoever asks the same again within a minute of its end finds the answer. An
answer is handed out once.
"""

from asyncio import Task, create_task, wait
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from time import monotonic
from typing import NamedTuple

from api.pages.asking import Answer

KEPT_MAX = 64
"""Answers that wait for somebody. Of those that are there, the one that was asked for first goes."""


class Made(NamedTuple):
    answer: Answer
    at: float


class LongAnswers:
    """Those of one process, in its event loop."""

    patience_s = 2.0
    """How long a page waits before it says that it takes longer."""
    kept_s = 60.0
    """How long an answer that is there waits for somebody: an older one is no longer how things stand."""

    def __init__(self) -> None:
        self._asked: OrderedDict[Hashable, Task[Made]] = OrderedDict()

    async def of(
        self, same: Hashable, ask: Callable[[], Awaitable[Answer]], *, whole: bool = False
    ) -> Answer | None:
        """`same` is equal for the same question of the same visitor. `whole`: however long it takes.

        Raises what `ask` raises.
        """
        task = self._asked.get(same)
        if task is None or task.get_loop().is_closed() or task.cancelled() or self._is_old(task):
            task = self._asked[same] = create_task(_asking(ask))
            self._forget()
        await wait({task}, timeout=None if whole else self.patience_s)
        if not task.done():
            return None
        if self._asked.get(same) is task:
            del self._asked[same]
        return task.result().answer

    def _is_old(self, task: Task[Made]) -> bool:
        is_there = task.done() and task.exception() is None
        return is_there and monotonic() - task.result().at > self.kept_s

    def _forget(self) -> None:
        done = [same for same, task in self._asked.items() if task.done()]
        for same in done[: max(0, len(self._asked) - KEPT_MAX)]:
            del self._asked[same]


async def _asking(ask: Callable[[], Awaitable[Answer]]) -> Made:
    return Made(await ask(), monotonic())
