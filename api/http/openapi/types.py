"""The types of bodies and answers as JSON schemas, in a form that generators of clients read alike.

- A body: members with a default may be left out. The default is told in words: as a `default` it makes
  openapi-typescript demand the member, and openapi-python-client send it.
- An answer: every member is always there.
- A type has the name of its class. Where a body and an answer share a class and differ by what may be left out, the
  one of the body ends in `Body`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema, to_json

from api.http.docstring import own_docstring
from api.http.openapi.docstrings import described_members, public

Schema = dict[str, Any]
REFS = "#/components/schemas/{model}"
PUBLIC_NAME = re.compile(r"[A-Z][A-Za-z]+")
SENT, ANSWERED = "-Input", "-Output"
"""What pydantic appends to the two names of a class that is sent in another form than it is answered."""


def reference(name: str) -> Schema:
    return {"$ref": REFS.format(model=name)}


class ParameterSchema(GenerateJsonSchema):
    """Without the titles that pydantic makes of names, and with the texts under the members."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made, model = super().model_schema(schema), schema["cls"]
        made.pop("title", None)
        if told := made.get("description") or own_docstring(model):
            made["description"] = public(told)
        texts = described_members(model)
        for name, field in model.model_fields.items():
            member = made.get("properties", {}).get(field.alias or name)
            if member is not None:
                text = self.told(texts.get(name), None if name in made.get("required", ()) else field)
                member |= {"description": text} if text else {}
        return made

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        made = super().enum_schema(schema)
        if told := own_docstring(schema["cls"]):
            made.setdefault("description", told)
        return made

    def told(self, text: str | None, optional: FieldInfo | None) -> str | None:
        """The description of a member. `optional`: the field, if it may be left out."""
        return text


class TypeSchema(ParameterSchema):
    """Of bodies and answers: no defaults, and all members of an answer are required."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_is_required(self, field: Any, total: bool) -> bool:
        if field["type"] != "model-field":
            return super().field_is_required(field, total)
        return (
            self.mode == "serialization"
            or _is_tag(field["schema"])
            or super().field_is_required(field, total)
        )

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        made = super().enum_schema(schema)
        if told := own_docstring(schema["cls"]):
            made.setdefault("description", told)
        return made

    def told(self, text: str | None, optional: FieldInfo | None) -> str | None:
        if optional is None or not isinstance(optional.default, str | int) or "absent" in (text or ""):
            return text
        return " ".join([*([text] if text else []), f"If absent: `{to_json(optional.default).decode()}`."])


def _is_tag(schema: Mapping[str, Any]) -> bool:
    """Whether a member tells the types of a union apart: it has one value, which must be sent."""
    inner = schema.get("schema", {})
    return schema["type"] == "default" and inner["type"] == "literal" and len(inner["expected"]) == 1


def types_of(
    bodies: Iterable[type[BaseModel]], answers: Iterable[type[BaseModel]]
) -> tuple[dict[Any, Schema], dict[str, Schema]]:
    """(model, mode) → a reference to its type; and all types by name. Raises TypeError for two of the same name."""
    models = [(model, "validation") for model in bodies] + [(model, "serialization") for model in answers]
    known, definitions = models_json_schema(
        sorted(models, key=str),  # type: ignore[arg-type]
        ref_template=REFS,
        schema_generator=TypeSchema,
    )
    types: Mapping[str, Schema] = definitions.get("$defs", {})
    names = {name: _public(name) for name in types}
    _check(names.values())
    renamed = {REFS.format(model=name): REFS.format(model=new) for name, new in names.items()}
    return (
        {model: _renamed(schema, renamed) for model, schema in known.items()},
        {new: _renamed(types[name], renamed) for name, new in names.items()},
    )


def _public(name: str) -> str:
    return name.removesuffix(ANSWERED) if name.endswith(ANSWERED) else name.replace(SENT, "Body")


def _check(names: Iterable[str]) -> None:
    """Raises TypeError where two types share a name.

    pydantic tells such types apart by their module (`api__bookings__Page`). That would rename them in every generated
    client whenever a file moves.
    """
    shared = {name for name, count in Counter(names).items() if count > 1 or not PUBLIC_NAME.fullmatch(name)}
    if shared:
        raise TypeError(
            f"types of the API that share a name, or have no public one: {', '.join(sorted(shared))}"
        )


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    """The schema with each reference under its public name."""
    if isinstance(schema, dict):
        return {key: _renamed(part, names) for key, part in schema.items()}
    if isinstance(schema, list):
        return [_renamed(part, names) for part in schema]
    return names.get(schema, schema) if isinstance(schema, str) else schema
