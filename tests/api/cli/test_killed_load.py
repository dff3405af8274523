"""A load that is killed, at whatever moment: the next one makes the books whole."""

import signal
from datetime import date, timedelta
from pathlib import Path

import pytest

from api.imports.day_book import COLUMNS
from tests.api.cli.conftest import Terminal
from tests.api.cli.world import ledger_of
from tests.command_process import start

CUSTOMERS = 40
VISITS = 1_200
NEWS_S = 0.5


def a_long_book(folder: Path) -> Path:
    """Every visit buys two units and, but for each customer's first, uses one."""
    path = folder / "long.csv"
    day = date(2020, 1, 1)
    with path.open("w") as file:
        file.write(",".join(COLUMNS) + "\n")
        for visit in range(VISITS):
            on, customer = day + timedelta(days=visit // 4), f"c{visit % CUSTOMERS}"
            if visit >= CUSTOMERS:
                file.write(f"use-{visit},{on},use,{customer},,Disc,1,,,,\n")
            until = on + timedelta(days=365)
            file.write(f"sale-{visit},{on},sale,{customer},Two,Disc,2,301,301,USD,{until}\n")
    return path


@pytest.mark.timeout(300)
def test_a_second_load_completes_one_that_was_killed(terminal: Terminal, tmp_path: Path) -> None:
    business_id = terminal.open_business()
    book = a_long_book(tmp_path)
    rows = 2 * VISITS - CUSTOMERS

    _kill_a_load_after(terminal, business_id, book, 400)
    report = terminal.load(book)

    assert report["rows"] == rows == report["recorded"] + report["replayed"]
    assert report["refused"] == 0
    assert report["recorded"] > 0, "it was not killed in the middle"
    assert report["replayed"] > 0, "it was killed before anything went in"
    figures = terminal.liability("2020-12-31")
    assert figures["packages"] == VISITS
    assert figures["units_redeemed"] == figures["redemptions"] == VISITS - CUSTOMERS
    assert figures["units_remaining"] == 2 * VISITS - (VISITS - CUSTOMERS)
    assert figures["amount_sold"] == 301 * VISITS
    terminal.run("verify", "--read-models")


def _kill_a_load_after(terminal: Terminal, business_id: str, book: Path, more: int) -> None:
    """Start a load as a process and kill it once the ledger has grown by so many facts."""
    with ledger_of(terminal, business_id) as (ledger, store):
        goal = ledger.recorder.head().position + more
        process = start("load", book, environment=terminal.environment)
        while ledger.recorder.head().position < goal:
            assert process.poll() is None, process.returncode
            store.wait_for_news(NEWS_S)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
