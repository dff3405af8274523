"""The examples of the OpenAPI document: every operation has one, it was really sent, and it fits what is described."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.resources.schema import TAGS, examples, schema_of
from tests import reference
from tests.api.desk import ROUTES
from tests.examples.day import played
from tests.examples.recording import Exchanged, Recording
from tests.reference import EXAMPLES

Described = Mapping[str, Any]


@pytest.fixture(scope="module")
def document() -> Described:
    found: Described = json.loads(schema_of(ROUTES))
    return found


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Every request of the day; each command was first accepted as a dry run."""
    return played(tmp_path_factory.mktemp("day"))


def operations(document: Described) -> Iterator[tuple[str, Described]]:
    """Every operation by its name."""
    for item in document["paths"].values():
        for told in item.values():
            yield told["operationId"], told


def flaws(value: Any, schema: Any, document: Described) -> list[str]:
    """Where a value does not fit a schema of the document."""
    whole = {"$ref": "#/schema", "schema": schema, "components": document["components"]}
    found = Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(value)
    return [f"{each.json_path}: {each.message[:200]}" for each in found]


def test_a_condition_is_judged_by_the_routes_that_say_so_and_refused_by_all_others(
    day: Recording,
) -> None:
    """Each request of the day was also sent for a version that nothing has."""
    assert {each.route.operation for each in day.exchanged} == {route.operation for route in ROUTES}
    for each in day.exchanged:
        assert each.mismatched is not None
        problem = each.mismatched.json()
        if each.route.method == "POST" and each.route.versioned:
            assert (each.mismatched.status_code, problem["code"]) == (412, "version-mismatch"), each.route
            continue
        assert (each.mismatched.status_code, problem["code"]) == (400, "validation-failed"), each.route
        (flaw,) = problem["errors"]
        assert (flaw["in"], flaw["pointer"], flaw["code"]) == ("header", "/If-Match", "not-allowed"), (
            each.route
        )


def test_the_document_is_valid_openapi(document: Described) -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(dict(document)).iter_errors()] == []


def test_every_operation_has_a_description_of_its_own() -> None:
    silent = [route.operation for route in ROUTES if not route.description]
    assert silent == [], "say in the docstring of the route what its summary does not"
    inward = [route.operation for route in ROUTES if "Raises" in route.description]
    assert inward == [], "the description is for users of the API"


def test_every_group_of_operations_is_described() -> None:
    assert {route.tag for route in ROUTES} == set(TAGS), "api/resources/schema.py lists the groups"


def test_every_operation_has_an_example() -> None:
    missing = {route.operation for route in ROUTES} ^ set(examples())
    assert missing == set(), "add a step to tests/examples, then `python -m tests.reference`"


def test_every_operation_shows_a_request_and_an_answer(document: Described) -> None:
    lacking = []
    for name, told in operations(document):
        body = told.get("requestBody", {}).get("content", {}).get("application/json")
        needed = [parameter for parameter in told["parameters"] if parameter["in"] == "path"]
        answers = [
            told["responses"][status]["content"]
            for status in ("200", "201", "202")
            if status in told["responses"]
        ][-1]
        programs = answers.keys() & {"application/json"}
        shown = [answers[each] for each in programs or answers if not each.startswith("image/")]
        if any("example" not in each for each in [*([body] if body else []), *needed, *shown]):
            lacking.append(name)
    assert lacking == []


def test_every_example_fits_its_types(document: Described) -> None:
    wrong = {}
    for name, told in operations(document):
        for where, content in contents(told):
            if "example" in content and (found := flaws(content["example"], content["schema"], document)):
                wrong[f"{name} {where}"] = found
    assert wrong == {}


def contents(told: Described) -> Iterator[tuple[str, Described]]:
    """Everything of an operation that may have an example."""
    for parameter in told["parameters"]:
        yield parameter["name"], parameter
    yield from told.get("requestBody", {}).get("content", {}).items()
    for status, answer in told["responses"].items():
        for content in answer.get("content", {}).values():
            yield status, content


def test_every_request_of_the_day_fits_what_is_described(document: Described, day: Recording) -> None:
    described = dict(operations(document))
    wrong = {}
    for number, each in enumerate(day.exchanged):
        told = described[each.route.operation]
        for part, found in parts(each, told, document):
            if found:
                wrong[f"{number} {each.route.operation} {part}"] = found
    assert wrong == {}


def parts(each: Exchanged, told: Described, document: Described) -> Iterator[tuple[str, list[str]]]:
    """Body, answer, and the answer to the dry run, with their flaws."""
    body = told.get("requestBody", {}).get("content", {}).get("application/json")
    if body:
        yield "body", flaws(each.example["body"], body["schema"], document)
    if "answer" in each.example:
        yield "answer", flaws(each.example["answer"], answer_type(told, each.route.status), document)
    if each.route.writes:
        yield "dry run", flaws(each.dry_run, answer_type(told, 200), document)


def answer_type(told: Described, status: int) -> Any:
    contents = told["responses"][str(status)]["content"]
    return contents.get("application/json", next(iter(contents.values())))["schema"]


def test_the_examples_are_what_the_application_answers_now(day: Recording) -> None:
    """They were made on another day: what is random in them is the same on every day."""
    assert EXAMPLES.read_text() == reference.examples(day), "run `uv run python -m tests.reference`"
