"""The answers of an operation: its success, its dry run, its problems, and their headers."""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel, RootModel

from api.http.openapi.dry_runs import dry_run_of
from api.http.openapi.types import Schema, reference
from api.http.problems import KINDS, MEDIA_TYPE
from api.http.route import Route

EVERY_ROUTE = (
    "rate-limited",
    "not-acceptable",
    "internal",
    "validation-failed",
    "target-too-long",
    "headers-too-large",
    "unsupported-media-type",
    "transfer-coding-unknown",
)
EVERY_KEY = ("unauthenticated", "forbidden", "storage-unavailable", "event-unreadable")
EVERY_QUERY = ("unknown-parameter",)
EVERY_LIST = ("invalid-cursor", "projection-lagging", "projection-stopped")
EVERY_COMMAND = (
    "malformed-body",
    "idempotency-key-missing",
    "request-timeout",
    "body-too-large",
    "erased",
    "version-mismatch",
    "idempotency-key-reused",
    "clock-skew",
    "contention",
    "id-taken",
    "limit-reached",
)
LATER = (429, 503)
"""Statuses that may say when to try again."""


def responses(route: Route, known: Mapping[Any, Schema], example: Any) -> dict[str, Schema]:
    """By status. `example`: the answer to a request that was sent, if any."""
    made = {str(route.status): _done(route, known, example)}
    if route.writes:
        assert route.answer is not None, "a command answers with JSON"
        made["200"] = _dry_run(known[route.answer, "serialization"])
    for status, codes in sorted(_by_status(_codes(route)).items()):
        made[str(status)] = _reference(codes[0]) if len(codes) == 1 else _problem(status, codes)
    return dict(sorted(made.items()))


def single_problems(routes: Iterable[Route]) -> dict[str, Schema]:
    """The answers with one problem that these routes refer to, by name."""
    alone = {
        (status, codes[0])
        for route in routes
        for status, codes in _by_status(_codes(route)).items()
        if len(codes) == 1
    }
    return {_name(code): _problem(status, [code]) for status, code in sorted(alone)}


def _reference(code: str) -> Schema:
    return {"$ref": f"#/components/responses/{_name(code)}"}


def _name(code: str) -> str:
    return code.title().replace("-", "")


def _done(route: Route, known: Mapping[Any, Schema], example: Any) -> Schema:
    shown = {} if example is None else {"example": example}
    if route.answer is None:
        content = {media: {"schema": _of_media(media), **shown} for media in route.media}
    else:
        content = {media: {"schema": _of_media(media)} for media in route.media}
        content["application/json"] = {"schema": known[route.answer, "serialization"], **shown}
    headers = {name: _header(name) for name in _headers(route)}
    text = "The new state, or what was answered when the same request came first" if route.writes else "Found"
    return {"description": text, "headers": headers, "content": content}


def _of_media(media: str) -> Schema:
    """The type of an answer that no model describes."""
    if media == "application/json":
        return {"type": "object", "additionalProperties": True}
    return {"type": "string"} if media.startswith("text/") else {"type": "string", "format": "binary"}


def _headers(route: Route) -> list[str]:
    names = ["Request-Id"]
    if route.roles is not None:
        names.append("Ledger-Position")
    if route.answer is not None and has_version(route.answer):
        names.append("ETag")
    if route.writes:
        names.append("Idempotency-Replayed")
    if route.location is not None:
        names.append("Location")
    return [*names, "RateLimit", "RateLimit-Policy"]


def has_version(answer: type[BaseModel]) -> bool:
    """Whether an answer, or a form of it, has a version, and so an ETag."""
    if issubclass(answer, RootModel):
        return any(has_version(each) for each in get_args(answer.model_fields["root"].annotation))
    version = answer.model_fields.get("version")
    return version is not None and version.annotation is int


def _dry_run(answer: Schema) -> Schema:
    name = dry_run_of(answer["$ref"].rpartition("/")[2])
    return {
        "description": "With `dry_run=true`: what the 201 would be, and the facts. Nothing was written.",
        "headers": {
            name: _header(name) for name in ("Request-Id", "Ledger-Position", "RateLimit", "RateLimit-Policy")
        },
        "content": {"application/json": {"schema": reference(name)}},
    }


def _problem(status: int, codes: list[str]) -> Schema:
    names = ["Request-Id", *(["Retry-After"] if status in LATER else [])]
    return {
        "description": ", ".join(f"`{code}`" for code in codes),
        "headers": {name: _header(name) for name in names},
        "content": {MEDIA_TYPE: {"schema": reference("Problem")}},
    }


def _codes(route: Route) -> set[str]:
    codes = {*EVERY_ROUTE, *route.codes}
    if route.roles is not None:
        codes |= {*EVERY_KEY, *EVERY_QUERY}
    asked = {} if route.parameters is None else route.parameters.model_fields
    if route.path_parameters or "segment_id" in asked:
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


# Headers


def _header(name: str) -> Schema:
    return {"$ref": f"#/components/headers/{name}"}


HEADERS: dict[str, Schema] = {
    "Request-Id": {
        "description": "The id of the request, also `instance` of a problem. Name it when you report a fault.",
        "required": True,
        "schema": {"type": "string", "pattern": "^req_[0-9A-Za-z]+$"},
    },
    "Ledger-Position": {
        "description": "The position of the ledger that the answer is true for.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "ETag": {
        "description": "The version of the thing shown, for `If-Match` and `If-None-Match`.",
        "schema": {"type": "string", "pattern": '^"v[0-9]+"$'},
    },
    "Location": {
        "description": "The address of what was made; not where several things were.",
        "schema": {"type": "string", "pattern": "^/v1/"},
    },
    "Idempotency-Replayed": {
        "description": "`true` where the request was done before, and this is the answer it got then.",
        "schema": {"type": "string", "const": "true"},
    },
    "Retry-After": {
        "description": "Seconds to wait before the request is sent again.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "RateLimit": {
        "description": "What is left of the rate limit (IETF draft, RateLimit header fields).",
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": "The rate limit that applies (IETF draft, RateLimit header fields).",
        "schema": {"type": "string"},
    },
}


# Problems

PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457. Other members explain the refusal: `remaining`, `limit`, `current_version` …",
    "properties": {
        "type": {"type": "string", "pattern": "^/problems/[a-z-]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "enum": sorted(KINDS)},
        "instance": {"type": "string", "description": "The id of the request."},
        "errors": {"type": "array", "items": reference("ProblemError")},
    },
    "required": ["type", "title", "status", "detail", "code", "instance"],
    "additionalProperties": True,
}
PROBLEM_ERROR: Schema = {
    "type": "object",
    "description": "One flaw of a request.",
    "properties": {
        "in": {"type": "string", "enum": ["body", "query", "header", "path"]},
        "pointer": {
            "type": "string",
            "description": "A JSON pointer into the body, or / and the name of a parameter or header.",
        },
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
    "required": ["in", "pointer", "code", "detail"],
    "additionalProperties": False,
}
