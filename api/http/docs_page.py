"""The OpenAPI document as a page for people: every route, every type.

PAGE = docs_page(document)
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

from api.http.fixed_document import FixedDocument
from api.http.html import folded, heading, json_block, link, page, paragraph, table, text

Schema = Mapping[str, Any]
Operation = tuple[str, str, Schema]
"""Method, path, and what the document says of it."""
SPOKEN = {"date-time": "moment", "date": "date", "binary": "bytes"}


def docs_page(document: bytes) -> FixedDocument:
    told = json.loads(document)
    tags = {tag: list(found) for tag, found in groupby(sorted(_operations(told), key=_tag), key=_tag)}
    return page(
        f"{told['info']['title']} API",
        heading(f"{told['info']['title']} API {told['info']['version']}"),
        paragraph(told["info"]["description"]),
        _contents(tags),
        *(part for tag, operations in tags.items() for part in _section(tag, operations)),
        heading("types", 2, "types"),
        *(_type(name, schema) for name, schema in sorted(told["components"]["schemas"].items())),
    )


def _operations(told: Schema) -> Iterator[Operation]:
    shared = told["components"].get("responses", {})
    for path, item in told["paths"].items():
        for method, operation in item.items():
            answers = {
                status: shared[each["$ref"].rpartition("/")[2]] if "$ref" in each else each
                for status, each in operation["responses"].items()
            }
            yield method.upper(), path, {**operation, "responses": answers}


def _tag(operation: Operation) -> str:
    return str(operation[2]["tags"][0])


def _contents(tags: Mapping[str, Sequence[Operation]]) -> str:
    return f"<p>{' · '.join(link(f'#{tag}', tag) for tag in [*tags, 'types'])}</p>"


def _section(tag: str, operations: Sequence[Operation]) -> Iterator[str]:
    yield heading(tag, 2, tag)
    for method, path, told in operations:
        yield folded(
            f"<code>{method} {escape(path)}</code> {text(told['summary'])}",
            *_operation(told),
            id=told["operationId"],
        )


# A route


def _operation(told: Schema) -> Iterator[str]:
    if described := told.get("description"):
        yield paragraph(described)
    if parameters := told.get("parameters"):
        yield heading("Parameters", 3)
        yield table(("name", "in", "type", ""), [_parameter(each) for each in parameters])
    if body := told.get("requestBody"):
        yield heading("Body", 3)
        yield f"<p>{_contents_of(body)}</p>"
        yield from _examples(body)
    yield heading("Answers", 3)
    yield table(("status", "", "type"), [_answer(status, each) for status, each in told["responses"].items()])
    for each in told["responses"].values():
        yield from _examples(each)


def _parameter(each: Schema) -> Sequence[str]:
    needed = "required. " if each.get("required") else ""
    return (
        f"<code>{escape(each['name'])}</code>",
        each["in"],
        _spoken(each.get("schema", {})),
        text(needed + each.get("description", "")),
    )


def _answer(status: str, each: Schema) -> Sequence[str]:
    codes = [code.strip("`") for code in each.get("description", "").split(", ")]
    if not status.startswith(("4", "5")):
        return status, text(each.get("description", "")), _contents_of(each)
    return status, ", ".join(link(f"/problems/{code}", code) for code in codes), _contents_of(each)


def _contents_of(each: Schema) -> str:
    contents = each.get("content", {})
    return ", ".join(
        f"{_spoken(content.get('schema', {}))} <span class=soft>{escape(media)}</span>"
        for media, content in contents.items()
    )


def _examples(each: Schema) -> Iterator[str]:
    for content in each.get("content", {}).values():
        if "example" in content:
            yield json_block(content["example"])
        for named in content.get("examples", {}).values():
            yield json_block(named.get("value"))


# Types


def _type(name: str, schema: Schema) -> str:
    parts = [paragraph(schema["description"])] if "description" in schema else []
    required = set(schema.get("required", ()))
    fields = [
        (
            f"<code>{escape(field)}</code>",
            _spoken(told),
            "required" if field in required else "",
            text(told.get("description", "")),
        )
        for field, told in schema.get("properties", {}).items()
    ]
    if fields:
        parts.append(table(("field", "type", "", ""), fields))
    else:
        parts.append(f"<p>{_spoken(schema)}</p>")
    return folded(f"<code>{escape(name)}</code>", *parts, id=name)


def _spoken(schema: Schema) -> str:
    """A JSON schema in a few words, with links to the types it names."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return link(f"#{name}", name)
    if choices := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return " or ".join(dict.fromkeys(_spoken(choice) for choice in choices))
    if "enum" in schema or "const" in schema:
        return " or ".join(
            f"<code>{escape(json.dumps(value))}</code>" for value in schema.get("enum", [schema.get("const")])
        )
    return _kind(schema)


def _kind(schema: Schema) -> str:
    kinds = schema.get("type", "any value")
    if isinstance(kinds, list):
        return " or ".join(_kind({**schema, "type": kind}) for kind in kinds)
    if kinds == "array":
        return f"list of {_spoken(schema.get('items', {}))}"
    return escape(SPOKEN.get(str(schema.get("format")), str(kinds))) + escape(_limits(schema))


def _limits(schema: Schema) -> str:
    least = schema.get("minimum", schema.get("minLength"))
    most = schema.get("maximum", schema.get("maxLength"))
    unit = " characters" if "minLength" in schema or "maxLength" in schema else ""
    if least is not None and most is not None:
        return f", {least} to {most}{unit}"
    if most is not None:
        return f", at most {most}{unit}"
    return "" if least is None else f", at least {least}{unit}"
