"""Outcomes: from whatever thread, each gets to whoever waits for it. Work: the loop does it if it is free."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

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


def test_work_of_a_thread_is_done_on_the_loop() -> None:
    async def main() -> tuple[int, int]:
        outcomes = LoopBridge(asyncio.get_running_loop())
        return await asyncio.to_thread(outcomes.run, threading.get_ident), threading.get_ident()

    done_on, loop = asyncio.run(asyncio.wait_for(main(), 20))
    assert done_on == loop


def test_what_the_work_raises_is_raised_where_it_is_waited_for() -> None:
    def work() -> None:
        raise TimeoutError("of the work itself")

    async def main() -> None:
        await asyncio.to_thread(LoopBridge(asyncio.get_running_loop()).run, work)

    with pytest.raises(TimeoutError, match="of the work itself"):
        asyncio.run(asyncio.wait_for(main(), 20))


def test_work_that_a_busy_loop_does_not_begin_is_done_by_the_thread_once() -> None:
    done_on = list[int]()

    async def main() -> tuple[int, int]:
        outcomes = LoopBridge(asyncio.get_running_loop())
        with ThreadPoolExecutor(1) as thread:
            # The loop waits for the thread, as a server that ends does.
            thread.submit(outcomes.run, lambda: done_on.append(threading.get_ident())).result(20)
            there = thread.submit(threading.get_ident).result(20)
        await asyncio.sleep(0)  # the loop meets the work
        return there, threading.get_ident()

    there, loop = asyncio.run(asyncio.wait_for(main(), 20))
    assert done_on == [there] != [loop]


def test_work_for_a_loop_that_is_closed_is_done_here() -> None:
    async def main() -> LoopBridge:
        return LoopBridge(asyncio.get_running_loop())

    assert asyncio.run(main()).run(threading.get_ident) == threading.get_ident()
