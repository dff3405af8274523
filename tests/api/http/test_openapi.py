"""The OpenAPI document: it describes the routes there are, and what they answer is what it describes."""

import json
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis.errors import Unsatisfiable
from pydantic import BaseModel
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.http.openapi import PUBLIC_NAME, document
from api.http.permissions import MANAGERS
from api.http.request import Route
from api.resources.registry import HANDLERS
from tests.api.desk import Desk, House

pytest_plugins = ["tests.api.houses"]


def test_the_document_names_every_route_and_forbids_unknown_fields(house: House) -> None:
    document = house.client.get("/schema").json()
    assert document["openapi"] == "3.1.0"
    described = {(path, method) for path, item in document["paths"].items() for method in item}
    routes = [handler.opt["route"] for handler in HANDLERS]
    assert described == {(route.path, route.method.lower()) for route in routes}
    contents = [
        operation["requestBody"]["content"]
        for item in document["paths"].values()
        for operation in item.values()
        if "requestBody" in operation
    ]
    uploads = [set(content) for content in contents if "application/json" not in content]
    assert uploads == [{"image/jpeg", "image/png", "image/webp", "multipart/form-data"}]
    bodies = [
        content["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for content in contents
        if "application/json" in content
    ]
    assert len(bodies) > 20
    schemas = document["components"]["schemas"]
    assert [name for name in bodies if schemas[name].get("additionalProperties") is not False] == []
    assert "example" not in json.dumps(document)


def test_every_type_has_a_public_name() -> None:
    schemas = json.loads(document([handler.opt["route"] for handler in HANDLERS]))["components"]["schemas"]
    assert [name for name in schemas if not PUBLIC_NAME.fullmatch(name) or name.endswith("Shown")] == []


def test_two_types_of_one_name_stop_the_start_up() -> None:
    class Location(BaseModel):
        name: str

    twice = Route("GET", "/v1/places", "locations.list", "Places", MANAGERS, answer=Location)
    with pytest.raises(TypeError, match="share a name"):
        document([*(handler.opt["route"] for handler in HANDLERS), twice])


CHECKS_MADE: list[Any] = [check for check in CHECKS.get_all() if check is not positive_data_acceptance]
"""All but one: a schema cannot say that an offer's services must exist, so what fits it may be refused."""


def test_what_is_answered_is_what_the_document_describes(house: House) -> None:
    """One request that fits the description and one that does not, for each route, under all checks."""
    desk = house.desk()
    schema = schemathesis.openapi.from_asgi("/schema", house.client.app)  # type: ignore[attr-defined]
    checked = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        for mode in GenerationMode:
            checked += _check(found.ok(), mode, desk)
    assert checked > len(HANDLERS)


def _check(operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, desk: Desk) -> int:
    """How many requests were made; some routes have nothing that can break their description."""
    made = 0

    @settings(max_examples=2, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy(generation_mode=mode))
    def each(case: Case[Any]) -> None:
        nonlocal made
        # A key that opens and a key of idempotency are sent with every request, in place of what was drawn.
        assume(mode is GenerationMode.POSITIVE or _breaks_more_than_headers(case))
        made += 1
        case.call_and_validate(headers=desk.headers(), checks=CHECKS_MADE)

    with suppress(Unsatisfiable):
        each()
    return made


def _breaks_more_than_headers(case: Case[Any]) -> bool:
    assert case.meta is not None, "it was drawn"
    broken = {where for where, drawn in case.meta.components.items() if drawn.mode is GenerationMode.NEGATIVE}
    return bool(broken - {ParameterLocation.HEADER})
