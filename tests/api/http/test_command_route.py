"""What every command promises: its key, its answer for ever, dry runs, versions and headers."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from api.http.command_route import RenderedAnswer, created
from domain.ledger.orders import Done
from domain.values import RECORDED_AT
from tests.api.desk import Desk, House

pytest_plugins = ["tests.api.houses"]

SERVICE: dict[str, Any] = {"name": "Massage 60", "service_type": "Massage"}

# Idempotency


def test_the_same_key_and_body_get_the_first_answer_byte_for_byte(either_desk: Desk) -> None:
    desk = either_desk
    first = desk.post("/v1/services", SERVICE, key="k-1")
    desk.do(f"/v1/services/{first.json()['id']}/changes", {"name": "Massage 90"})
    head = desk.head
    again = desk.post("/v1/services", SERVICE, key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["ETag"] == first.headers["ETag"] == '"v1"'
    assert again.headers["Location"] == first.headers["Location"]
    assert desk.head == head


def test_the_headers_of_an_answer_are_those_of_what_is_stored() -> None:
    """Another process may have been asked the same at the same time, and been first."""
    rendered = f'{{"id":"svc_1","recorded_at":"{RECORDED_AT}","version":1}}'
    shown = RenderedAnswer(rendered, {"id": "svc_1", "recorded_at": RECORDED_AT, "version": 1})
    moment = datetime(2026, 10, 3, 8, tzinfo=UTC)
    ours = rendered.replace(RECORDED_AT, "2026-10-03T08:00:00.000Z")
    theirs = '{"id":"svc_2","recorded_at":"2026-10-03T08:00:00.000Z","version":7}'
    for body, etag, location in ((ours, b'"v1"', b"svc_1"), (theirs, b'"v7"', b"svc_2")):
        for known in (shown, RenderedAnswer()):
            reply = created(Done(body, 5, 6, moment), "/v1/services/{id}", known)
            assert reply.body == body.encode()
            assert list(reply.headers) == [
                (b"ledger-position", b"6"),
                (b"etag", etag),
                (b"location", b"/v1/services/" + location),
            ]


def test_white_space_and_the_order_of_keys_make_no_other_request(desk: Desk) -> None:
    headers = desk.headers("k-1") | {"Content-Type": "application/json"}
    texts = ('{"name":"A","service_type":"B"}', '{ "service_type" : "B",\n "name": "\\u0041" }')
    answers = [desk.client.post("/v1/services", content=text.encode(), headers=headers) for text in texts]
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert answers[0].content == answers[1].content


def test_the_same_key_for_another_request_is_refused(either_desk: Desk) -> None:
    desk = either_desk
    id = desk.do("/v1/services", SERVICE, Idempotency_Key="x")["id"]
    desk.post("/v1/services", SERVICE, key="k-1")
    for path, body in (
        ("/v1/services", SERVICE | {"name": "Other"}),
        ("/v1/offers", {"name": "T", "price": 1, "lines": [{"quantity": 1, "services": [id]}]}),
        (f"/v1/services/{id}/retirement", {}),
        ("/v1/keys", {"name": "k", "role": "staff"}),
    ):
        answer = desk.post(path, body, key="k-1")
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused"), path


def test_a_refusal_is_not_remembered(desk: Desk) -> None:
    offer = {"name": "Ten", "price": 1, "lines": [{"quantity": 1, "services": ["svc_later"]}]}
    assert desk.post("/v1/offers", offer, key="k-1").status_code == 400
    desk.service(id="svc_later")
    assert desk.post("/v1/offers", offer, key="k-1").status_code == 201


@pytest.mark.parametrize("key", [None, "", "x" * 256, "tab\there", "caf\xe9"])
def test_a_command_needs_a_printable_key(desk: Desk, key: str | None) -> None:
    headers = {"Authorization": f"Bearer {desk.key}"} | ({} if key is None else {"Idempotency-Key": key})
    encoded = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    answer = desk.client.post("/v1/services", json=SERVICE, headers=encoded)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-missing")
    assert desk.head == 1


def test_a_key_belongs_to_one_business(house: House) -> None:
    ours, theirs = house.desk(), house.desk()
    assert ours.post("/v1/services", SERVICE, key="k-1").status_code == 201
    answer = theirs.post("/v1/services", SERVICE | {"name": "Theirs"}, key="k-1")
    assert (answer.status_code, answer.json()["name"]) == (201, "Theirs")


def test_the_same_request_many_times_at_once_has_one_effect(either_desk: Desk) -> None:
    desk = either_desk
    head = desk.head
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: desk.post("/v1/services", SERVICE, key="k-1"), range(24)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert desk.head == head + 1


def test_what_is_already_so_is_done_without_a_fact(desk: Desk) -> None:
    anna = desk.customer()
    head = desk.head
    shown = desk.do(f"/v1/customers/{anna}/activation")
    assert (shown["status"], shown["version"], desk.head) == ("active", 1, head)


# Dry runs


def test_a_dry_run_shows_the_answer_and_the_facts_and_writes_nothing(either_desk: Desk) -> None:
    desk = either_desk
    body = {
        "name": "Anna",
        "participants": [{"name": "Rex", "kind": "dog"}, {"id": "par_mia", "name": "Mia"}],
    }
    head = desk.head
    headers = {"Authorization": f"Bearer {desk.key}"}
    answer = desk.client.post("/v1/customers?dry_run=true", json=body, headers=headers)
    tried = answer.json()
    assert answer.status_code == 200
    assert answer.headers["Ledger-Position"] == str(head)
    assert "Location" not in answer.headers
    assert desk.head == head
    done = desk.do("/v1/customers", body)
    assert tried.pop("dry_run") is True
    (fact,) = tried.pop("facts")
    assert (fact["name"], fact["version"]) == ("customer.registered", 1)
    assert [each["participant_id"] for each in fact["data"]["participants"]] == [None, None, "par_mia"]
    assert [each["id"] for each in tried["participants"]] == [None, None, "par_mia"]
    for shown in (done, *done["participants"], tried, *tried["participants"]):
        del shown["id"]
    assert tried == done


def test_a_dry_run_is_refused_as_the_command_would_be(desk: Desk) -> None:
    answer = desk.client.post(
        "/v1/services/svc_none/retirement?dry_run=true", headers={"Authorization": f"Bearer {desk.key}"}
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_a_dry_run_needs_no_key_but_takes_no_wrong_one_either(desk: Desk) -> None:
    headers = {"Authorization": f"Bearer {desk.key}", "Idempotency-Key": "x" * 256}
    answer = desk.client.post("/v1/services?dry_run=true", json=SERVICE, headers=headers)
    assert answer.json()["code"] == "idempotency-key-missing"


def test_a_dry_run_uses_up_no_key(desk: Desk) -> None:
    assert desk.client.post("/v1/services?dry_run=true", json=SERVICE, headers=desk.headers("k-1")).is_success
    answer = desk.post("/v1/services", SERVICE, key="k-1")
    assert "Idempotency-Replayed" not in answer.headers


# Versions


def test_if_match_holds_a_command_to_a_version(desk: Desk) -> None:
    id = desk.service()
    path = f"/v1/services/{id}/changes"
    answer = desk.post(path, {"name": "B"}, If_Match='"v1"')
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"v2"')
    problem = desk.refused(path, {"name": "C"}, "version-mismatch", If_Match='"v1"')
    assert (problem["expected_version"], problem["current_version"]) == (1, 2)
    assert desk.post(path, {"name": "C"}, If_Match="*").status_code == 201


# Headers


def test_every_answer_carries_its_id_and_its_position_and_no_name_of_a_server(desk: Desk) -> None:
    answers = [
        desk.post("/v1/services", SERVICE),
        desk.ask("/v1/services"),
        desk.ask("/v1/business"),
        desk.ask("/v1/facts"),
    ]
    for answer in answers:
        assert answer.headers["Ledger-Position"] == "2"
    failed = [desk.ask("/v1/nothing"), desk.ask("/v1/services/svc_1"), desk.client.get("/v1/business")]
    for answer in [*answers, *failed]:
        assert answer.headers["Request-Id"].startswith("req_")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Server"] == "carnet"
    assert len({answer.headers["Request-Id"] for answer in [*answers, *failed]}) == 7
    for answer in failed:
        assert answer.json()["instance"] == answer.headers["Request-Id"]


def test_a_fact_remembers_its_request_and_the_trace_it_belongs_to(desk: Desk) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = desk.post("/v1/services", SERVICE, traceparent=trace)
    desk.post("/v1/services", SERVICE | {"name": "B"}, traceparent="nonsense")
    first, second = desk.get("/v1/facts", after=1)["data"]
    assert first["meta"]["request_id"] == answer.headers["Request-Id"]
    assert first["meta"]["correlation"] == trace
    assert first["meta"]["actor"]["role"] == "owner"
    assert "correlation" not in second["meta"]


def test_the_answer_is_json_that_any_reader_takes(desk: Desk) -> None:
    answer = desk.post("/v1/services", SERVICE | {"name": "Kneipp’s “Guß” 💧"})
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.content)["name"] == "Kneipp’s “Guß” 💧"
