"""The OpenAPI 3.1 document, made from the routes and their pydantic models.

Made here rather than by the framework, because bodies are read from their bytes (api/http/parsing.py): the
models that check a request also describe it, with `additionalProperties: false`.
"""

import json
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic.json_schema import models_json_schema

from api.http.parsing import INTEGER_MAX
from api.http.problems import KINDS, MEDIA_TYPE
from api.http.request import PATH_IDS, Route

REFS = "#/components/schemas/{model}"
EVERY_ROUTE = ("rate-limited", "not-acceptable", "internal")
EVERY_KEY = ("unauthenticated", "forbidden", "storage-unavailable", "event-unreadable")
EVERY_QUERY = ("validation-failed", "unknown-parameter")
EVERY_LIST = ("invalid-cursor", "projection-lagging", "projection-stopped")
EVERY_COMMAND = (
    "malformed-body",
    "idempotency-key-missing",
    "body-too-large",
    "unsupported-media-type",
    "erased",
    "version-mismatch",
    "idempotency-key-reused",
    "contention",
    "id-taken",
    "limit-reached",
)

Schema = dict[str, Any]
Known = Mapping[Any, Schema]
"""(model, mode) → a reference to its schema."""


def document(routes: Sequence[Route]) -> bytes:
    """The whole document as JSON. Raises TypeError for two types of the same name."""
    bodies = {route.body for route in routes if route.body}
    answers = {route.answer for route in routes if route.answer}
    models = [(model, "validation") for model in bodies] + [(model, "serialization") for model in answers]
    known, definitions = models_json_schema(sorted(models, key=str), ref_template=REFS)  # type: ignore[arg-type]
    paths: dict[str, Schema] = {}
    for route in sorted(routes, key=lambda route: (route.path, route.method)):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, known)
    schemas = _named({"Problem": _PROBLEM, "DryRun": _DRY_RUN}, definitions.get("$defs", {}))
    return json.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": "Carnet", "version": _version(), "description": _DESCRIPTION},
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {
                    "key": {"type": "http", "scheme": "bearer", "bearerFormat": "carnet_live_…"}
                },
            },
        },
        ensure_ascii=False,
    ).encode()


PUBLIC_NAME = re.compile(r"[A-Z][A-Za-z]+")


def _named(ours: Mapping[str, Schema], types: Mapping[str, Schema]) -> Mapping[str, Schema]:
    """All types by their public name, that of the class. Raises TypeError where two share one.

    pydantic tells such types apart by their module (`api__bookings__Page`) or their use (`Page-Input`). That
    would rename them in every generated client whenever a file moves.
    """
    if shared := sorted(name for name in types if not PUBLIC_NAME.fullmatch(name) or name in ours):
        raise TypeError(f"types of the API that share a name, or have no public one: {', '.join(shared)}")
    return {**ours, **types}


_DESCRIPTION = (
    "A ledger of prepaid packages. Commands are POST, need an Idempotency-Key and answer 201 with the new"
    " state; refusals are application/problem+json, explained at /problems/{code}."
)


def _version() -> str:
    try:
        return version("carnet")
    except PackageNotFoundError:  # run from a checkout that was not installed
        return "0"


def _operation(route: Route, known: Known) -> Schema:
    open_to_all = route.roles is None
    made: Schema = {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [route.operation.partition(".")[0]],
        "security": [] if open_to_all else [{"key": []}],
        "parameters": [*_path(route), *_query(route), *_headers(route, open_to_all)],
        "responses": _responses(route, known, open_to_all),
    }
    if route.body is not None:
        required = any(field.is_required() for field in route.body.model_fields.values())
        schema = known[route.body, "validation"]
        made["requestBody"] = {"required": required, "content": {"application/json": {"schema": schema}}}
    if route.uploads:
        image = {"schema": {"type": "string", "format": "binary"}}
        made["requestBody"] = {"required": True, "content": dict.fromkeys(route.uploads, image)}
    return made


# Parameters


def _path(route: Route) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _path_schema(name)}
        for name in route.path_parameters
    ]


