"""A load holds one batch at a time: what it keeps in memory does not grow with the file."""

import gc
import sys
import tracemalloc
from functools import _lru_cache_wrapper
from pathlib import Path

import pytest

from api.imports.day_book import DayBook
from api.imports.load import Report, load
from api.server.installation import opened
from api.server.settings import Settings
from tests.api.cli.conftest import Terminal
from tests.api.cli.test_killed_load import a_long_book

KEPT_BYTES_MAX = 256 * 1024
"""What may come and go between two batches; a row and its facts take some 5 KB."""


def forget_what_was_calculated() -> None:
    """It is remembered up to some thousand values, which five batches do not reach."""
    for name, module in [*sys.modules.items()]:
        if name.startswith(("api.", "domain.")):
            for each in vars(module).values():
                if isinstance(each, _lru_cache_wrapper):
                    each.cache_clear()


@pytest.mark.extended
def test_memory_does_not_grow_with_the_file(embedded: Terminal, tmp_path: Path) -> None:
    business_id = embedded.open_business()
    book = DayBook(a_long_book(tmp_path), "csv")
    held: list[int] = []

    def weigh(report: Report) -> None:
        forget_what_was_calculated()
        gc.collect()
        held.append(tracemalloc.get_traced_memory()[0])

    with opened(Settings.read(embedded.environment)) as here:
        tracemalloc.start()
        try:
            report = load(here.carnet, business_id, book, "daybook", refused=print, progress=weigh)
        finally:
            tracemalloc.stop()

    assert report.refused == 0
    assert len(held) > 4
    assert held[-1] - held[1] < KEPT_BYTES_MAX, held
