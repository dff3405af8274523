"""Measure the memory of a load: `python -m tests.api.cli.load_memory DAYBOOK.csv`.

Loads the file, and one ten times as long made of it, each as a process of its own on a fresh SQLite database,
and prints rows a second and the most memory that each process had (its interpreter and imports included).
"""

import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TIMES = 10


def lengthened(book: Path, folder: Path) -> Path:
    """The same rows ten times over, each time with customers and references of their own."""
    path = folder / "long.csv"
    with book.open(newline="") as source, path.open("w", newline="") as target:
        rows = csv.DictReader(source)
        assert rows.fieldnames is not None
        table = csv.DictWriter(target, rows.fieldnames, lineterminator="\n")
        table.writeheader()
        for row in rows:
            for n in range(TIMES):
                own = {name: f"{row[name]}-{n}" for name in ("reference", "customer")}
                table.writerow({**row, **own})
    return path


def measure(book: Path, folder: Path) -> tuple[int, float, int]:
    """(rows, seconds, most memory in MiB) of one load."""
    environment = {**os.environ, "CARNET_DATABASE": f"sqlite:///{folder / book.stem}.db"}
    carnet = [sys.executable, "-m", "api.cli.main"]
    opening = ["open", "Measured", "--currency", "USD", "--time-zone", "UTC"]
    subprocess.run([*carnet, *opening], env=environment, check=True, stdout=subprocess.DEVNULL)
    began = time.perf_counter()
    process = subprocess.Popen([*carnet, "load", str(book)], env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"carnet load ended with status {os.waitstatus_to_exitcode(status)}")
    with book.open() as lines:
        rows = sum(1 for _ in lines) - 1
    return rows, time.perf_counter() - began, usage.ru_maxrss // 1024


def main() -> None:
    book = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        for each in (book, lengthened(book, Path(folder))):
            rows, seconds, memory = measure(each, Path(folder))
            print(f"{rows:>9,} rows {rows / seconds:>7,.0f}/s {memory:>5,} MiB")


if __name__ == "__main__":
    main()
