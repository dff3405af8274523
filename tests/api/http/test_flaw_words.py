"""The words of flaws: every error of the library and every pattern of a model has a sentence of ours."""

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import InitErrorDetails
from pydantic_core.core_schema import ErrorType

from api.http.flaw_words import PATTERNS, WORDS, joined, pattern_words, words_for
from api.http.flaws import flaws_of
from api.imports.day_book import Sale, Use
from domain.moments import Day, DayOfLife, DayOrMoment, Moment
from domain.values import Name, Quantity
from tests.api.desk import ROUTES, Desk

pytest_plugins = ["tests.api.houses"]

LIBRARY = re.compile(
    r"\b(?:input|should|valid|pydantic|extra|discriminator|str|dict|tuple|instance|unable|parse)\b"
    r"|\^|\[0-9|Value error|https?://docs",
    re.IGNORECASE,
)
"""How the texts of the library can be known."""

CONTEXTS: dict[str, dict[str, Any]] = {
    "value_error": {"error": ValueError("is blank")},
    "assertion_error": {"error": AssertionError("is blank")},
    "enum": {"expected": "'a' or 'b'"},
    "literal_error": {"expected": "'a' or 'b'"},
    "union_tag_invalid": {"discriminator": "'rule'", "tag": "c", "expected_tags": "'a', 'b'"},
    "union_tag_not_found": {"discriminator": "'rule'"},
    "string_pattern_mismatch": {"pattern": "^x$"},
    "url_scheme": {"expected_schemes": "'https'"},
    "too_long": {"field_type": "List", "max_length": 3, "actual_length": 4},
    "too_short": {"field_type": "List", "min_length": 3, "actual_length": 2},
    "is_instance_of": {"class": "Path"},
    "is_subclass_of": {"class": "Path"},
    "bytes_invalid_encoding": {"encoding": "base64", "encoding_error": "Invalid symbol"},
    "timezone_offset": {"tz_expected": 0, "tz_actual": 3600},
    "default_factory_not_called": {},
}
TEXTS = ("error", "attribute", "method_name", "class_name")
NUMBERS = (
    "gt",
    "ge",
    "lt",
    "le",
    "multiple_of",
    "min_length",
    "max_length",
    "max_digits",
    "decimal_places",
    "whole_digits",
    "expected_version",
)


def context_of(kind: str) -> dict[str, Any]:
    return CONTEXTS.get(kind, dict.fromkeys(TEXTS, "boom at 0x7f") | dict.fromkeys(NUMBERS, 2))


def test_every_error_of_the_library_has_words() -> None:
    assert set(get_args(ErrorType)) - WORDS.keys() == set()


@pytest.mark.parametrize("kind", get_args(ErrorType))
@pytest.mark.parametrize("sent", [None, 5, "Anna", [1], {"a": 1}], ids=str)
def test_no_words_are_those_of_the_library_or_hold_what_was_written(kind: str, sent: Any) -> None:
    told = words_for(
        {"type": kind, "loc": (), "msg": "Input should be", "input": sent, "ctx": context_of(kind)}
    )
    assert not LIBRARY.search(told)
    assert "Anna" not in told
    assert "boom" not in told
    assert told[0].islower()
    assert not told.endswith(".")


def test_an_error_that_nobody_knows_yet_is_told_in_our_words_too() -> None:
    told = words_for({"type": "of_the_future", "loc": (), "msg": "Input should be newer", "input": 1})
    assert told == "is not allowed here"


# Patterns


def patterns(schema: Any) -> Iterator[str]:
    """Every pattern in the schema that pydantic made of a model."""
    if isinstance(schema, dict):
        if isinstance(pattern := schema.get("pattern"), str):
            yield pattern
        for part in schema.values():
            yield from patterns(part)
    elif isinstance(schema, list | tuple):
        for part in schema:
            yield from patterns(part)


def models() -> set[type[BaseModel]]:
    sent = {model for route in ROUTES for model in (route.body, route.parameters) if model is not None}
    return {*sent, Sale, Use}


def test_every_pattern_of_a_request_is_told_in_words() -> None:
    found = {each for model in models() for each in patterns(model.__pydantic_core_schema__)}
    assert len(found) > 15
    assert {pattern for pattern in found if pattern_words(pattern) is None} == set()


def test_no_words_for_a_pattern_show_a_pattern() -> None:
    ids = pattern_words(r"^pkg_[0-9A-Za-z_-]{1,40}$")
    assert ids == "must be pkg_ and 1 to 40 letters, digits, _ or -"
    assert [told for told in [*PATTERNS.values(), ids] if LIBRARY.search(told)] == []


@pytest.mark.parametrize("model", sorted(models() - {Sale, Use}, key=str), ids=lambda m: m.__name__)
def test_no_field_of_any_route_is_refused_in_the_words_of_the_library(model: type[BaseModel]) -> None:
    wrong: list[Any] = [None, True, -1, 10**13, 1.5, "", "x" * 3_000, "boss", [], ["boss"], {}, {"rule": "x"}]
    fields = [field.alias or name for name, field in model.model_fields.items()]
    bodies = [{name: given} for name in fields for given in wrong] + [{"colour": "red"}]
    told = {flaw.detail for body in bodies for flaw in flaws_found(model, body)}
    assert {detail for detail in told if LIBRARY.search(detail)} == set()


def flaws_found(model: Any, sent: Any) -> list[Any]:
    try:
        TypeAdapter(model).validate_json(json.dumps(sent))
    except ValidationError as error:
        return flaws_of(error, sent)
    return []


# Sentences


def told(kind: Any, sent: Any) -> str:
    (flaw,) = flaws_found(kind, sent)
    detail: str = flaw.detail
    return detail


