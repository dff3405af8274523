"""An export as a Parquet file, made by DuckDB, which the extra `audit` installs.

The rows go through a file of JSON Lines, so that neither they nor the columns are ever held in memory.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from replay.export.forms import json_lines
from replay.export.table import Column, Kind, Line

MEMORY_MAX = "256MB"
ROW_GROUP_ROWS = 20_000
TYPES: dict[Kind, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "day": "DATE",
    "moment": "TIMESTAMPTZ",
}


class ParquetMissing(Exception):
    """DuckDB is not installed."""

    def __init__(self) -> None:
        super().__init__("Parquet needs DuckDB, which `pip install 'carnet[audit]'` installs")


def check_there() -> None:
    """Raises ParquetMissing."""
    if find_spec("duckdb") is None:
        raise ParquetMissing


def write_parquet(columns: Sequence[Column], pages: Iterable[list[Line]], folder: Path) -> Path:
    """The file, in this folder: text as it is, days as DATE, moments as TIMESTAMPTZ in UTC with milliseconds.

    Raises ParquetMissing, and OSError when the disk is full.
    """
    check_there()
    import duckdb

    rows, file = folder / "rows.jsonl", folder / "rows.parquet"
    with rows.open("wb") as target:
        for page in pages:
            target.write(json_lines(columns, page))
    types = ", ".join(f"'{column.name}': '{TYPES[column.kind]}'" for column in columns)
    settings: dict[str, str | int | float | list[str]] = {
        "memory_limit": MEMORY_MAX,
        "threads": 1,
        "temp_directory": str(folder / "spilled"),
        "autoinstall_known_extensions": False,
    }
    with duckdb.connect(config=settings) as database:
        database.execute("SET TimeZone = 'UTC'")
        database.execute(
            f"COPY (SELECT * FROM read_json(?, format = 'newline_delimited', columns = {{{types}}},"
            f" maximum_object_size = 67108864)) TO '{_quoted(file)}'"
            f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP_ROWS})",
            [str(rows)],
        )
    with suppress(FileNotFoundError):
        rows.unlink()
    return file


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
