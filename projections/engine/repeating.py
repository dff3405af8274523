"""Work that is done again and again beside a server, in a thread of its own.

with repeating("carnet-trend", 10, work, failed):
    …
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread


@contextmanager
def repeating(
    name: str, every_s: float, work: Callable[[Event], None], failed: Callable[[Exception], None]
) -> Iterator[None]:
    """Work every `every_s` seconds as long as the block lasts, first after that time.

    `work` gets the event that is set when it should end: the end of the block waits for the work under way. No error
    leaves the thread: `failed` is told each.
    """
    stopping = Event()

    def run() -> None:
        while not stopping.wait(every_s):
            try:
                work(stopping)
            except Exception as error:  # the database cannot be reached, for example
                failed(error)

    thread = Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
