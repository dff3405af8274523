"""One operation of the document: its description, its parameters, its body."""

from collections.abc import Mapping
from typing import Any, TypedDict

from api.http.openapi.answers import responses
from api.http.openapi.docstrings import public
from api.http.openapi.types import ParameterSchema, Schema
from api.http.parsing import INTEGER_MAX
from api.http.path_ids import PATH_IDS
from api.http.route import Route
from domain.actor import Role

Known = Mapping[Any, Schema]
"""(model, mode) → a reference to its type."""


class Example(TypedDict, total=False):
    """A request that was sent, and how it was answered."""

    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any
    answer: Any


def operation(route: Route, known: Known, example: Example) -> Schema:
    made: Schema = {
        "operationId": route.operation,
        "summary": route.summary,
        "description": _description(route),
        "tags": [route.tag],
        "security": [] if route.roles is None else [{"key": []}],
        "parameters": [*_path(route, example), *_query(route, example), *_headers(route)],
        "responses": responses(route, known, example.get("answer")),
    }
    if route.body is not None:
        made["requestBody"] = _body(route, known[route.body, "validation"], example)
    if route.uploads:
        made["requestBody"] = {
            "required": True,
            "content": {media: _upload(media) for media in route.uploads},
        }
    return made


def _upload(media: str) -> Schema:
    file: Schema = {"type": "string", "format": "binary"}
    if media == "multipart/form-data":
        file = {"type": "object", "properties": {"file": file}, "required": ["file"]}
    return {"schema": file}


def _description(route: Route) -> str:
    if route.roles is None:
        who = "Open to anyone, without a key."
    else:
        who = f"Roles: {', '.join(sorted((role.value for role in route.roles.roles), key=_ROLES.index))}."
        if route.roles.scope is not None and Role.INTEGRATION in route.roles:
            who += f" An integration needs the scope `{route.roles.scope.value}`."
    return f"{public(route.description) or f'{route.summary}.'}\n\n{who}"


_ROLES = ("owner", "manager", "staff", "customer", "auditor", "integration")


def _body(route: Route, schema: Schema, example: Example) -> Schema:
    assert route.body is not None
    content = {"schema": schema} | ({"example": example["body"]} if "body" in example else {})
    required = any(field.is_required() for field in route.body.model_fields.values())
    return {"required": required, "content": {"application/json": content}}


# Parameters


def _path(route: Route, example: Example) -> list[Schema]:
    sent = example.get("path", {})
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"The id of the {PATH_IDS[name][1]}." if name in PATH_IDS else PATH_NAMES[name][0],
            "schema": _path_schema(name),
        }
        | _example(sent, name)
        for name in route.path_parameters
    ]


PATH_NAMES: Mapping[str, tuple[str, str]] = {
    "code": ("The code of a problem.", "^[a-z-]{1,60}$"),
    "name": ("The name of a read model.", "^[a-z_]{1,30}$"),
}
"""Parameter of a path that is no id → what it is, and its pattern."""


def _path_schema(name: str) -> Schema:
    if name not in PATH_IDS:
        return {"type": "string", "pattern": PATH_NAMES[name][1]}
    return {"type": "string", "pattern": f"^{PATH_IDS[name][0]}_[0-9A-Za-z_-]{{1,40}}$"}


def _query(route: Route, example: Example) -> list[Schema]:
    if route.parameters is None:
        return []
    schema = route.parameters.model_json_schema(schema_generator=ParameterSchema)
    needed, sent = schema.get("required", ()), example.get("query", {})
    return [
        _query_parameter(name, dict(member), required=name in needed) | _example(sent, name)
        for name, member in schema.get("properties", {}).items()
    ]


def _query_parameter(name: str, schema: Schema, *, required: bool) -> Schema:
    described = schema.pop("description", None)
    if schema.get("default", ...) in (None, []):
        del schema["default"]
    # No parameter is ever null: it is left out.
    some = [each for each in schema.pop("anyOf", ()) if each.get("type") != "null"]
    schema |= some[0] if len(some) == 1 else {"anyOf": some} if some else {}
    made = {"name": name, "in": "query", "required": required, "schema": schema}
    return made | ({"description": described} if described else {})


def _example(sent: Mapping[str, Any], name: str) -> Schema:
    return {"example": sent[name]} if name in sent else {}


def _headers(route: Route) -> list[Schema]:
    if route.roles is None:
        return []
    if not route.writes:
        return [_MIN_POSITION]
    return [_IDEMPOTENCY_KEY, _IF_MATCH] if route.versioned else [_IDEMPOTENCY_KEY]


_MIN_POSITION: Schema = {
    "name": "Ledger-Min-Position",
    "in": "header",
    "required": False,
    "schema": {"type": "integer", "minimum": 0, "maximum": INTEGER_MAX},
    "description": "Answer only what is true for this position of the ledger, or 503. A `Ledger-Position` of an"
    " earlier answer goes here.",
}
_IDEMPOTENCY_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "pattern": "^[ -~]{1,255}$"},
    "description": "A new one for each thing you mean to do, the same one when you try it again: the same key and"
    " request get the same answer, for ever. Not needed with `dry_run=true`, which ignores it.",
    "example": "till-2-sale-4711",
}
_IF_MATCH: Schema = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": '^"v[0-9]{1,9}"$'},
    "description": "The `ETag` of an earlier answer: carry the command out only if the thing is still at this"
    " version, or 412.",
}
