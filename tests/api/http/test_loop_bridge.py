"""Outcomes: whatever thread they come from, each gets to whoever waits for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from api.http.loop_bridge import LoopBridge
from domain.ledger.group_commit import Outcome, Settle
from domain.refusals import IdempotencyKeyReused


def each_after_all(wanted: int, do: Callable[[list[Settle]], Any]) -> list[Any]:
    """What `wanted` waiters get when `do` settles them all on another thread, once all of them wait."""

    async def main() -> list[Any]:
        outcomes, waiting = LoopBridge(asyncio.get_running_loop()), list[Settle]()
        with ThreadPoolExecutor(1) as thread:

            def submit(settle: Settle) -> None:
                waiting.append(settle)
                if len(waiting) == wanted:
                    thread.submit(do, waiting)

            return await asyncio.gather(*(outcomes.of(submit) for _ in range(wanted)))

    return asyncio.run(asyncio.wait_for(main(), 20))


def test_each_gets_its_own_outcome_however_many_come_together() -> None:
    given = [IdempotencyKeyReused() for _ in range(500)]

    def settle(waiting: list[Settle]) -> None:
        for each, outcome in reversed(list(zip(waiting, given, strict=True))):
            each(outcome)

    assert each_after_all(500, settle) == given


def test_what_comes_after_the_loop_has_looked_wakes_it_again() -> None:
    given = [IdempotencyKeyReused() for _ in range(50)]

    async def main() -> list[Any]:
        outcomes = LoopBridge(asyncio.get_running_loop())
        with ThreadPoolExecutor(1) as thread:

            async def told(outcome: Outcome) -> Any:
                def submit(settle: Settle) -> None:
                    thread.submit(settle, outcome)

                return await outcomes.of(submit)

            return [await told(outcome) for outcome in given]

    assert asyncio.run(asyncio.wait_for(main(), 20)) == given


def test_nobody_is_held_up_by_one_who_has_gone() -> None:
    async def main() -> Any:
        outcomes, waiting = LoopBridge(asyncio.get_running_loop()), list[Settle]()
        gone, stays = (asyncio.create_task(outcomes.of(waiting.append)) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        for settle in waiting:
            settle(IdempotencyKeyReused())
        return await stays

    assert isinstance(asyncio.run(asyncio.wait_for(main(), 20)), IdempotencyKeyReused)


def test_an_outcome_for_a_loop_that_is_closed_harms_nobody() -> None:
    waiting = list[Settle]()

    async def main() -> None:
        outcomes = LoopBridge(asyncio.get_running_loop())
        task = asyncio.create_task(outcomes.of(waiting.append))
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(main())
    (settle,) = waiting
    settle(IdempotencyKeyReused())
