"""The page on the architecture stays true: each step links a function, and each link leads to it."""

import ast
import re
from functools import reduce
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "explanation" / "architecture.md"
LIVES = ("The life of a command", "The life of a fact")
LINKS_MIN = 10

LINK = re.compile(r"\[`(?P<name>\w+(?:\.\w+)+)`\]\((?P<target>[^)\s]+)\)")
TO_CODE = re.compile(r"\]\([^)\s]+\.py\)")
TO_FOLDER = re.compile(r"\]\([^)\s]+/__init__\.py\)")
STEP = re.compile(r"^\d+\. ", re.MULTILINE)

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def section(page: str, heading: str) -> str:
    """The text under a heading of the second level; empty where there is no such heading."""
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def faults(page: str, folder: Path) -> list[str]:
    """The links of a page in this folder that do not lead to what they name."""
    found = ((link["name"], fault(link["name"], folder / link["target"])) for link in LINK.finditer(page))
    return [f"{name}: {why}" for name, why in found if why is not None]


def fault(name: str, file: Path) -> str | None:
    """Why a dotted name is no function, method or class defined in a file; None where it is one.

    A route counts as its function: the decorator has made another object of it, but it is defined there.
    """
    file = file.resolve()
    if not file.is_file():
        return "the file is not there"
    module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
    if not name.startswith(f"{module}."):
        return f"the file is {module}"
    path = name.removeprefix(f"{module}.").split(".")
    try:
        reduce(getattr, path, import_module(module))
    except AttributeError:
        return f"{module} has no {'.'.join(path)}"
    return (
        None if is_defined(path, ast.parse(file.read_text(encoding="utf-8"))) else "it is defined elsewhere"
    )


def is_defined(path: list[str], within: ast.Module | Definition) -> bool:
    """Whether a `def` or `class` makes this name, directly in a module or in the classes before it."""
    made = (node for node in within.body if isinstance(node, Definition) and node.name == path[0])
    return any(len(path) == 1 or is_defined(path[1:], node) for node in made)


def test_every_link_leads_to_the_function_it_names() -> None:
    assert faults(PAGE.read_text(encoding="utf-8"), PAGE.parent) == []


def test_every_link_to_code_names_a_function_or_a_folder() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert len(TO_CODE.findall(page)) == len(LINK.findall(page)) + len(TO_FOLDER.findall(page))


@pytest.mark.parametrize("heading", LIVES)
def test_each_life_is_told_in_links_and_no_step_lacks_one(heading: str) -> None:
    _, *steps = STEP.split(section(PAGE.read_text(encoding="utf-8"), heading))
    assert sum(len(LINK.findall(step)) for step in steps) >= LINKS_MIN
    assert [step for step in steps if not LINK.search(step)] == []


@pytest.mark.parametrize(
    "name",
    [
        "domain.use_cases.correct_line.decide",
        "domain.ledger.group_commit.GroupCommit.submit",
        "domain.package.commands.CorrectLine",
        "api.resources.packages.commands.correct_package",
    ],
    ids=["function", "method", "class", "route"],
)
def test_the_check_accepts_a_live_link(name: str) -> None:
    assert faults(f"[`{name}`](../../{file_of(name)})", PAGE.parent) == []


def file_of(name: str) -> str:
    """The file of a name's module: the longest part of the name that is a file."""
    parts = name.split(".")
    files = ("/".join(parts[:n]) + ".py" for n in range(len(parts), 0, -1))
    return next(file for file in files if (ROOT / file).is_file())


@pytest.mark.parametrize(
    ("name", "file", "why"),
    [
        ("domain.use_cases.correct_line.undecided", "domain/use_cases/correct_line.py", "has no undecided"),
        ("domain.use_cases.correct_line.correct", "domain/use_cases/correct_line.py", "defined elsewhere"),
        (
            "domain.use_cases.correct_line.CORRECT_LINE",
            "domain/use_cases/correct_line.py",
            "defined elsewhere",
        ),
        ("domain.package.commands.CorrectLine.model_dump", "domain/package/commands.py", "defined elsewhere"),
        (
            "domain.use_cases.correct_line.decide",
            "domain/package/correction.py",
            "the file is domain.package",
        ),
        ("domain.use_cases.mend_line.decide", "domain/use_cases/mend_line.py", "not there"),
    ],
    ids=["gone", "imported", "a value", "inherited", "another file", "no file"],
)
def test_the_check_finds_a_dead_link(name: str, file: str, why: str) -> None:
    (found,) = faults(f"See [`{name}`](../../{file}).", PAGE.parent)
    assert why in found
