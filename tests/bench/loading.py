"""One load of `tests.bench load`, with the code of whichever checkout leads the path of imports.

    python -P loading.py URL FOLDER DAYBOOK

Opens a business in an empty database and says so, waits for a line, loads the day-book, and prints the rows and the
processor seconds that loading them took.
"""

import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

LAYOUTS = (
    ("api.server.installation", "api.server.settings", "api.imports.load", "api.imports.day_book"),
    ("api.installation", "api.settings", "api.loading", "api.day_book"),
)
"""Where this code and older code have the modules used here."""


def main(url: str, folder: str, book: str) -> None:
    installation, settings_of, loading, day_book = _modules()
    settings = settings_of.Settings.read(
        {"CARNET_DATABASE": url, "XDG_DATA_HOME": folder}
        | ({"CARNET_VIEWS": f"{folder}/views.db"} if url.startswith("sqlite") else {})
    )
    installation.migrate(settings)
    with installation.opened(settings) as here:
        business_id, _ = here.open_business("Discs", "USD", "America/New_York")
        print("opened", flush=True)
        sys.stdin.readline()
        read = day_book.DayBook(Path(book), "csv")
        began = time.process_time()
        report = loading.load(here.carnet, business_id, read, "daybook", refused=_refused)
        print(json.dumps({"rows": report.rows, "cpu": time.process_time() - began}))


def _modules() -> list[Any]:
    for layout in LAYOUTS:
        try:
            return [import_module(name) for name in layout]
        except ModuleNotFoundError:
            continue
    raise SystemExit("this checkout cannot be measured")


def _refused(row: Any) -> None:
    raise SystemExit(f"line {row.line}: {row.reason}")


if __name__ == "__main__":
    main(*sys.argv[1:])