@pytest.mark.parametrize(
    ("kind", "sent", "sentence"),
    [
        (Quantity, 0, "must be at least 1, not 0"),
        (Quantity, 1_001, "must be at most 1000, not 1001"),
        (Name, "x" * 201, "must have at most 200 characters; it has 201"),
        (Name, "", "must not be empty"),
        (Name, " ", "is blank"),
        (Name, 5, "must be text, not a number"),
        (Day, "2026-10-3", "must be a date, such as 2026-10-03"),
        (Day, "2026-02-30", "must be a day of the calendar, such as 2026-10-03"),
        (Day, "2201-01-01", "must lie between 1970-01-01 and 2200-12-31"),
        (Day, "1969-12-31", "must lie between 1970-01-01 and 2200-12-31"),
        (DayOfLife, "1879-12-31", "must lie between 1880-01-01 and 2200-12-31"),
        (DayOrMoment, "2201-01-01", "must lie between 1970-01-01 and 2200-12-31"),
        (DayOrMoment, "2201-01-01T12:00:00Z", "must lie between 1970-01-01 and 2200-12-31"),
        (
            DayOrMoment,
            "tomorrow",
            "must be a date, such as 2026-10-03 or a moment with its offset, such as 2026-10-03T08:00:00Z",
        ),
        (DayOrMoment, 5, "must be text, not a number"),
        (Moment, "2026-10-03T08:00:00", "must have its offset from UTC, such as Z or +02:00"),
        (
            Moment,
            "2026-10-03T25:00:00Z",
            "must be a moment of the calendar with its offset, such as 2026-10-03T08:00:00Z",
        ),
        (Moment, "0001-01-01T00:00:00+14:00", "must lie between 1970-01-01 and 2200-12-31"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_a_sentence_names_the_limit_and_what_was_sent_where_that_is_harmless(
    kind: Any, sent: Any, sentence: str
) -> None:
    assert told(kind, sent) == sentence


def test_alternatives_are_one_sentence() -> None:
    assert joined(["must be a date", "must be a moment", "must be a date"]) == "must be a date or a moment"


def test_a_library_error_of_another_making_is_told_in_our_words() -> None:
    line = InitErrorDetails(type="finite_number", loc=("a",), input=1.0)
    flaws = flaws_of(ValidationError.from_exception_data("Body", [line]))
    assert [(flaw.pointer, flaw.detail) for flaw in flaws] == [("/a", "must be a finite number")]


# Over HTTP


def test_every_flaw_says_where_it_is(desk: Desk) -> None:
    service = {"name": "Massage", "service_type": "Massage"}

    def places(answer: Any) -> list[tuple[str, str]]:
        return [(flaw["in"], flaw["pointer"]) for flaw in answer.json()["errors"]]

    assert places(desk.post("/v1/services", service | {"list_price": -1})) == [("body", "/list_price")]
    assert places(desk.ask("/v1/services", limit="201")) == [("query", "/limit")]
    assert places(desk.ask("/v1/services", limit="x")) == [("query", "/limit")]
    assert places(desk.ask("/v1/services", colour="red")) == [("query", "/colour")]
    assert places(desk.ask("/v1/services", limit=["1", "2"])) == [("query", "/limit")]
    assert places(desk.ask("/v1/business", as_of="x")) == [("query", "/as_of")]
    assert places(desk.post("/v1/services?dry_run=maybe", service)) == [("query", "/dry_run")]
    assert places(desk.post("/v1/services", service, If_Match="v1")) == [("header", "/If-Match")]
    headers = {"Authorization": f"Bearer {desk.key}", "Ledger-Min-Position": "x"}
    assert places(desk.client.get("/v1/services", headers=headers)) == [("header", "/Ledger-Min-Position")]
    # A rule that rests on facts, of a command and of a question.
    offer = {"name": "Ten", "price": 1, "lines": [{"quantity": 1, "services": ["svc_none"]}]}
    assert places(desk.post("/v1/offers", offer)) == [("body", "/lines/0/services/0")]
    days = {"from": "2026-10-03", "to": "2026-10-02"}
    answer = desk.ask(f"/v1/customers/{desk.customer()}/points", **days)
    assert places(answer) == [("query", "/to")]


def test_a_key_that_is_missing_is_told_to_be_missing(desk: Desk) -> None:
    headers = {"Authorization": f"Bearer {desk.key}"}
    problem = desk.client.post("/v1/services", json={}, headers=headers).json()
    assert problem["code"] == "idempotency-key-missing"
    assert problem["errors"] == [
        {
            "in": "header",
            "pointer": "/Idempotency-Key",
            "code": "missing",
            "detail": "is missing: send 1 to 255 printable ASCII characters",
        }
    ]
    wrong = desk.client.post("/v1/services", json={}, headers=headers | {"Idempotency-Key": "x" * 256}).json()
    assert wrong["errors"][0]["detail"] == "must be 1 to 255 printable ASCII characters"


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "9999-12-31", "2201-01-01T12:00:00Z"])
def test_a_day_out_of_range_is_told_the_range_at_every_door(desk: Desk, day: str) -> None:
    within = "must lie between 1970-01-01 and 2200-12-31"
    package = desk.sell(desk.customer(), desk.offer(desk.service()))["id"]
    answers = [
        desk.ask(f"/v1/packages/{package}", as_of=day),
        desk.ask("/v1/reports/liability", effective_as_of=day),
        desk.ask("/v1/packages", expires_from=day),
        desk.post(f"/v1/packages/{package}/expiry", {"expires_on": day}),
    ]
    if "T" in day:
        answers = answers[:2]
    assert [answer.json()["errors"][0]["detail"] for answer in answers] == [within] * len(answers)
