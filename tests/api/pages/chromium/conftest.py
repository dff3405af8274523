"""Fixtures: a served salon, and Chromium, one of each for a process of the tests."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect, sync_playwright

from tests.api.pages.chromium.program import NoChromium, arguments, program
from tests.api.pages.chromium.salon import Salon, salon_in
from tests.api.pages.chromium.visitor import PATIENCE_MS
from tests.api.pages.chromium.visits import Visitors

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="package")
def salon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Salon]:
    with salon_in(tmp_path_factory.mktemp("salon")) as made:
        yield made


@pytest.fixture(scope="package")
def visitors(chromium: Chromium, salon: Salon) -> Iterator[Visitors]:
    with ExitStack() as stack:
        yield Visitors(chromium, salon, stack)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Chromium]:
    """Ended with these tests: while Playwright is there, nothing else runs an event loop in its thread."""
    try:
        executable = program()
    except NoChromium as missing:
        pytest.fail(str(missing), pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=arguments())
        yield browser
        browser.close()
