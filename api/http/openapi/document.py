"""The whole document: what it says of the API as such, its operations, and its types."""

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version

from api.http.openapi.answers import HEADERS, PROBLEM, PROBLEM_ERROR, single_problems
from api.http.openapi.dry_runs import with_dry_runs
from api.http.openapi.operations import Example, operation
from api.http.openapi.types import Schema, types_of
from api.http.route import Route

DESCRIPTION = """\
A ledger of prepaid packages: selling, redeeming, restoring, booking, and looking back.

- Commands are POST and answer 201 with the new state. Each needs an `Idempotency-Key`: the same key and request get
  the same answer, for ever, so that a retry is safe.
- `?dry_run=true` on a command answers 200 with what the 201 would be, `dry_run` and `facts`. It writes nothing and
  needs no key. Ids and moments that are not made yet are null.
- Refusals and faults are `application/problem+json` (RFC 9457). Each `code` is explained at `/problems/{code}`.
- Money is in minor units of its currency, moments are in UTC, days are `YYYY-MM-DD`. Every member of an answer is
  always there; unknown members of a request are refused.
- One thing (a card, a booking, an account) is always true for `Ledger-Position`. Lists and reports may lag for
  moments: `Ledger-Min-Position` says how far they must be.
- HEAD is taken wherever GET is. `If-None-Match` with the `ETag` of an earlier answer is answered with 304 and no body
  where it is still what it was. Lists and reports are compressed by `Accept-Encoding` (zstd, gzip). Pages of the
  origins in the setting `CARNET_CORS_ORIGINS` may call from a browser.
"""
SECURITY: Schema = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "carnet_live_…",
        "description": "A key of a business. It says which business and which role is asking.",
    }
}


def document(
    routes: Sequence[Route],
    tags: Mapping[str, str] | None = None,
    examples: Mapping[str, Example] | None = None,
) -> bytes:
    """The whole document as JSON. Raises TypeError for two types of the same name.

    `tags`: the description of each group of operations, in the order they are shown. `examples`: by operation.
    """
    known, types = types_of(
        {route.body for route in routes if route.body}, {route.answer for route in routes if route.answer}
    )
    answered = {
        _name(known[route.answer, "serialization"]) for route in routes if route.writes and route.answer
    }
    paths: dict[str, Schema] = {}
    for route in sorted(routes, key=lambda route: (route.path, route.method)):
        told = operation(route, known, (examples or {}).get(route.operation, {}))
        paths.setdefault(route.path, {})[route.method.lower()] = told
    used = {route.tag for route in routes}
    made = {
        "openapi": "3.1.0",
        "info": {
            "title": "Carnet",
            "version": _version(),
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "The server that answers this document"}],
        "tags": [{"name": name, "description": text} for name, text in (tags or {}).items() if name in used],
        "paths": paths,
        "components": {
            "schemas": {"Problem": PROBLEM, "ProblemError": PROBLEM_ERROR, **with_dry_runs(types, answered)},
            "responses": single_problems(routes),
            "headers": HEADERS,
            "securitySchemes": SECURITY,
        },
    }
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()


def _name(reference: Schema) -> str:
    name: str = reference["$ref"].rpartition("/")[2]
    return name


def _version() -> str:
    try:
        return version("carnet")
    except PackageNotFoundError:  # run from a checkout that was not installed
        return "0"
