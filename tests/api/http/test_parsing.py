"""Hostile bodies: every one is refused with a problem that names the field, and nothing is stored."""

import asyncio
import hmac
import json
from collections.abc import Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Request
from pydantic import BaseModel, ValidationError

from api.http.body import body_of
from api.http.ids import Randomness
from api.http.parsing import (
    BODY_BYTES_MAX,
    INTEGER_MAX,
    NESTING_MAX,
    EmptyBody,
    parse,
    read_body,
    read_parameters,
)
from api.http.problems import Flaw, Problem, flaws_of
from api.http.query import ListParameters
from api.http.serving import BODY_S
from api.resources.redemptions.bodies import RedemptionBody
from domain.decision import Reads
from tests.api.desk import ROUTES, Desk

pytest_plugins = ["tests.api.houses"]

SERVICE: dict[str, Any] = {"name": "Massage 60", "service_type": "Massage", "list_price": 5000}
OFFER: dict[str, Any] = {
    "name": "Ten",
    "price": 50000,
    "lines": [{"quantity": 10, "services": ["svc_1"]}],
    "validity": {"rule": "after_purchase", "count": 6, "unit": "months"},
}
CUSTOMER: dict[str, Any] = {
    "name": "Anna",
    "email": "anna@example.org",
    "participants": [{"name": "Rex", "kind": "dog"}],
    "external_ref": {"source": "mindbody", "ref": "1"},
}
COMMANDS = {"/v1/services": SERVICE, "/v1/offers": OFFER, "/v1/customers": CUSTOMER}
RAW = {
    "nothing": b"",
    "no JSON": b"{",
    "two objects": b"{}{}",
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "a key twice": b'{"name": "a", "name": "b"}',
    "a key twice inside": b'{"list_price": {"amount": 1, "amount": 2}}',
    "invalid UTF-8": b'{"name": "\xff"}',
    "UTF-16": '{"name": "a"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "NUL": b'{"name": "a\\u0000b"}',
    "a raw NUL": b'{"name": "a\x00b"}',
    "half a surrogate pair": b'{"name": "\\ud800"}',
    "half a surrogate pair as a key": b'{"\\udfff": 1}',
    "NaN": b'{"list_price": NaN}',
    "Infinity": b'{"list_price": -Infinity}',
    "a float that overflows": b'{"list_price": 1e999}',
    "2^53": b'{"list_price": 9007199254740992}',
    "2^63": b'{"list_price": 9223372036854775808}',
    "a number of 5,000 digits": b'{"list_price": ' + b"9" * 5000 + b"}",
    "33 levels": b'{"a":' + b"[" * 32 + b"]" * 32 + b"}",
    "60,000 levels": b"[" * 60_000,
}


@pytest.mark.parametrize("path", COMMANDS)
@pytest.mark.parametrize("what", RAW)
def test_bytes_that_are_no_honest_json_are_refused(desk: Desk, path: str, what: str) -> None:
    before = desk.head
    headers = desk.headers() | {"Content-Type": "application/json"}
    answer = desk.client.post(path, content=RAW[what], headers=headers)
    problem = answer.json()
    assert answer.status_code == 400, answer.text
    assert problem["code"] in ("malformed-body", "validation-failed")
    assert problem["code"] == "malformed-body" or problem["errors"][0]["pointer"].startswith("/")
    assert answer.headers["content-type"] == "application/problem+json"
    assert desk.head == before


