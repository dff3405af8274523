"""The tutorials do what they say: their Python is run, line by line, against a real server."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from api.cli.demo_desk import served
from api.cli.main import main
from api.server.installation import open_on_its_own

PAGES = Path(__file__).parent.parent / "docs" / "tutorial"


def run(page: str, database: str, **more: Any) -> dict[str, Any]:
    """Every snippet of a page, on the books of a new business. What it told."""
    _, key = open_on_its_own(database, "Rosa & Friends", "EUR", "Europe/Budapest")
    text = (PAGES / page).read_text()
    with served({"CARNET_DATABASE": database, "PATH": str(Path(sys.executable).parent)}) as url:
        told: dict[str, Any] = {"URL": url, "KEY": key, **more}
        for snippet in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
            exec(compile(snippet, page, "exec"), told)
    return told


def test_the_first_package_is_sold_used_and_put_right(tmp_path: Path) -> None:
    told = run("first-package.md", f"sqlite:///{tmp_path / 'tutorial.db'}")
    assert told["now"]["remaining"] == 9


@pytest.mark.covers("S111")
def test_the_first_afternoon_goes_from_the_files_of_the_old_till_to_the_report(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'afternoon.db'}"
    told = run("first-afternoon.md", database, carnet=command(tmp_path, database))
    assert told["closing"]["units_remaining"] == 2748


def command(folder: Path, database: str) -> Callable[..., Any]:
    """`carnet`, with the text of a file in place of its name; what it prints as JSON."""
    (mapping,) = re.findall(r"```toml\n(.*?)```", (PAGES / "first-afternoon.md").read_text(), re.DOTALL)
    (folder / "old-till.toml").write_text(mapping)

    def carnet(*arguments: str) -> Any:
        words = []
        for word in arguments:
            if "\n" in word:
                file = folder / f"{len(list(folder.iterdir()))}.csv"
                file.write_text(word)
                word = str(file)
            words.append(str(folder / word) if word.endswith(".toml") else word)
        told = ("--json",) if "import" in words else ()
        result = CliRunner().invoke(main, [*words, *told], env={"CARNET_DATABASE": database})
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout) if told else result.stdout

    return carnet