def _path_schema(name: str) -> Schema:
    if name not in PATH_IDS:
        return {"type": "string", "pattern": "^[a-z-]{1,60}$"}
    return {"type": "string", "pattern": f"^{PATH_IDS[name][0]}_[0-9A-Za-z_-]{{1,40}}$"}


def _query(route: Route) -> list[Schema]:
    if route.parameters is None:
        return []
    properties = route.parameters.model_json_schema().get("properties", {})
    return [_query_parameter(name, dict(schema)) for name, schema in properties.items()]


def _query_parameter(name: str, schema: Schema) -> Schema:
    described = schema.pop("description", None)
    schema.pop("title", None)
    if schema.get("default", ...) is None:
        del schema["default"]
    # No parameter is ever null: it is left out.
    some = [each for each in schema.pop("anyOf", ()) if each.get("type") != "null"]
    schema |= some[0] if len(some) == 1 else {"anyOf": some} if some else {}
    made = {"name": name, "in": "query", "required": False, "schema": schema}
    return made | ({"description": described} if described else {})


def _headers(route: Route, open_to_all: bool) -> list[Schema]:
    if open_to_all:
        return []
    if not route.writes:
        return [
            _header(
                "Ledger-Min-Position",
                {"type": "integer", "minimum": 0, "maximum": INTEGER_MAX},
                "Be true for this position.",
            )
        ]
    key = _header(
        "Idempotency-Key",
        {"type": "string", "pattern": "^[ -~]{1,255}$"},
        "Required, except for a dry run. The same key and request get the same answer, for ever.",
    )
    match = _header(
        "If-Match",
        {"type": "string", "pattern": '^"v[0-9]{1,9}"$'},
        "Only if the thing is still at this version.",
    )
    return [key, match] if route.versioned else [key]


def _header(name: str, schema: Schema, described: str) -> Schema:
    return {"name": name, "in": "header", "required": False, "schema": schema, "description": described}


# Responses


def _responses(route: Route, known: Known, open_to_all: bool) -> Schema:
    done: Schema = {"description": "Done" if route.writes else "Found"}
    if route.answer is not None:
        content = known[route.answer, "serialization"]
        done["content"] = {"application/json": {"schema": content}}
    else:
        done["content"] = {media: {"schema": {}} for media in route.media}
    done["headers"] = {"Request-Id": {"required": True, "schema": {"type": "string"}}}
    if not open_to_all:
        done["headers"]["Ledger-Position"] = {
            "required": True,
            "schema": {"type": "string", "pattern": "^[0-9]+$"},
        }
    made: Schema = {str(route.status): done}
    if route.writes:
        made["200"] = {
            "description": "What a dry run would answer",
            "content": {"application/json": {"schema": {"$ref": REFS.format(model="DryRun")}}},
        }
    for status, codes in sorted(_by_status(_codes(route, open_to_all)).items()):
        made[str(status)] = {
            "description": ", ".join(codes),
            "content": {MEDIA_TYPE: {"schema": {"$ref": REFS.format(model="Problem")}}},
        }
    return made


def _codes(route: Route, open_to_all: bool) -> set[str]:
    codes = {*EVERY_ROUTE, *route.codes}
    if not open_to_all:
        codes |= {*EVERY_KEY, *EVERY_QUERY}
    if route.path_parameters:
        codes.add("not-found")
    if route.writes:
        codes.update(EVERY_COMMAND)
    if route.parameters is not None and "cursor" in route.parameters.model_fields:
        codes.update(EVERY_LIST)
    return codes


def _by_status(codes: set[str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for code in sorted(codes):
        found.setdefault(KINDS[code].status, []).append(code)
    return found


_PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457. Other members explain the refusal: `remaining`, `limit`, `current_version` …",
    "properties": {
        "type": {"type": "string", "pattern": "^/problems/[a-z-]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "enum": sorted(KINDS)},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
                "required": ["pointer", "code", "detail"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code", "instance"],
}

_DRY_RUN: Schema = {
    "type": "object",
    "description": "What the 201 would be, with null for new ids, and the facts that would be recorded.",
    "properties": {
        "dry_run": {"const": True},
        "facts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "version": {"type": "integer"},
                    "data": {"type": "object"},
                },
                "required": ["name", "version", "data"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["dry_run", "facts"],
}
