"""The texts under the members of models, which pydantic does not keep: they become descriptions.

pydantic can keep them itself (`use_attribute_docstrings`), but then reads every module's source at each start. Here a
module is read when the document is made.
"""

import ast
import inspect
import re
import sys
from functools import lru_cache
from typing import Any

REFERENCE = re.compile(r" ?\((?:S\d+|[a-z]+\.md)[^)]*\)")
"""A reference to a row of the checklist or to a page of the design, for readers of the code alone."""


def described_members(model: type[Any]) -> dict[str, str]:
    """Member → the text under it, those of its base classes included."""
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        origin = getattr(cls, "__pydantic_generic_metadata__", {}).get("origin") or cls
        found |= _of_module(origin.__module__).get(origin.__qualname__, {})
    return found


def public(text: str) -> str:
    """A docstring as users of the API read it: one line a paragraph, without references."""
    paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(text))
    return "\n\n".join(" ".join(REFERENCE.sub("", part).split()) for part in paragraphs)


@lru_cache
def _of_module(name: str) -> dict[str, dict[str, str]]:
    """Class → member → text, for the classes at the top of a module; empty where there is no source."""
    if not name.startswith(("api.", "domain.", "projections.", "replay.")):
        return {}
    try:
        tree = ast.parse(inspect.getsource(sys.modules[name]))
    except (OSError, KeyError):
        return {}
    return {node.name: _of_class(node) for node in tree.body if isinstance(node, ast.ClassDef)}


def _of_class(node: ast.ClassDef) -> dict[str, str]:
    return {
        member.target.id: public(text.value.value)
        for member, text in zip(node.body, node.body[1:], strict=False)
        if isinstance(member, ast.AnnAssign)
        and isinstance(member.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
