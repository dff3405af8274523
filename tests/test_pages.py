"""The pages do what they say: each is run from top to bottom, in a fresh interpreter and an empty home."""

import re
import sys
from code import InteractiveConsole
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

from tests.pages.blocks import Block, blocks, typed
from tests.pages.script import run
from tests.pages.shell import fits
from tests.pages.waiting import waiting

ROOT = Path(__file__).parent.parent
GENERATED = {"reference", "decisions"}
PAGES = {
    page.stem: page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if page.parent.name not in GENERATED
}
IN_A_CLONE = {"add-a-fact", "change-a-fact", "add-a-command", "add-a-read-model"}
"""Pages whose Python imports the tests, which only a clone has."""

ROWS = {
    "take-bookings": ("S59", "S91", "S102"),
    "merge-customers": ("S109",),
    "send-e-mails": ("S100",),
    "export-the-books": ("S110",),
    "give-a-receipt": ("S75",),
    "sell-memberships": ("S48",),
    "top-up": ("S88", "S89"),
    "first-afternoon": ("S111",),
}
CLIENT = re.compile(r"^key = .*?params=query\)\.json\(\)$", re.MULTILINE | re.DOTALL)
RUN = {"python", "console"}
CODE = RUN | {"sql", "typescript"}
FILES = {"csv", "toml", "yaml"}
FOR_OTHERS = {"", "ini", "nginx", "caddy", "haproxy"}
"""Settings of other programs, which tests/test_operators_pages.py checks, and what is no code."""

NOT_RUN = {
    "change-a-read-model-in-production": 4,
    "README": 4,
    "back-up": 4,
    "generate-a-client": 5,
    "prove-a-machine": 2,
    "run-behind-a-proxy": 1,
    "run-in-a-container": 1,
    "run-on-postgresql": 3,
    "run-under-systemd": 2,
    "work-on-carnet": 1,
}
"""Blocks of code that nobody runs. Each says why, in a comment before it: `<!-- not run: … -->`."""


def is_run(block: Block) -> bool:
    return block.language in RUN and block.not_run is None


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with waiting(tmp_path_factory.mktemp("carnet")) as found:
        yield found


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.covers(*ROWS[name])] if name in ROWS else [])
        for name, page in PAGES.items()
        if any(map(is_run, blocks(page)))
    ],
)
def test_a_page_runs_from_top_to_bottom(name: str, commands: Path, tmp_path: Path) -> None:
    before = files_beside_the_code()
    run(PAGES[name], tmp_path, commands, at=ROOT if name in IN_A_CLONE else None)
    assert files_beside_the_code() == before, "the code may lie where nobody can write"


def files_beside_the_code() -> set[str]:
    folders = ("api", "domain", "projections", "replay", "docs")
    found = (file for folder in folders for file in (ROOT / folder).rglob("*"))
    return {str(file) for file in found if "__pycache__" not in file.parts}


def test_code_that_is_not_run_says_why() -> None:
    code = {name: [block for block in blocks(page) if block.language in CODE] for name, page in PAGES.items()}
    unmarked = {
        (name, block.line)
        for name, found in code.items()
        for block in found
        if block.not_run is None and block.language not in RUN
    }
    counts = {name: sum(block.not_run is not None for block in found) for name, found in code.items()}
    assert unmarked == set()
    assert {name: count for name, count in counts.items() if count} == NOT_RUN


@pytest.mark.parametrize("name", PAGES)
def test_every_block_is_code_or_a_file_or_for_another_program(name: str) -> None:
    for block in blocks(PAGES[name]):
        place = (name, block.line)
        assert block.language in CODE | FILES | FOR_OTHERS, place
        assert block.language not in FILES or block.file is not None, (place, "the text before names no file")
        if block.language == "console":
            assert block.text.startswith(("$ ", "^C\n")), (place, "a command begins with `$ `")
        if is_run(block) and block.language == "console":
            assert not [each for each in typed(block.text) if "…" in each.command], place


def test_the_how_tos_of_the_api_have_one_client() -> None:
    clients = [
        found[0]
        for page in PAGES.values()
        if page.parent.name == "how-to"
        for block in blocks(page)
        for found in [CLIENT.search(block.text)]
        if found
    ]
    assert len(clients) > 10
    assert len(set(clients)) == 1


class Prompt(InteractiveConsole):
    """An interactive Python that reads and runs nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []

    def runcode(self, code: CodeType) -> None:
        """Only the reading is of interest."""

    def showsyntaxerror(self, filename: str | None = None, **_: object) -> None:
        self.refused.append(str(sys.exc_info()[1]))


@pytest.mark.parametrize("name", PAGES)
def test_python_can_be_entered_at_a_prompt(name: str) -> None:
    for block in filter(is_run, blocks(PAGES[name])):
        prompt = Prompt()
        for line in [*block.text.splitlines(), ""] if block.language == "python" else []:
            prompt.push(line)
        assert prompt.refused == [], (name, block.line)


@pytest.mark.parametrize(
    ("shown", "told", "same"),
    [
        ("a b\n", "a b\n", True),
        ("a b\n", "a b", True),
        ("a b\n", "a c\n", False),
        ("a b\n", "a b\nc\n", False),
        ("biz_…: intact\n", "biz_1: intact\n", True),
        ("biz_…: intact\n", "biz_1\n: intact\n", False),
        ("…\nend\n", "one\ntwo\nend\n", True),
        ("…\nend\n", "end\n", True),
        ("a.c\n", "abc\n", False),
    ],
)
def test_what_a_page_shows_stands_for_what_a_command_prints(shown: str, told: str, same: bool) -> None:
    assert fits(shown, told) is same
