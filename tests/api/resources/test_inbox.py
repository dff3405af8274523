"""The inbox: what a till did offline is decided command by command, in order, as if each had come alone."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from api.http.permissions import Scope
from api.http.rate_limits import Limits
from api.http.serving import Serving
from api.resources.inbox import InboxAnswer
from domain.actor import Role
from domain.ledger.errors import LedgerUnavailable
from domain.moments import rfc3339
from tests.api.desk import Desk, House

pytest_plugins = ["tests.api.houses"]

INBOX = "/v1/inbox"

Command = dict[str, Any]


def command(key: str, path: str, **body: Any) -> Command:
    return {"key": key, "command": f"/v1{path}", "body": body}


def send(desk: Desk, *commands: Command) -> Any:
    """The answer to a list, which is as /schema describes it."""
    headers = alone(desk) | {"Content-Type": "application/json"}
    answer = desk.client.post(INBOX, content=json.dumps({"commands": commands}), headers=headers)
    assert answer.status_code == 200, answer.text
    described = InboxAnswer.model_validate_json(answer.content)
    assert described.model_dump(mode="json") == answer.json()
    return answer.json()


def alone(desk: Desk) -> dict[str, str]:
    return {"Authorization": f"Bearer {desk.key}"}


def refusal(desk: Desk, sent: Any, code: str) -> Any:
    """A list that is refused as a whole; none of its commands is tried."""
    before = desk.head
    content = {"content": sent} if isinstance(sent, bytes) else {"json": sent}
    headers = alone(desk) | {"Content-Type": "application/json"}
    problem = desk.client.post(INBOX, headers=headers, **content).json()
    assert problem["code"] == code
    assert desk.head == before
    return problem


def outcomes(answer: Any) -> list[str]:
    return [row["outcome"] for row in answer["rows"]]


def codes(answer: Any) -> list[str | None]:
    return [(row["body"] or {}).get("code") for row in answer["rows"]]


def package(desk: Desk, quantity: int = 10) -> tuple[str, str]:
    """A service, and a package of its units."""
    massage = desk.service()
    return massage, desk.sell(desk.customer(), desk.offer(massage, quantity=quantity))["id"]


def test_what_a_till_did_is_taken_in_order_and_later_commands_name_what_earlier_ones_made(
    either_desk: Desk,
) -> None:
    desk = either_desk
    massage = desk.service()
    offer = desk.offer(massage)
    an_hour_ago = rfc3339(desk.clock() - timedelta(hours=1))
    before = desk.head
    answer = send(
        desk,
        command("1", "/customers", id="cus_till1", name="Anna"),
        command(
            "2",
            "/packages",
            id="pkg_till1",
            customer_id="cus_till1",
            offer_id=offer,
            effective_at=an_hour_ago,
        ),
        command("3", "/packages/pkg_till1/redemptions", id="red_till1", service_id=massage, quantity=2),
        command("4", "/redemptions/red_till1/restorations", quantity=1),
        command("5", "/packages/pkg_till1/payments", id="pay_till1", amount=20_000, method="cash"),
    )
    assert outcomes(answer) == ["done"] * 5
    assert [row["status"] for row in answer["rows"]] == [201] * 5
    assert (answer["commands"], answer["done"], answer["retry_after_s"]) == (5, 5, None)
    card = desk.card("pkg_till1")
    assert (card["remaining"], card["paid"]["amount"]) == (9, 20_000)
    (sale,) = (row for row in desk.history("pkg_till1") if row["kind"] == "purchase")
    assert sale["effective_at"] == an_hour_ago
    assert desk.head > before + 4


def test_every_answer_is_that_of_the_commands_own_route(either_desk: Desk) -> None:
    desk = either_desk
    massage, sold = package(desk)
    redemptions = f"/packages/{sold}/redemptions"
    wrong = [
        command("1", redemptions, service_id=massage, quantity=11),
        command("2", redemptions, service_id=massage, units=1),
        command("3", redemptions, service_id="svc_unknown"),
        command("4", "/packages/pkg_unknown/redemptions", service_id=massage),
        command("5", "/packages/nonsense", service_id=massage),
        command("6", "/no-such-thing"),
        command("7", f"/packages/{sold}"),
        command("8", "/photos"),
        {"key": "9", "command": f"/v1{redemptions}", "body": [1, 2]},
        {"key": "10", "command": f"/v1{redemptions}", "body": {"service_id": "half \ud83d"}},
        {"key": "11", "command": f"/v1{redemptions}", "body": {"service_id": massage, "quantity": 2**60}},
        command("12", redemptions, service_id="svc_" + "x" * 70_000),
    ]
    expected = []
    for each in wrong:
        headers = desk.headers(each["key"]) | {"Content-Type": "application/json"}
        told = desk.client.post(each["command"], content=json.dumps(each["body"]), headers=headers)
        expected.append((told.status_code, without_request(told.json())))
    answer = send(desk, *wrong, command("13", redemptions, id="red_till13", service_id=massage))
    answers = [(row["status"], without_request(row["body"])) for row in answer["rows"][:-1]]
    assert answers == expected
    last = answer["rows"][-1]
    assert (last["outcome"], last["body"]["redemption_id"]) == ("done", "red_till13"), "the rest was tried"
    assert outcomes(answer)[:-1] == ["refused"] * len(wrong)


def without_request(problem: Any) -> Any:
    return {name: value for name, value in problem.items() if name != "instance"}


def test_a_list_that_is_sent_again_does_nothing_twice_and_decides_refusals_anew(either_desk: Desk) -> None:
    desk = either_desk
    massage, sold = package(desk, quantity=2)
    redemptions = f"/packages/{sold}/redemptions"
    commands = [
        command("till-1", redemptions, service_id=massage),
        command("till-2", redemptions, service_id=massage, quantity=2),
        command("till-3", f"/packages/{sold}/notes", text="was late"),
    ]
    first = send(desk, *commands)
    assert codes(first) == [None, "insufficient-units", None]
    head = desk.head
    again = send(desk, *commands)
    assert desk.head == head
    assert [row["replayed"] for row in again["rows"]] == [True, False, True]
    assert [row["body"] for row in again["rows"]][::2] == [row["body"] for row in first["rows"]][::2]
    desk.do(f"/v1/packages/{sold}/corrections", {"line": 1, "change": 1})
    assert outcomes(send(desk, *commands)) == ["done"] * 3, "the refused one is decided on the books of now"
    alone = desk.post(f"/v1{redemptions}", {"service_id": massage}, key="till-1")
    assert alone.json() == first["rows"][0]["body"], "the key is that of the command alone"
    other = send(desk, command("till-1", redemptions, service_id=massage, quantity=2))
    assert codes(other) == ["idempotency-key-reused"]


def test_a_till_that_was_off_for_days_shows_what_only_a_manager_may_enter(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer()
    sold = desk.sell(anna, desk.offer(massage), effective_at=desk.today(days=-40))["id"]
    staff, manager = desk.as_role(Role.STAFF), desk.as_role(Role.MANAGER)
    redemptions = f"/packages/{sold}/redemptions"
    days_ago = [rfc3339(desk.clock() - timedelta(days=days)) for days in (35, 3, 0)]
    ahead = rfc3339(desk.clock() + timedelta(minutes=30))
    commands = [
        command(f"till-{at}", redemptions, service_id=massage, effective_at=at) for at in (*days_ago, ahead)
    ]
    late = "back-dating-not-allowed"
    assert codes(send(staff, *commands)) == [late, late, None, "effective-at-out-of-range"]
    assert codes(send(manager, *commands[:2])) == [late, None]
    assert codes(send(desk, *commands[:1])) == [None], "an owner: since the purchase"
    again = send(staff, *commands[:3])
    assert [row["replayed"] for row in again["rows"]] == [True, True, True]
    assert desk.card(sold)["used"] == 3
    by = {
        row["effective_at"]: row["entered_by"]["role"] for row in desk.history(sold) if row["kind"] == "use"
    }
    assert [by[at] for at in days_ago] == ["owner", "manager", "staff"]


def test_everybody_may_only_what_their_key_allows(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna, ben = desk.service(), desk.customer("Anna"), desk.customer("Ben")
    sold = desk.sell(anna, desk.offer(massage))["id"]
    when = rfc3339(desk.clock() + timedelta(days=2))
    use = command("1", f"/packages/{sold}/redemptions", service_id=massage)
    correct = command("2", f"/packages/{sold}/corrections", line=1, change=-1)
    book = {"service_id": massage, "starts_at": when}
    own, others = (
        command(f"{at}", "/bookings", customer_id=whose, **book) for at, whose in ((3, anna), (4, ben))
    )
    every = (use, correct, own, others)
    no, unknown = "forbidden", "not-found"
    assert codes(send(desk.as_role(Role.AUDITOR), *every)) == [no] * 4
    assert codes(send(desk.as_role(Role.CUSTOMER, anna), *every)) == [no, no, None, unknown]
    assert codes(send(desk.with_scopes(Scope.BOOK), *every)) == [no, no, None, None]
    assert codes(send(desk.as_role(Role.STAFF), use, correct)) == [None, no]
    stranger = desk.client.post(INBOX, json={"commands": [use]}, headers={"Authorization": "Bearer no"})
    assert stranger.json()["code"] == "unauthenticated"


@pytest.mark.parametrize(
    ("entries", "pointer"),
    [
        ([{"key": "1", "command": "/v1/services"}, {"command": "/v1/services"}], "/commands/1/key"),
        ([{"key": "", "command": "/v1/services"}], "/commands/0/key"),
        ([{"key": "1"}], "/commands/0/command"),
        ([{"key": "1", "command": "/v1/services?dry_run=true"}], "/commands/0/command"),
        ([{"key": "1", "command": "/services"}], "/commands/0/command"),
        ([{"key": "1", "command": "/v1/services/"}], "/commands/0/command"),
        ([{"key": "1", "command": "/v1/inbox", "body": {"commands": []}}], "/commands/0/command"),
        ([{"key": "1", "command": "/v1/services", "effective_at": "2026-01-01"}], "/commands/0/effective_at"),
        (["/v1/services"], "/commands/0"),
        ([], "/commands"),
        ([{"key": f"{n}", "command": "/v1/services"} for n in range(201)], "/commands"),
        ({"key": "1"}, "/commands"),
    ],
)
def test_a_list_that_cannot_be_read_is_refused_whole_and_names_the_entry(
    desk: Desk, entries: Any, pointer: str
) -> None:
    problem = refusal(desk, {"commands": entries}, "validation-failed")
    assert [flaw["pointer"] for flaw in problem["errors"]] == [pointer]


def test_a_list_that_is_not_json_or_too_large_is_refused_whole(desk: Desk) -> None:
    refusal(desk, b"[]", "malformed-body")
    refusal(desk, b'{"commands": [', "malformed-body")
    refusal(desk, b'{"commands": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "malformed-body")
    refusal(desk, b'{"commands": "' + b"x" * 1024 * 1024 + b'"}', "body-too-large")
    twice = b'{"commands": [{"key": "1", "command": "/v1/services", "body": {"name": "a", "name": "b"}}]}'
    problem = refusal(desk, twice, "validation-failed")
    assert [flaw["pointer"] for flaw in problem["errors"]] == ["/commands/0/body"]
    unknown = desk.client.post(f"{INBOX}?dry_run=true", json={"commands": []}, headers=alone(desk))
    assert unknown.json()["code"] == "unknown-parameter"


def breaking(desk: Desk, at: int, error: Exception) -> pytest.MonkeyPatch:
    """The database answers the command at this place of a list with an error."""
    ledger, patch, taken = type(desk.carnet.ledger(desk.business_id)), pytest.MonkeyPatch(), Counter[str]()
    submit = ledger.submit

    def breaks_off(self: Any, order: Any, settle: Any) -> None:
        taken["orders"] += 1
        if taken["orders"] == at + 1:
            raise error
        submit(self, order, settle)

    patch.setattr(ledger, "submit", breaks_off)
    return patch


def test_when_the_store_cannot_be_reached_the_rest_is_not_tried_and_sent_again(either_desk: Desk) -> None:
    desk = either_desk
    massage, sold = package(desk)
    path = f"/packages/{sold}/redemptions"
    commands = [command(f"till-{n}", path, service_id=massage) for n in range(4)]
    patch = breaking(desk, 1, LedgerUnavailable("gone"))
    answer = send(desk, *commands)
    patch.undo()
    assert outcomes(answer) == ["done", "failed", "not_tried", "not_tried"]
    assert (answer["failed"], answer["not_tried"], answer["retry_after_s"]) == (1, 2, 1)
    assert [row["status"] for row in answer["rows"]] == [201, 503, None, None]
    assert outcomes(send(desk, *commands)) == ["done"] * 4
    assert desk.card(sold)["used"] == 4


def test_a_fault_of_one_command_loses_none_of_those_behind_it(either_desk: Desk) -> None:
    desk = either_desk
    massage, sold = package(desk)
    path = f"/packages/{sold}/redemptions"
    commands = [command(f"till-{n}", path, service_id=massage) for n in range(3)]
    patch = breaking(desk, 1, RuntimeError("a fault"))
    answer = send(desk, *commands)
    patch.undo()
    assert outcomes(answer) == ["done", "failed", "done"]
    assert codes(answer)[1] == "internal"
    assert [row["replayed"] for row in send(desk, *commands)["rows"]] == [True, False, True]
    assert desk.card(sold)["used"] == 3


def test_every_command_counts_as_a_request_of_its_key(desk: Desk) -> None:
    massage, sold = package(desk)
    frame: Serving = cast("TestClient[Litestar]", desk.client).app.state["frame"]
    commands = [command(f"till-{n}", f"/packages/{sold}/redemptions", service_id=massage) for n in range(4)]
    limits, frame.limits = frame.limits, Limits(2, clock=lambda: 0.0)
    answer = send(desk, *commands)
    frame.limits = limits
    assert outcomes(answer) == ["done", "done", "done", "failed"], "the list itself is a request too"
    assert codes(answer)[-1] == "rate-limited"
    assert answer["retry_after_s"] == 1
    assert outcomes(send(desk, *commands)) == ["done"] * 4


def test_two_tills_on_one_package_never_use_more_than_there_is(either_desk: Desk) -> None:
    desk = either_desk
    massage, sold = package(desk, quantity=8)
    lists = [
        [command(f"{till}-{n}", f"/packages/{sold}/redemptions", service_id=massage) for n in range(6)]
        for till in ("left", "right")
    ]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda commands: send(desk, *commands), lists))
    told = Counter(code for answer in answers for code in codes(answer))
    assert told == {None: 8, "insufficient-units": 4}
    assert desk.card(sold)["remaining"] == 0


def test_one_list_that_arrives_twice_at_once_is_done_once(either_desk: Desk) -> None:
    desk = either_desk
    massage, sold = package(desk)
    commands = [command(f"till-{n}", f"/packages/{sold}/redemptions", service_id=massage) for n in range(6)]
    head = desk.head
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: send(desk, *commands), range(4)))
    assert desk.head == head + 6
    assert {outcome for answer in answers for outcome in outcomes(answer)} == {"done"}
    bodies = [[row["body"] for row in answer["rows"]] for answer in answers]
    assert all(each == bodies[0] for each in bodies)
    assert Counter(row["replayed"] for answer in answers for row in answer["rows"])[False] == 6


# The law: a list is its commands one by one


STEPS = st.one_of(
    st.builds(lambda n: ("/packages/{package}/redemptions", {"quantity": n}), st.integers(0, 4)),
    st.builds(lambda n: ("/redemptions/{use}/restorations", {"quantity": n}), st.integers(1, 3)),
    st.builds(lambda n: ("/packages/{package}/corrections", {"line": 1, "change": n}), st.integers(-3, 3)),
    st.builds(
        lambda n: ("/packages/{package}/payments", {"amount": n, "method": "cash"}),
        st.sampled_from([0, 20_000, 50_000]),
    ),
    st.builds(
        lambda n: ("/customers/cus_till/points", {"action": "redeem", "points": n}), st.integers(1, 20)
    ),
    st.just(("/customers", {"id": "cus_till2", "name": "Ben"})),
    st.just(("/packages/{package}/voiding", {"reason": "by mistake"})),
)


def facts(desk: Desk, after: int) -> list[Any]:
    """What was recorded, without the moments at which it was sent, and the salts of texts."""
    told = []
    for fact in desk.all_of("/v1/facts", after=after):
        data = {name: value for name, value in fact["data"].items() if not name.endswith(("_at", "reason"))}
        told.append((fact["name"], fact["stream"], fact["version"], json.dumps(data, sort_keys=True)))
    return told


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=1, max_size=8))
def test_a_list_records_what_its_commands_record_one_by_one(house: House, steps: list[Any]) -> None:
    recorded, answered = [], []
    for as_a_list in (True, False):
        desk = house.desk()
        desk.do("/v1/services", {"id": "svc_till", "name": "Massage", "service_type": "Massage"})
        desk.do("/v1/customers", {"id": "cus_till", "name": "Anna"})
        desk.do("/v1/customers/cus_till/points", {"id": "pts_till", "action": "add", "points": 30})
        lines = [{"quantity": 6, "services": ["svc_till"]}]
        offer = {"id": "off_till", "name": "Massage", "price": 50_000, "lines": lines}
        desk.do("/v1/offers", offer)
        before = desk.head
        commands = [
            command("first", "/packages", id="pkg_till", customer_id="cus_till", offer_id="off_till"),
            *(made(number, path, body) for number, (path, body) in enumerate(steps)),
        ]
        if as_a_list:
            rows = send(desk, *commands)["rows"]
            answered.append([(row["status"], (row["body"] or {}).get("code")) for row in rows])
        else:
            replies = [desk.post(each["command"], each["body"], key=each["key"]) for each in commands]
            answered.append([(reply.status_code, reply.json().get("code")) for reply in replies])
        recorded.append(facts(desk, before))
    assert answered[0] == answered[1]
    assert recorded[0] == recorded[1]


def made(number: int, path: str, body: dict[str, Any]) -> Command:
    """A step as a command: what it makes has an id of the till's own."""
    own: dict[str, Any] = {}
    if path.endswith("/redemptions"):
        own = {"id": f"red_{number}", "service_id": "svc_till"}
    if path.endswith("/payments"):
        own = {"id": f"pay_{number}"}
    if path.endswith("/points"):
        own = {"id": f"pts_{number}"}
    path = path.format(package="pkg_till", use=f"red_{max(0, number - 1)}")
    return command(f"step-{number}", path, **body, **own)
