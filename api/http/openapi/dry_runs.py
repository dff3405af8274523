"""The types of dry runs: the answer of a command with `dry_run` and `facts`, where what is not made yet is null.

    SoldPackage  →  SoldPackageDryRun

A dry run has a type of its own, not a union with the answer: a client that reads a 201 gets ids that are never null.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from api.http.new_values import NEW
from api.http.openapi.types import Schema, reference

PREFIX = "#/components/schemas/"
MEMBERS: Schema = {
    "dry_run": {"type": "boolean", "const": True, "description": "Nothing was written."},
    "facts": {
        "type": "array",
        "items": reference("DryRunFact"),
        "description": "The facts that would be recorded, in order.",
    },
}
FACT: Schema = {
    "type": "object",
    "description": "A fact that a command would record: its stored name, version and fields.",
    "properties": {
        "name": {"type": "string"},
        "version": {"type": "integer"},
        "data": {"type": "object", "additionalProperties": True},
    },
    "required": ["name", "version", "data"],
    "additionalProperties": False,
}


def dry_run_of(name: str) -> str:
    """The name of the type that a dry run answers in place of this one."""
    return f"{name}DryRun"


def with_dry_runs(types: Mapping[str, Schema], answered: Iterable[str]) -> dict[str, Schema]:
    """The types, without marks, and those of the dry runs of these answers. Raises TypeError for a name twice."""
    made = _DryRuns(types)
    for name in sorted(answered):
        made.add(name)
    if shared := sorted(types.keys() & made.types.keys()):
        raise TypeError(f"types of the API with the name of a dry run: {', '.join(shared)}")
    return {name: _unmarked(schema) for name, schema in types.items()} | made.types


class _DryRuns:
    def __init__(self, types: Mapping[str, Schema]) -> None:
        self._answers = types
        self.types: dict[str, Schema] = {"DryRunFact": FACT}

    def add(self, name: str) -> None:
        schema = self._answers[name]
        if "anyOf" in schema:
            choices = [each["$ref"].removeprefix(PREFIX) for each in schema["anyOf"]]
            for choice in choices:
                self.add(choice)
            self.types[dry_run_of(name)] = schema | {
                "anyOf": [reference(dry_run_of(each)) for each in choices]
            }
            return
        planned = self._planned(schema)
        self.types[dry_run_of(name)] = planned | {
            "description": _text(
                schema.get("description"), "A dry run: ids and moments not made yet are null."
            ),
            "properties": planned["properties"] | MEMBERS,
            "required": [*planned["required"], *MEMBERS],
        }

    def _planned(self, schema: Any) -> Any:
        """The schema where each new value may be null, in the types it refers to as well."""
        if isinstance(schema, list):
            return [self._planned(part) for part in schema]
        if not isinstance(schema, dict):
            return schema
        if (target := _target(schema)) is not None and self._has_new(target):
            planned = f"Planned{target}"
            if planned not in self.types:
                self.types[planned] = {}  # it is being made: a type may refer to itself
                self.types[planned] = self._planned(self._answers[target])
            return schema | reference(planned)
        told = {key: self._planned(part) for key, part in schema.items() if key != NEW}
        return _or_null(told) if NEW in schema else told

    def _has_new(self, name: str, seen: frozenset[str] = frozenset()) -> bool:
        return name not in seen and any(
            NEW in part or ((target := _target(part)) is not None and self._has_new(target, seen | {name}))
            for part in _parts(self._answers[name])
        )


def _target(schema: Schema) -> str | None:
    found = schema.get("$ref")
    return found.removeprefix(PREFIX) if isinstance(found, str) else None


def _parts(schema: Any) -> Iterable[Schema]:
    """The schema and every one inside it."""
    if isinstance(schema, dict):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _parts(part)


def _or_null(schema: Schema) -> Schema:
    described = {key: part for key, part in schema.items() if key == "description"}
    bare = {key: part for key, part in schema.items() if key != "description"}
    return {"anyOf": [bare, {"type": "null"}]} | described


def _unmarked(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: _unmarked(part) for key, part in schema.items() if key != NEW}
    return [_unmarked(part) for part in schema] if isinstance(schema, list) else schema


def _text(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)
