"""The browser of the tests is found by its name, or its absence is told with what to do."""

import shutil
from pathlib import Path

import pytest

from tests.api.pages.chromium.program import KEPT_AS, NAMED, NoChromium, move_aside, program


def executable(path: Path) -> str:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_the_name_comes_before_the_path(tmp_path: Path) -> None:
    named = executable(tmp_path / "another")
    on_path = executable(tmp_path / "google-chrome")
    environment = {NAMED: named, "PATH": str(tmp_path)}
    move_aside(environment)
    assert NAMED not in environment, "a carnet process would refuse it"
    assert program(environment) == named
    assert program({"PATH": str(tmp_path)}) == on_path
    chromium = executable(tmp_path / "chromium")
    assert program({"PATH": str(tmp_path)}) == chromium


def test_without_a_browser_it_is_told_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(NoChromium, match="apt-get install chromium"):
        program({"PATH": str(tmp_path)})
    with pytest.raises(NoChromium, match="which is not a program"):
        program({KEPT_AS: str(tmp_path / "gone"), "PATH": shutil.which("sh") or ""})