WRONG = {
    "a string for a number": ("list_price", "5000", "/list_price"),
    "a float for a number": ("list_price", 5000.0, "/list_price"),
    "a bool for a number": ("list_price", True, "/list_price"),
    "below zero": ("list_price", -1, "/list_price"),
    "too much money": ("list_price", 10**12 + 1, "/list_price"),
    "another currency": ("list_price", {"amount": 1, "currency": "USD"}, "/list_price/currency"),
    "an unknown field": ("colour", "red", "/colour"),
    "a number for a string": ("name", 5, "/name"),
    "null for a name": ("name", None, "/name"),
    "a blank name": ("name", " \t", "/name"),
    "a control character": ("name", "a\u0007b", "/name"),
    "an over-long name": ("name", "x" * 201, "/name"),
    "a foreign id": ("id", "cus_1", "/id"),
    "an over-long id": ("id", "svc_" + "x" * 41, "/id"),
    "an id with a slash": ("id", "svc_a/b", "/id"),
    "no minutes": ("duration_minutes", 0, "/duration_minutes"),
    "a week of minutes": ("duration_minutes", 10_080, "/duration_minutes"),
    "a tax above all": ("tax_rate", 10_001, "/tax_rate"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_value_that_is_not_allowed_is_named_by_its_pointer(desk: Desk, what: str) -> None:
    field, value, pointer = WRONG[what]
    problem = desk.refused("/v1/services", SERVICE | {field: value}, "validation-failed")
    assert [flaw["pointer"] for flaw in problem["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"lines": []}, "/lines"),
        ({"lines": [{"quantity": 0, "services": ["svc_1"]}]}, "/lines/0/quantity"),
        ({"lines": [{"quantity": 1001, "services": ["svc_1"]}]}, "/lines/0/quantity"),
        ({"lines": [{"quantity": 1, "services": []}]}, "/lines/0/services"),
        ({"lines": [{"quantity": 1, "services": ["svc_1"], "x~/": 1}]}, "/lines/0/x~0~1"),
        ({"lines": OFFER["lines"] * 51}, "/lines"),
        ({"lines": [{"quantity": 1000, "services": ["svc_1"]}] * 6}, ""),
        ({"validity": {"rule": "sometimes"}}, "/validity"),
        ({"validity": {"rule": "after_purchase", "count": 6}}, "/validity/unit"),
        ({"validity": {"rule": "after_purchase", "count": 1.0, "unit": "days"}}, "/validity/count"),
        ({"validity": {"rule": "on_date", "date": "2026-02-30"}}, "/validity/date"),
        ({"validity": {"rule": "on_date", "date": "9999-12-31"}}, "/validity/date"),
        ({"validity": {"rule": "on_date", "date": "1767225600"}}, "/validity/date"),
        ({"validity": {"rule": "on_date", "date": 1767225600}}, "/validity/date"),
        ({"cancellation": {"notice_hours": 24, "late": "never"}}, "/cancellation/late"),
        ({"lines": [{"quantity": 1, "services": ["svc_unknown"]}]}, "/lines/0/services/0"),
    ],
)
def test_a_value_deep_inside_is_named_too(desk: Desk, changes: dict[str, Any], pointer: str) -> None:
    desk.service(id="svc_1")
    problem = desk.refused("/v1/offers", OFFER | changes, "validation-failed")
    assert [flaw["pointer"] for flaw in problem["errors"]] == [pointer]


@pytest.mark.parametrize("text", ["Anna 💆", "\u05d0\u05d1\u05d2", "Zoë (60 min)", "ماساژ"])
def test_text_of_any_script_is_kept_as_it_is(desk: Desk, text: str) -> None:
    assert desk.do("/v1/services", SERVICE | {"name": text})["name"] == text


def test_what_a_field_may_be_is_told_in_the_words_of_the_api(desk: Desk) -> None:
    body = {"name": "Éva", "role": "boss"}
    problem = desk.refused("/v1/staff", body, "validation-failed")
    assert problem["errors"][0]["detail"] == "must be 'owner', 'manager' or 'staff'"


def test_no_choice_of_any_route_is_told_in_the_words_of_the_code() -> None:
    models = {model for route in ROUTES for model in (route.body, route.parameters) if model is not None}
    fields = [(model, field.alias or name) for model in models for name, field in model.model_fields.items()]
    sent = [(model, {name: given}) for model, name in fields for given in ("boss", ["boss"])]
    told = {flaw.detail for model, body in sent for flaw in flaws_found(model, body)}
    assert any("'owner'" in detail for detail in told)
    assert {detail for detail in told if "<" in detail} == set()


def flaws_found(model: type[BaseModel], sent: dict[str, Any]) -> list[Flaw]:
    try:
        model.model_validate_json(json.dumps(sent))
    except ValidationError as error:
        return flaws_of(error, sent)
    return []


def test_a_body_may_be_64_kib_and_not_a_byte_more(desk: Desk) -> None:
    body = json.dumps(SERVICE).encode()
    headers = desk.headers() | {"Content-Type": "application/json"}
    fits = body + b" " * (BODY_BYTES_MAX - len(body))
    assert desk.client.post("/v1/services", content=fits, headers=headers).status_code == 201
    answer = desk.client.post("/v1/services", content=fits + b" ", headers=desk.headers() | headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "json"],
)
def test_another_content_type_is_refused(desk: Desk, content_type: str | None) -> None:
    headers = desk.headers() | ({"Content-Type": content_type} if content_type else {})
    answer = desk.client.post("/v1/services", content=json.dumps(SERVICE).encode(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


@pytest.mark.parametrize("content_type", ["application/json", 'Application/JSON; charset="UTF-8"'])
def test_json_in_utf8_is_taken_however_it_is_called(desk: Desk, content_type: str) -> None:
    headers = desk.headers() | {"Content-Type": content_type}
    answer = desk.client.post("/v1/services", content=json.dumps(SERVICE).encode(), headers=headers)
    assert answer.status_code == 201


PIECES = {
    "in one piece": ([b'{"a":1}'], b'{"a":1}'),
    "in pieces": ([b'{"a"', b"", b":1}"], b'{"a":1}'),
    "nothing": ([b""], b""),
    "as much as may be": ([b" " * BODY_BYTES_MAX], b" " * BODY_BYTES_MAX),
}


@pytest.mark.parametrize("how", PIECES)
def test_a_body_is_read_to_its_end(how: str) -> None:
    pieces, whole = PIECES[how]
    assert asyncio.run(body_of(arriving(*pieces))) == whole
    assert asyncio.run(body_of(arriving(*pieces, announced=b"%d" % len(whole)))) == whole


def test_a_body_that_is_too_large_is_refused_unread_or_as_soon_as_it_is() -> None:
    with pytest.raises(Problem, match="larger than 64 KiB"):
        asyncio.run(body_of(arriving(announced=b"%d" % (BODY_BYTES_MAX + 1))))
    with pytest.raises(Problem, match="larger than 64 KiB"):
        asyncio.run(body_of(arriving(b" " * BODY_BYTES_MAX, b" ", ends=False)))


@pytest.mark.parametrize("announced", [b"-1", b"1e3", b"x", b"", b"1" * 5000])
def test_a_length_that_is_no_number_is_refused(announced: bytes) -> None:
    with pytest.raises(Problem, match="Content-Length"):
        asyncio.run(body_of(arriving(announced=announced)))


def test_a_body_ends_with_as_many_bytes_as_were_announced() -> None:
    """Nothing is waited for after its last byte."""
    assert asyncio.run(body_of(arriving(b'{"a"', b":1}", announced=b"7", ends=False))) == b'{"a":1}'


def test_chunks_end_when_they_say_so_whatever_length_was_announced() -> None:
    chunks = arriving(b'{"a"', b":1}", announced=b"4", more=[(b"transfer-encoding", b"chunked")])
    assert asyncio.run(body_of(chunks)) == b'{"a":1}'


def test_a_request_that_breaks_off_is_refused() -> None:
    with pytest.raises(Problem, match="broke off"):
        asyncio.run(body_of(arriving(b'{"a":', ends=False)))


def arriving(
    *pieces: bytes,
    announced: bytes | None = None,
    ends: bool = True,
    more: Sequence[tuple[bytes, bytes]] = (),
) -> Request[Any, Any, Any]:
    """A request whose body comes in pieces, and that goes away after them if it does not end."""
    messages: list[Any] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    if ends and messages:
        messages[-1]["more_body"] = False
    messages.append({"type": "http.disconnect"})
    coming = iter(messages)

    async def receive() -> Any:
        return next(coming)

    headers = [*more, *([] if announced is None else [(b"content-length", announced)])]
    app = SimpleNamespace(state={"frame": SimpleNamespace(random=Randomness(), body_s=BODY_S)})
    scope: Any = {"type": "http", "headers": headers, "state": {}, "litestar_app": app}
    return Request(scope, receive)


def test_a_command_without_a_body_takes_none_or_an_empty_object() -> None:
    assert read_body(b"", None, EmptyBody).value == EmptyBody()
    assert read_body(b"{}", "application/json", EmptyBody).value == EmptyBody()
    with pytest.raises(Problem, match="/reason"):
        read_body(b'{"reason": "x"}', "application/json", EmptyBody)


CANONICAL = {
    b'{"service_id":"svc_1"}': b'{"service_id":"svc_1"}',
    b' { "service_id" : "svc_1",\n\t"quantity": 2 } ': b'{"quantity":2,"service_id":"svc_1"}',
    b'{"service_id":"svc_1","session_at":"2026-10-03T08:00:00+02:00"}': (
        b'{"service_id":"svc_1","session_at":"2026-10-03T08:00:00+02:00"}'
    ),
    b'{"service_id":"svc_\\u0031","line":null}': b'{"line":null,"service_id":"svc_1"}',
}
"""What was sent, and the bytes of it that are fingerprinted: stored with requests, so they may never change."""


@pytest.mark.parametrize("sent", CANONICAL)
def test_the_canonical_form_of_a_body_stays_what_it_was_in_every_release(sent: bytes) -> None:
    assert read_body(sent, "application/json", RedemptionBody).canonical == CANONICAL[sent]


class Anything(BaseModel):
    """A body with room for whatever JSON can say."""

    a: Any
    b: Any


def test_texts_and_numbers_of_every_kind_have_one_canonical_form() -> None:
    sent = '{"b": ["é💆\\u2028\\/\\"", 1.50, -0, 1E2, true], "a": {"z": {}, "y": []}}'.encode()
    canonical = read_body(sent, "application/json", Anything).canonical
    assert canonical == (b'{"a":{"y":[],"z":{}},"b":["\\u00e9\\ud83d\\udc86\\u2028/\\"",1.5,0,100.0,true]}')


def test_a_request_is_known_by_its_method_its_address_and_its_canonical_body(desk: Desk) -> None:
    desk.post("/v1/services", SERVICE, key="k-1")
    recorder = desk.carnet.ledger(desk.business_id).recorder
    content = b'POST\n/v1/services\n{"list_price":5000,"name":"Massage 60","service_type":"Massage"}'
    known = recorder.load(Reads(), ["k-1"]).answered["k-1"]
    assert known.fingerprint == hmac.digest(recorder.secret(), content, "sha256")[:16]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-INTEGER_MAX, INTEGER_MAX)
    | st.text().filter(lambda t: "\0" not in t),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text().filter(lambda t: "\0" not in t), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text().filter(lambda t: "\0" not in t), values, max_size=4))
