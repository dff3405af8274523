"""What every test shares: the database fixtures, the Hypothesis profiles and the form of `covers`."""

import gc
import os
import re
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.api.pages.chromium.program import move_aside
from tests.bytecode import write_bytecode_apart
from tests.in_memory import keep_folders_in_memory
from tests.logs import every_line, warnings_alone

write_bytecode_apart()
keep_folders_in_memory()
warnings_alone()
move_aside(os.environ)

pytest_plugins = ["tests.postgres"]

# No deadline and no verdict on slowness: a busy machine must not fail a test. CI draws the same examples
# every time, so that a red run is caused by the change under test; `dev` keeps looking for new ones, and `thorough`
# for many.
settings.register_profile("dev", deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, database=None, print_blob=True)
settings.register_profile("thorough", settings.get_profile("dev"), max_examples=1_000)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

CHECKLIST_ROW = re.compile(r"S[1-9]\d*")
LONG = frozenset(
    {
        "clients",
        "model",
        "soak",
        "stories",
        "test_bench.py",
        "test_demo.py",
        "test_dump.py",
        "test_filling.py",
        "test_imports.py",
        "test_kills.py",
        "test_memory.py",
        "test_openapi.py",
        "test_pages.py",
        "test_two_releases.py",
    }
)
"""Files and folders of tests that take many seconds each."""


@pytest.fixture
def whole_log() -> Iterator[None]:
    """The log holds lines of every level."""
    every_line()
    yield
    warnings_alone()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without the garbage collector: nearly all that is made stays, so it would walk through it in vain."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Leave what the collection made to itself: the garbage collector would walk through it again and again."""
    gc.collect()
    gc.freeze()


def leave_further_cases_on_postgresql_to_the_sweep(items: list[pytest.Item]) -> None:
    """A test of the API with many cases has them all on SQLite, and the first on PostgreSQL: what differs between the
    databases is below the API, in the statements that each test sends.
    """
    begun: set[str] = set()
    for item in items:
        callspec = getattr(item, "callspec", None)
        if callspec is None or callspec.params.get("either_desk") != "postgres_house":
            continue
        test = item.nodeid.partition("[")[0]
        if test in begun:
            item.add_marker(pytest.mark.sweep)
        begun.add(test)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stop the run when a `covers` marker does not name checklist rows: it would count for nothing.

    Long tests come first: begun last, they would keep one process at work while the others have nothing to do. Raises
    `pytest.UsageError` with the test and the argument at fault.
    """
    leave_further_cases_on_postgresql_to_the_sweep(items)
    items.sort(key=lambda item: LONG.isdisjoint(item.path.parts))
    for item in items:
        for marker in item.iter_markers("covers"):
            for row in marker.args or (None,):
                if not (isinstance(row, str) and CHECKLIST_ROW.fullmatch(row)):
                    raise pytest.UsageError(f"{item.nodeid}: covers() takes rows such as 'S12', not {row!r}")
