"""What every test shares: the database fixtures, the Hypothesis profiles and the form of `covers`."""

import gc
import os
import re
from collections.abc import Generator, Iterator
from pathlib import Path

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


TESTS = Path(__file__).parent
BOTH_DATABASES = ("domain/ledger", "projections")
"""Folders of what sends the statements: all their cases run on both databases."""
ON_POSTGRESQL = frozenset({"postgres", "postgres_house", "on_postgres"})
"""Parameters by which a test is told to run there."""


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


def leave_further_cases_on_postgresql_out(items: list[pytest.Item]) -> None:
    """Above the stores and the read models, a file has all its cases on SQLite and the first on PostgreSQL.

    What differs between the databases is below, in the statements that each test sends. The first case of each other
    test is `extended`; of a test of the API, further ones are left to the sweep.
    """
    begun: set[str] = set()
    for item in items:
        callspec = getattr(item, "callspec", None)
        if callspec is None or ON_POSTGRESQL.isdisjoint(map(str, callspec.params.values())):
            continue
        if any(item.path.is_relative_to(TESTS / folder) for folder in BOTH_DATABASES):
            continue
        file, test = str(item.path), item.nodeid.partition("[")[0]
        if test in begun and "either_desk" in callspec.params:
            item.add_marker(pytest.mark.sweep)
        elif file in begun and not marked(item):
            item.add_marker(pytest.mark.extended)
        begun |= {test} if marked(item) else {file, test}


def marked(item: pytest.Item) -> list[str]:
    """Which of the marks it has that keep a test out of the plain run."""
    return [name for name in ("sweep", "extended") if item.get_closest_marker(name)]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stop the run when a `covers` marker does not name checklist rows: it would count for nothing.

    Long tests come first: begun last, they would keep one process at work while the others have nothing to do. Raises
    `pytest.UsageError` with the test and the argument at fault, or with a test that two runs would have.
    """
    leave_further_cases_on_postgresql_out(items)
    items.sort(key=lambda item: LONG.isdisjoint(item.path.parts))
    for item in items:
        if len(marked(item)) > 1:
            raise pytest.UsageError(f"{item.nodeid} is marked sweep and extended: no run has both")
        for marker in item.iter_markers("covers"):
            for row in marker.args or (None,):
                if not (isinstance(row, str) and CHECKLIST_ROW.fullmatch(row)):
                    raise pytest.UsageError(f"{item.nodeid}: covers() takes rows such as 'S12', not {row!r}")
