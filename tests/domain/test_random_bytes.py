"""Random bytes: of the length asked for, and given to one user only."""

import os
from concurrent.futures import ThreadPoolExecutor

from domain.random_bytes import DRAWN_AT_ONCE, RandomBytes


def test_each_draw_is_new_and_as_long_as_asked_for() -> None:
    random = RandomBytes(16)
    drawn = [random.draw() for _ in range(3 * DRAWN_AT_ONCE + 1)]
    assert len(set(drawn)) == len(drawn)
    assert {len(each) for each in drawn} == {16}


def test_no_two_threads_draw_the_same() -> None:
    random = RandomBytes(16)
    with ThreadPoolExecutor(8) as threads:
        drawn = list(threads.map(lambda _: [random.draw() for _ in range(2_000)], range(8)))
    assert len({bytes for each in drawn for bytes in each}) == 8 * 2_000


def test_a_forked_process_draws_its_own() -> None:
    random = RandomBytes(16)
    random.draw()  # the others of that draw lie ready
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, b"".join(random.draw() for _ in range(DRAWN_AT_ONCE)))
        os._exit(0)
    os.waitpid(child, 0)
    drawn_there = os.read(reading, DRAWN_AT_ONCE * 16)
    os.close(reading)
    os.close(writing)
    there = {drawn_there[at : at + 16] for at in range(0, len(drawn_there), 16)}
    assert len(there) == DRAWN_AT_ONCE
    assert there.isdisjoint(random.draw() for _ in range(DRAWN_AT_ONCE))
