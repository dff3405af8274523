"""The tutorial does what it says: its Python is run, line by line, against a real server."""

import re
import sys
from pathlib import Path
from typing import Any

from api.cli.demo_day import served
from api.server.installation import open_on_its_own

TUTORIAL = Path(__file__).parent.parent / "docs" / "tutorial" / "first-package.md"


def test_the_tutorial_runs(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'tutorial.db'}"
    _, key = open_on_its_own(database, "Rosa & Friends", "EUR", "Europe/Budapest")
    snippets = re.findall(r"```python\n(.*?)```", TUTORIAL.read_text(), re.DOTALL)
    with served({"CARNET_DATABASE": database, "PATH": str(Path(sys.executable).parent)}) as url:
        told: dict[str, Any] = {"URL": url, "KEY": key}
        for snippet in snippets:
            exec(compile(snippet, str(TUTORIAL), "exec"), told)
    assert told["now"]["remaining"] == 9
