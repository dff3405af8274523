"""The pages under `docs/reference/` that are made from the code, so that they cannot differ from it.

`python -m tests.reference` writes them anew. `tests/test_reference.py` fails when one is out of date, and
`tests/api/resources/test_examples.py` when the examples in them are.
"""

import ast
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import Any

import click

from api.cli.main import main
from api.http.ownership import is_open
from api.http.problem_kinds.example import example_of
from api.http.problem_kinds.table import KINDS
from api.http.route import Route
from api.resources.exports import EXPORTS
from api.resources.schema import schema_of
from api.server import settings
from api.server.routes import HANDLERS
from domain.actor import Role
from domain.fact import Fact
from domain.fact_registry import FACTS
from tests import checklist
from tests.examples.day import played
from tests.examples.recording import Recording

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "reference"
EXAMPLES = ROOT / "api" / "resources" / "examples.json"
WINGS = ("domain", "projections", "replay", "api")
MADE = "<!-- made from the code by `python -m tests.reference` -->"


def facts() -> str:
    """Every fact that can be stored: its name, version and fields."""
    parts = [
        "# Facts\n",
        "Everything a ledger can hold. A stored name never changes; a changed layout gets a new version.",
    ]
    for fact in FACTS:
        parts.append(f"\n## `{fact.stored_name}` version {fact.stored_version}\n\n{_table(fact)}")
    return "\n".join(parts)


def _table(fact: type[Fact]) -> str:
    schema = fact.model_json_schema()
    required = set(schema.get("required", ()))
    lines = [
        f"| `{name}` | {_type(field)} | {'' if name in required else 'optional'} |"
        for name, field in schema.get("properties", {}).items()
    ]
    return (
        "\n".join(["| field | type | |", "|---|---|---|", *lines])
        if lines
        else "It has no fields of its own."
    )


def _type(field: Mapping[str, Any]) -> str:
    """A JSON schema in a few words."""
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if choices := field.get("anyOf") or field.get("oneOf"):
        return " or ".join(_type(choice) for choice in choices if choice.get("type") != "null")
    if "enum" in field or "const" in field:
        return " or ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    return str(field.get("format") or field.get("type") or "any").replace("date-time", "moment")


def exports() -> str:
    """The columns of every export."""
    parts = [
        "# Exports\n",
        "The columns of `GET /v1/…/export` and of `carnet export`, the same in every form. New columns come last."
        " [How to export](../how-to/export-the-books.md) tells how to ask for them.\n",
        "| kind | CSV | JSON Lines | Parquet |",
        "|---|---|---|---|",
        "| text | as it is; a `'` before what a spreadsheet would calculate | string | `VARCHAR` |",
        "| integer | digits, perhaps with a minus | number | `BIGINT` |",
        "| boolean | `true`, `false` | boolean | `BOOLEAN` |",
        "| day | `YYYY-MM-DD` | string | `DATE` |",
        "| moment | RFC 3339, UTC, with milliseconds | string | `TIMESTAMP WITH TIME ZONE` |",
        "| nothing | empty | `null` | `NULL` |",
    ]
    for name, exported in EXPORTS.items():
        columns = [f"| `{each.name}` | {each.kind} | {each.meaning} |" for each in exported.table.columns]
        about = exported.table.about
        parts += [f"\n## {name}\n", f"{about}\n", "| column | kind | |", "|---|---|---|", *columns]
    return "\n".join(parts)


def problems() -> str:
    """Every code a request can be answered with."""
    parts = [
        "# Problems\n",
        "Every refusal and fault is `application/problem+json` (RFC 9457) with one of these codes. A running server"
        " shows this page at `/problems`, and the answer's `type` leads to the part on its code.\n",
        "`title` names the kind, `detail` this case, `instance` the request (also the header Request-Id). `errors`"
        " lists the flaws of a request: `in` is the place (`body`, `query`, `header` or `path`), `pointer` a JSON"
        " pointer into the body, or `/` and the name of a parameter or header, `code` the kind of flaw, `detail`"
        " what the value must be. Other members explain a refusal by numbers.\n",
        "| status | code | title |",
        "|---|---|---|",
        *(f"| {kind.status} | [`{code}`](#{code}) | {kind.title} |" for code, kind in KINDS.items()),
    ]
    for code, kind in KINDS.items():
        retry = f" Retry-After: {kind.retry_after_s} s." if kind.retry_after_s else ""
        parts.append(f"\n## {code}\n\n{kind.status}, *{kind.title}.* {kind.cause}\n\n{kind.remedy}{retry}")
        if kind.rules is not None:
            parts.append("\n| `rule` | what is said of it |\n|---|---|")
            parts += [f"| `{rule}` | {_plain(words)} |" for rule, words in kind.rules.items()]
        parts.append(f"\n```json\n{json.dumps(example_of(code), indent=1, ensure_ascii=False)}\n```")
    return "\n".join(parts)