def test_every_honest_object_passes_the_guard_unchanged(sent: dict[str, Any]) -> None:
    assert parse(json.dumps(sent).encode()) == sent


@given(st.binary(max_size=300))
def test_no_bytes_at_all_are_anything_but_read_or_refused(raw: bytes) -> None:
    with suppress(Problem):
        assert isinstance(parse(raw), dict)


def test_32_levels_pass_and_33_do_not() -> None:
    def nested(levels: int) -> bytes:
        return b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"

    assert parse(nested(NESTING_MAX))
    with pytest.raises(Problem, match="32 levels"):
        parse(nested(NESTING_MAX + 1))


@pytest.mark.parametrize(
    "text", ["", "0", "201", "-1", "1.0", "1e1", " 1", "+1", "1_0", "٣", "true", "9" * 30]
)
def test_a_parameter_that_is_no_such_number_is_refused(text: str) -> None:
    with pytest.raises(Problem) as refusal:
        read_parameters([("limit", text)], ListParameters)
    assert [flaw.pointer for flaw in refusal.value.flaws] == ["/limit"]


def test_a_parameter_twice_is_refused() -> None:
    with pytest.raises(Problem, match="is there twice"):
        read_parameters([("limit", "1"), ("limit", "2")], ListParameters)


def test_an_unknown_parameter_is_refused_by_name(desk: Desk) -> None:
    for path in ("/v1/services", "/v1/business", "/v1/facts"):
        problem = desk.ask(path, colour="red").json()
        assert (problem["status"], problem["code"]) == (400, "unknown-parameter")
        assert problem["errors"][0]["pointer"] == "/colour"
    answer = desk.client.post("/v1/services?colour=red", json=SERVICE, headers=desk.headers())
    assert answer.json()["code"] == "unknown-parameter"
