"""The routes of the API, from its OpenAPI document: what each takes and answers, and a command to try it."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from api.pages.asking import Answer, ApiRefused
from api.pages.page import page
from api.pages.view import Screen, View

Document = Mapping[str, Any]
METHODS = ("get", "post")
REFERENCE = "#/components/schemas/"


@page("/system/routes")
async def routes(view: View) -> Screen:
    """Every route, or those that fit the words."""
    document = (await view.know("schema.show")).body
    words = view.one("search").lower().split()
    found = [each for each in routes_of(document) if all(word in _text(each) for word in words)]
    tags: dict[str, list[Any]] = {}
    for each in found:
        tags.setdefault(each["tag"], []).append(each)
    listed = Answer(200, {"data": found}, None)
    return Screen("system/routes.html", {"tags": tags, "search": view.one("search")}, listed=listed)


@page("/system/routes/{operation}")
async def route(view: View) -> Screen:
    """One route with all that it takes and answers."""
    document = (await view.know("schema.show")).body
    operation = view.path["operation"]
    for path, method, told in _operations(document):
        if told["operationId"] == operation:
            return Screen("system/route.html", _shown(view, document, path, method, told))
    raise ApiRefused(Answer(404, {"code": "not-found"}, None))


def routes_of(document: Document) -> Iterator[dict[str, str]]:
    """In the order of the document."""
    for path, method, told in _operations(document):
        yield {
            "operation": told["operationId"],
            "method": method.upper(),
            "path": path,
            "summary": told["summary"],
            "tag": told["tags"][0],
        }


def _operations(document: Document) -> Iterator[tuple[str, str, Any]]:
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield path, method, methods[method]


def _text(each: Mapping[str, str]) -> str:
    return " ".join(each.values()).lower()


def _shown(view: View, document: Document, path: str, method: str, told: Any) -> dict[str, Any]:
    body = told.get("requestBody", {}).get("content", {})
    good = next(status for status in ("201", "200", *told["responses"]) if status in told["responses"])
    answer = told["responses"][good].get("content", {})
    parts = [_schema(body), _schema(answer)]
    return {
        "path": path,
        "method": method.upper(),
        "told": told,
        "good": good,
        "body": _first(document, body),
        "answer": _first(document, answer),
        "types": dict(_types(document, parts)),
        "problems": [
            (status, re.findall(r"`([a-z-]+)`", _resolved(document, response).get("description", "")))
            for status, response in told["responses"].items()
            if not status.startswith("2")
        ],
        "curl": curl(_base(view), path, method, told, _example(body)),
    }


def _first(document: Document, content: Document) -> Any:
    """The media type that comes first, its schema and its example."""
    for media_type, told in content.items():
        schema = _resolved(document, told.get("schema", {}))
        return {"media_type": media_type, "schema": schema, "example": _example(content)}
    return None


def _resolved(document: Document, part: Any) -> Any:
    """What a part of the document refers to, or itself."""
    if "$ref" not in part:
        return part
    found: Any = document
    for name in str(part["$ref"]).removeprefix("#/").split("/"):
        found = found[name]
    return found


def _schema(content: Document) -> Any:
    return next((told.get("schema", {}) for told in content.values()), {})


def _example(content: Document) -> Any:
    for told in content.values():
        if "example" in told:
            return told["example"]
        for example in told.get("examples", {}).values():
            return example.get("value")
    return None


def _types(document: Document, schemas: list[Any]) -> Iterator[tuple[str, Any]]:
    """The types that these schemas name, and those that they name in turn, each once."""
    known = document["components"]["schemas"]
    names, met = [name for schema in schemas for name in _named(schema)], set[str]()
    while names:
        name = names.pop(0)
        if name not in met and name in known:
            met.add(name)
            yield name, known[name]
            names += _named(known[name])


def _named(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            if key == "$ref" and str(value).startswith(REFERENCE):
                yield str(value).removeprefix(REFERENCE)
            else:
                yield from _named(value)
    elif isinstance(schema, list):
        for each in schema:
            yield from _named(each)


def curl(base: str, path: str, method: str, told: Any, body: Any) -> str:
    """A command line that asks this, with the examples of the document. The key is taken from CARNET_KEY."""
    parameters = told.get("parameters", ())
    values = {each["name"]: str(each.get("example", f"<{each['name']}>")) for each in parameters}
    address = path.format_map({name: quote(value, safe="<>") for name, value in values.items()})
    query = urlencode(
        [
            (each["name"], values[each["name"]])
            for each in parameters
            if each["in"] == "query" and "example" in each
        ]
    )
    parts = ["curl", shlex.quote(f"{base}{address}{'?' + query if query else ''}")]
    if told.get("security"):
        parts.append('-H "Authorization: Bearer $CARNET_KEY"')
    for each in parameters:
        if each["in"] == "header" and each.get("required"):
            parts.append("-H " + shlex.quote(f"{each['name']}: {values[each['name']]}"))
    if method == "post":
        parts.append("-H 'Content-Type: application/json'")
        parts.append("-d " + shlex.quote(json.dumps(body if body is not None else {}, ensure_ascii=False)))
    return " \\\n  ".join(parts)


def _base(view: View) -> str:
    scope = view.visitor.request
    host = dict(scope["headers"]).get(b"host", b"127.0.0.1").decode("latin-1")
    return f"{scope['scheme']}://{host}"


PAGES = (routes, route)
