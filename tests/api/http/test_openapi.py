"""The OpenAPI document: it describes the routes there are, and what they answer is what it describes."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
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
from api.http.route import Route
from api.resources.bookings.commands import MadeBooking
from api.resources.payments.commands import RefundedPayment
from api.resources.schema import schema_of
from api.server.routes import HANDLERS
from tests.api.desk import ROUTES, Desk, House

pytest_plugins = ["tests.api.houses"]

Described = Mapping[str, Any]


@pytest.fixture(scope="module")
def described() -> Described:
    found: Described = json.loads(schema_of(ROUTES))
    return found


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
    files = {"text/csv", "application/x-ndjson", "application/jsonl", "application/octet-stream"}
    photos = {"image/jpeg", "image/png", "image/webp", "multipart/form-data"}
    assert uploads == [files, files, photos]
    bodies = [
        content["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for content in contents
        if "application/json" in content
    ]
    assert len(bodies) > 20
    schemas = document["components"]["schemas"]
    assert [name for name in bodies if schemas[name].get("additionalProperties") is not False] == []


def test_every_type_has_a_public_name() -> None:
    schemas = json.loads(document([handler.opt["route"] for handler in HANDLERS]))["components"]["schemas"]
    assert [name for name in schemas if not PUBLIC_NAME.fullmatch(name) or name.endswith("Shown")] == []


def test_two_types_of_one_name_make_no_document() -> None:
    class Location(BaseModel):
        name: str

    twice = Route("GET", "/v1/places", "locations.list", "Places", MANAGERS, answer=Location)
    with pytest.raises(TypeError, match="share a name"):
        document([*(handler.opt["route"] for handler in HANDLERS), twice])


def test_a_body_may_lack_what_has_a_default_and_an_answer_lacks_nothing(described: Described) -> None:
    bodies, answers = {route.body for route in ROUTES}, {route.answer for route in ROUTES}
    for model in filter(None, bodies):
        told = described["components"]["schemas"][model.__name__]
        needed = {field.alias or name for name, field in model.model_fields.items() if field.is_required()}
        assert set(told.get("required", ())) == needed, model.__name__
    for model in filter(None, answers - {MadeBooking, RefundedPayment}):
        told = described["components"]["schemas"][model.__name__]
        assert set(told["required"]) == set(told["properties"]), model.__name__


def test_no_type_has_a_default_that_a_client_would_send_or_demand(described: Described) -> None:
    assert list(places(described["components"]["schemas"], "default")) == []
    defaults = {str(value) for value in places(described["paths"], "default")}
    assert defaults <= {"50", "False", "effective", "0", "csv", "oldest"}, (
        "parameters tell theirs, and never null or an empty list"
    )


def places(told: Any, key: str) -> Iterator[Any]:
    """Every value under a key, however deep, that is not the name of a member."""
    if isinstance(told, dict):
        for name, part in told.items():
            if name == key:
                yield part
            elif name == "properties":
                yield from places(list(part.values()), key)
            elif name != "example":
                yield from places(part, key)
    elif isinstance(told, list):
        for part in told:
            yield from places(part, key)


def test_a_dry_run_answers_the_type_of_the_command_with_its_facts(described: Described) -> None:
    types = described["components"]["schemas"]
    for route in ROUTES:
        if not route.writes or route.answer in (None, MadeBooking, RefundedPayment):
            continue
        answers = described["paths"][route.path]["post"]["responses"]
        done, tried = (
            answers[status]["content"]["application/json"]["schema"]["$ref"] for status in ("201", "200")
        )
        assert tried == f"{done}DryRun"
        members, planned = (types[each.rpartition("/")[2]]["properties"] for each in (done, tried))
        assert [*planned] == [*members, "dry_run", "facts"], route.operation


def test_a_new_id_may_be_null_in_a_dry_run_alone(described: Described) -> None:
    types = described["components"]["schemas"]
    assert types["SoldPackage"]["properties"]["id"] == {"type": "string"}
    assert types["SoldPackageDryRun"]["properties"]["id"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert types["PackageCardDryRun"]["properties"]["id"] == {"type": "string"}
    household = types["CustomerDryRun"]["properties"]["participants"]["items"]
    assert household == {"$ref": "#/components/schemas/PlannedParticipant"}
    assert "x-new" not in json.dumps(types)


def test_the_headers_of_requests_and_answers_are_described(described: Described) -> None:
    sale = described["paths"]["/v1/packages"]["post"]
    sent = {each["name"]: each["required"] for each in sale["parameters"] if each["in"] == "header"}
    assert sent == {"Idempotency-Key": True, "If-Match": False}
    answered = {"Request-Id", "Ledger-Position", "ETag", "Location", "Idempotency-Replayed"}
    assert answered <= set(sale["responses"]["201"]["headers"])
    assert "Retry-After" in sale["responses"]["503"]["headers"]
    alone = described["components"]["responses"]["RateLimited"]
    assert "Retry-After" in alone["headers"]
    assert list(alone["content"]) == ["application/problem+json"]
    assert {name for name in places(described["paths"], "$ref") if "/headers/" in name} <= {
        f"#/components/headers/{name}" for name in described["components"]["headers"]
    }


def test_a_server_makes_the_document_when_it_is_first_asked_for(house: House) -> None:
    made: list[bytes] = []

    def make() -> bytes:
        made.append(b"{}")
        return made[-1]

    frame = replace(house.client.app.state["frame"], make_document=make)  # type: ignore[attr-defined]
    assert made == []
    assert (frame.document, frame.document) == (b"{}", b"{}")
    assert made == [b"{}"]


EXAMPLES = {GenerationMode.POSITIVE: 2, GenerationMode.NEGATIVE: 1}
"""The first of those that fit is the least that fits."""
SOME = settings(phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None)
CHECKS_MADE: list[Any] = [check for check in CHECKS.get_all() if check is not positive_data_acceptance]
"""All but one: a schema cannot say that an offer's services must exist, so what fits it may be refused."""


