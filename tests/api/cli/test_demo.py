"""The demo plays every scene through the real API, proves its books, and ends with one line of figures."""

import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

SHOWN = (
    "forfeited",
    "given back",
    "refunded",
    "2 roll over, 1 lapses",
    "sold at once",
    "to use",
    "insufficient-units",
    "404 not-found",
    "BROKEN",
)


@pytest.mark.timeout(300)
def test_the_demo_plays_to_its_end_in_eighty_columns(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CARNET_")}
    ended = subprocess.run(
        [sys.executable, "-m", "api.cli.main", "demo", "--folder", str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told, lines = ended.stdout, ended.stdout.splitlines()
    assert "None" not in told
    assert str(date.today().year) in told
    for shown in SHOWN:
        assert shown in told
    links = [line.strip() for line in lines if "/sign-in/link?code=" in line]
    assert len(links) == 3
    assert all(link.startswith("http://127.0.0.1:8000/") for link in links)
    scenes = lines[: lines.index(next(line for line in lines if "is it all true" in line))]
    assert max(map(len, scenes)) <= 80
    assert max(len(line) for line in lines if "key=" in line or "curl" in line) <= 80
    assert re.fullmatch(r"[0-9,]+ facts, [0-9.]+ s, verified", lines[-1])
