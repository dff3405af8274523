"""Answers without the names of people, for files that leave the books, whoever takes them along."""

from collections.abc import Mapping
from typing import Any

PERSONAL = ("role", "email", "photo_url")
"""Members that tell a person from a thing that has a name."""
KEPT = ("id", "role", "kind")


def nameless(value: Any) -> Any:
    """The same, with people as their ids, roles and kinds."""
    if isinstance(value, Mapping):
        if "id" in value and any(name in value for name in PERSONAL):
            return {name: value[name] for name in KEPT if name in value}
        return {name: nameless(each) for name, each in value.items()}
    if isinstance(value, list):
        return [nameless(each) for each in value]
    return value