@pytest.mark.timeout(600)  # some 15 seconds of work, and a busy machine must not fail it
@pytest.mark.parametrize(
    "every", [pytest.param(8, marks=pytest.mark.extended), pytest.param(1, marks=pytest.mark.sweep)]
)
def test_what_is_answered_is_what_the_document_describes(house: House, every: int) -> None:
    """Requests that fit the description for each route, and for every eighth one that does not, under all checks."""
    desk = house.desk()
    schema = schemathesis.openapi.from_asgi("/schema", house.client.app)  # type: ignore[attr-defined]
    refusals = schema.config.checks.negative_data_rejection
    refusals.expected_statuses = [
        *refusals.expected_statuses,
        "412",
        "414",
        "431",
    ]  # too long, or changed meanwhile
    checked = 0
    for n, found in enumerate(schema.get_all_operations()):
        assert isinstance(found, Ok), found
        checked += _check(found.ok(), GenerationMode.POSITIVE, desk)
        if n % every == 0:
            checked += _check(found.ok(), GenerationMode.NEGATIVE, desk)
    assert checked > len(HANDLERS)


def _check(operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, desk: Desk) -> int:
    """How many requests were made; some routes have nothing that can break their description."""
    made = 0
    if mode is GenerationMode.NEGATIVE and not (
        operation.path_parameters or operation.query or operation.body
    ):
        return made

    @settings(
        max_examples=EXAMPLES[mode],
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def each(case: Case[Any]) -> None:
        nonlocal made
        # A key that opens and a key of idempotency are sent with every request, in place of what was drawn.
        assume(mode is GenerationMode.POSITIVE or _breaks_more_than_headers(case))
        assume(not _sends_null_as_text(case))
        made += 1
        case.call_and_validate(headers=desk.headers(), checks=CHECKS_MADE)

    with suppress(Unsatisfiable):
        each()
    return made


def _sends_null_as_text(case: Case[Any]) -> bool:
    """Whether a parameter is drawn as null: it is sent as the text "null", which a name may be."""
    drawn = (case.query or {}).values()
    return any(value is None or (isinstance(value, list) and None in value) for value in drawn)


def _breaks_more_than_headers(case: Case[Any]) -> bool:
    assert case.meta is not None, "it was drawn"
    broken = {where for where, drawn in case.meta.components.items() if drawn.mode is GenerationMode.NEGATIVE}
    return bool(broken - {ParameterLocation.HEADER})
