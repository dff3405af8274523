"""The docstring of a function or a class, also where Python was told to drop them (-OO)."""

import ast
import inspect
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any


def docstring_of(function: Callable[..., Any]) -> str:
    """Its docstring, or the one in its source; empty where there is none."""
    return inspect.getdoc(function) or own_docstring(function)


def own_docstring(thing: Callable[..., Any] | type[Any]) -> str:
    """What its source says of it, where docstrings were dropped; else empty."""
    if sys.flags.optimize < 2:
        return ""
    return _in_module(thing.__module__).get(thing.__qualname__, "")


@lru_cache
def _in_module(name: str) -> dict[str, str]:
    """Qualified name → docstring, for the functions and classes of a module."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[name]))
    except (OSError, KeyError):
        return {}
    found: dict[str, str] = {}

    def look(nodes: list[ast.stmt], path: str) -> None:
        for node in nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found[f"{path}{node.name}"] = ast.get_docstring(node) or ""
                inner = "." if isinstance(node, ast.ClassDef) else ".<locals>."
                look(node.body, f"{path}{node.name}{inner}")

    look(tree.body, "")
    return found
