"""`carnet export`: files that are complete or not there, for their owner alone."""

import csv
import json
from pathlib import Path

import duckdb
import pytest

from api.cli.export import export
from replay.export.cells import plain
from tests.api.cli.conftest import Terminal

TABLES = ("customers", "packages", "history", "bookings", "points")


@pytest.mark.covers("S110")
def test_the_loaded_books_are_exported_in_every_form(terminal: Terminal, tmp_path: Path) -> None:
    terminal.open_business()
    terminal.load()
    rows = {}
    for name in TABLES:
        for form in ("csv", "jsonl", "parquet"):
            terminal.run("export", name, "--format", form, "--output", tmp_path / f"{name}.{form}")
        file = tmp_path / f"{name}.jsonl"
        rows[name] = [json.loads(line) for line in file.read_text().splitlines()]
        with (tmp_path / f"{name}.csv").open(newline="") as source:
            cells = [[plain(cell) for cell in row] for row in csv.reader(source)]
        told = [["" if cell is None else told_in_csv(cell) for cell in row.values()] for row in rows[name]]
        assert cells[1:] == told
        counted = duckdb.execute(f"SELECT count(*) FROM '{tmp_path / name}.parquet'").fetchone()
        assert counted == (len(rows[name]),)
    assert len(rows["customers"]) > 1
    remaining = sum(row["remaining"] for row in rows["packages"])
    assert sum(row["change"] for row in rows["history"]) == remaining > 0
    owing = terminal.run("export", "packages", "--owing", "true", "--format", "jsonl", "--output", "-")
    found = [json.loads(line)["package_id"] for line in owing.stdout.splitlines()]
    assert found == [row["package_id"] for row in rows["packages"] if row["owing"]]


def told_in_csv(cell: object) -> str:
    return json.dumps(cell) if isinstance(cell, bool) else str(cell)


def test_a_wrong_filter_is_named_and_leaves_the_file_as_it_was(terminal: Terminal, tmp_path: Path) -> None:
    terminal.open_business()
    file = tmp_path / "packages.csv"
    file.write_text("before")
    wrong = terminal.run("export", "packages", "--purchased-from", "soon", "--output", file, status=2)
    assert "--purchased-from" in wrong.output
    none = terminal.run("export", "customers", "--segment-id", "seg_none", "--output", file, status=1)
    assert "segment" in none.output
    terminal.run("export", "customers", "--output", tmp_path / "no" / "folder.csv", status=1)
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []
    assert file.read_text() == "before"
    terminal.run("export", "packages", "--output", file)
    assert file.read_text().startswith("package_id,")
    assert file.stat().st_mode & 0o077 == 0


def test_every_table_can_be_exported() -> None:
    assert set(export.commands) == set(TABLES)
