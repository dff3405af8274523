"""The checklist: every behaviour of the five source systems, what serves it here, and the tests that prove it.

`checklist.csv` has the behaviours and the operations (api/permissions.py) that serve them. A test says which rows
it proves: `@pytest.mark.covers("S12")`. `docs/reference/checklist.md` is made of both by
`python -m tests.reference`; `tests/test_checklist.py` keeps it true.
"""

import ast
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parent

LEFT_OUT = frozenset({"pytest.mark.sweep", "pytest.mark.extended"})
"""Marks of tests that the plain run leaves out."""
LATER: frozenset[str] = frozenset()
"""Rows that nothing serves yet, or not whole."""


@dataclass(frozen=True, slots=True)
class Row:
    """`served_by`: operations, by their names in the permission table."""

    number: str
    system: str
    behaviour: str
    served_by: tuple[str, ...]


def rows() -> list[Row]:
    with (TESTS / "checklist.csv").open(newline="", encoding="utf-8") as file:
        lines = csv.reader(file)
        next(lines)
        return [Row(number, system, text, tuple(served.split())) for number, system, text, served in lines]


@cache
def proofs() -> dict[str, list[str]]:
    """Row → the tests that are marked with it, as pytest names them without parameters.

    None that `uv run pytest` leaves out: a row is proved at every change.
    """
    found: dict[str, list[str]] = {}
    for file in sorted(TESTS.rglob("test_*.py")):
        for name, numbers in _marked(file):
            for number in numbers:
                found.setdefault(number, []).append(f"{file.relative_to(TESTS.parent).as_posix()}::{name}")
    return found


def _marked(file: Path) -> Iterator[tuple[str, list[str]]]:
    """(test, rows) of every function of a file, those of its module's `pytestmark` included."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    shared: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets
        ):
            shared += _rows_in(node.value)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            if not LEFT_OUT.isdisjoint(ast.unparse(each) for each in node.decorator_list):
                continue
            numbers = shared + [row for decorator in node.decorator_list for row in _rows_in(decorator)]
            if numbers:
                yield node.name, numbers


def _rows_in(node: ast.AST) -> list[str]:
    """The arguments of every `covers(…)` below a node."""
    return [
        argument.value
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "covers"
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
