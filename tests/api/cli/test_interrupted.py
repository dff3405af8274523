"""A command that is interrupted at its terminal says so, ends with 130, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api.imports.day_book import COLUMNS
from tests.api.cli.conftest import Terminal

ROWS = 20_000
"""More than a pipe holds, by far: who has written them knows that they are being read."""


def a_book() -> bytes:
    sales = (f"sale-{row},2020-01-01,sale,c1,Two,Disc,2,301,301,USD,2021-01-01\n" for row in range(ROWS))
    return "".join([",".join(COLUMNS) + "\n", *sales]).encode()


@pytest.mark.timeout(300)
def test_an_interrupted_command_ends_with_130_in_one_line(embedded: Terminal, tmp_path: Path) -> None:
    embedded.open_business()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli.main", "load", "-"],
        env={**os.environ, **embedded.environment, "TMPDIR": str(temporary)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # Tests that run in the background ignore the signal, and what they start would too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(a_book())
        process.stdin.flush()
        # Its input stays open, so it goes on reading until it is interrupted.
        process.send_signal(signal.SIGINT)
        told, shown = process.stderr.read(), process.stdout.read()
        status = process.wait()
    finally:
        process.kill()
        process.communicate()

    assert (status, told.decode(), shown) == (130, "Error: interrupted\n", b"")
    assert list(temporary.iterdir()) == []
    assert {model["head"] for model in embedded.told("status")} == {1}, (
        "nothing but the opening is in the books"
    )