def _plain(words: str) -> str:
    """With the members that stand in it as elsewhere."""
    return words.replace("{", "`").replace("}", "`")


def routes() -> str:
    """Every route of the API and who may use it."""
    roles = list(Role)
    head = ["| route | what it does | " + " | ".join(role.value for role in roles) + " |"]
    head.append("|---|---|" + ":-:|" * len(roles))
    known = sorted(
        (handler.opt["route"] for handler in HANDLERS), key=lambda route: (route.path, route.method)
    )
    lines = []
    for route in known:
        cells = [_cell(role, route) for role in roles]
        lines.append(f"| `{route.method} {route.path}` | {route.summary} | " + " | ".join(cells) + " |")
    told = "The bodies, parameters and answers of each stand in `/schema` of a running server (OpenAPI 3.1)."
    told += " A name in the last column is the scope that the key of an integration needs."
    return "\n".join(["# Routes\n", told, "", *head, *lines])


def _cell(role: Role, route: Route) -> str:
    if route.roles is not None and role not in route.roles:
        return "–"
    if role is Role.INTEGRATION and route.roles is not None and route.roles.scope is not None:
        return f"`{route.roles.scope}`"
    return "own" if role is Role.CUSTOMER and is_open(route) and not route.nobodys else "✓"


def environment() -> str:
    """Every setting."""
    return "# Settings\n\n" + dedent(settings.__doc__ or "").split("\n", 1)[1].strip()


def commands() -> str:
    """The manual of every command."""
    parts = ["# The command `carnet`\n"]
    told = click.Context(main, info_name="carnet", terminal_width=100, **main.context_settings)
    for context in _contexts(told):
        parts.append(f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n")
    return "\n".join(parts).rstrip()


def _contexts(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            child = context.command.get_command(context, name)
            assert child is not None, "it is listed"
            yield from _contexts(click.Context(child, parent=context, info_name=name, terminal_width=100))


def checklist_page() -> str:
    """Every behaviour of the source systems, what serves it, and the tests that prove it."""
    routes = {handler.opt["route"].operation: handler.opt["route"] for handler in HANDLERS}
    proved = checklist.proofs()
    parts = [
        "# The checklist\n",
        "What five systems that businesses use today do, and where Carnet does it. Each row names the routes that"
        " serve it and the tests that prove it.",
    ]
    for system, rows in groupby(checklist.rows(), key=lambda row: row.system):
        parts.append(
            f"\n## {system.capitalize()}\n\n| row | behaviour | served by | tests |\n|---|---|---|---|"
        )
        for row in rows:
            served = ", ".join(
                f"`{routes[name].method} {routes[name].path}`" for name in row.served_by if name in routes
            )
            tests = "<br>".join(f"`{test.removeprefix('tests/')}`" for test in proved.get(row.number, ()))
            missing = "not yet" if row.number in checklist.LATER else ""
            parts.append(f"| {row.number} | {row.behaviour} | {served or missing} | {tests or missing} |")
    return "\n".join(parts)


def glossary() -> str:
    """Every folder of the product, in the words of its `__init__.py`."""
    parts = [
        "# Glossary of the folders\n",
        "Each folder of the product: what it offers, when to touch it, and what never to do there. The text is the"
        " docstring of its `__init__.py`.",
    ]
    for wing in WINGS:
        for path in sorted((ROOT / wing).rglob("__init__.py"), key=lambda path: path.parent):
            told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
            parts.append(f"\n## `{path.parent.relative_to(ROOT).as_posix()}/`\n\n{told}")
    return "\n".join(parts)


def openapi() -> str:
    """The document that a running server answers at `/schema`, laid out for a diff to be read."""
    told = json.loads(schema_of([handler.opt["route"] for handler in HANDLERS]))
    return json.dumps(told, indent=1, ensure_ascii=False)


def examples(day: Recording) -> str:
    """A request to every route and its answer, as `/schema` shows them."""
    return json.dumps(day.examples(), indent=1, ensure_ascii=False) + "\n"


PAGES: Mapping[str, Callable[[], str]] = {
    "facts.md": facts,
    "exports.md": exports,
    "problems.md": problems,
    "routes.md": routes,
    "settings.md": environment,
    "commands.md": commands,
    "checklist.md": checklist_page,
    "glossary.md": glossary,
    "openapi.json": openapi,
}


def page(name: str) -> str:
    told = PAGES[name]()
    return f"{MADE}\n\n{told}\n" if name.endswith(".md") else f"{told}\n"


if __name__ == "__main__":
    with TemporaryDirectory() as folder:  # first: the OpenAPI document shows them
        EXAMPLES.write_text(examples(played(Path(folder))))
    for name in PAGES:
        (FOLDER / name).write_text(page(name))
