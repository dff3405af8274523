"""Keys: who they let in, and the table of what they may do."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from api.http.api_keys import KEY, Keys, key_text
from api.http.new_keys import issue_key
from api.http.problems import Problem
from api.http.route import Route
from api.server.routes import HANDLERS
from domain.actor import Role
from domain.ledger.embedded.memory import MemoryStore
from domain.moments import rfc3339, to_milliseconds
from tests.api.desk import PEPPER, Desk, House
from tests.replay.proof.attacks import by_hand

pytest_plugins = ["tests.api.houses"]


def refused(desk: Desk, key: str) -> bool:
    answer = desk.client.get("/v1/business", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code in (200, 401)
    return answer.status_code == 401


def test_a_key_is_long_and_knows_a_slip_of_the_pen() -> None:
    store = MemoryStore()
    store.open_ledger("biz_1")
    text = issue_key(store, PEPPER, "biz_1", Role.STAFF, name="till")
    assert KEY.fullmatch(text)
    keys = Keys(store, PEPPER)
    assert keys.caller(text).role is Role.STAFF
    (stored,) = store.keys_of("biz_1")
    assert text.encode() not in stored.mac
    assert stored.actor_id == stored.id


@pytest.mark.parametrize("wrong", ["", "Bearer", "carnet_live_x", "é", "x" * 10_000])
def test_what_is_no_key_lets_nobody_in(desk: Desk, wrong: str) -> None:
    headers = {"Authorization": f"Bearer {wrong}".encode()}
    answer = desk.client.get("/v1/business", headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_key_with_another_secret_lets_nobody_in(house: House) -> None:
    ours, theirs = house.desk(), house.desk()
    swapped = f"{'_'.join(ours.key.split('_')[:3])}_{theirs.key.split('_')[3]}"
    assert refused(ours, swapped)
    assert not refused(ours, ours.key)


@pytest.mark.parametrize(
    "change",
    ["role = 'auditor'", "expires_at = NULL", "scopes = 'read'", "actor_id = 'stf_other'", "created_at = 1"],
)
def test_a_key_whose_row_was_changed_opens_nothing(either_desk: Desk, change: str) -> None:
    desk = either_desk
    later = rfc3339((datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0))
    issued = desk.do("/v1/keys", {"name": "till", "role": "owner", "expires_at": later})
    by_hand(desk.carnet, f"UPDATE api_keys SET {change} WHERE id = ?", issued["id"])
    assert refused(desk, issued["key"])
    assert not refused(desk, desk.key)
    found = desk.get("/v1/ledger/verification")["findings"]
    assert [(each["table"], each["key"]) for each in found] == [("api_keys", issued["id"])]
    by_hand(
        desk.carnet,
        "UPDATE api_keys SET role = ?, expires_at = ?, scopes = '', actor_id = id, created_at = ? WHERE id = ?",
        "owner",
        to_milliseconds(datetime.fromisoformat(later)),
        to_milliseconds(datetime.fromisoformat(issued["created_at"])),
        issued["id"],
    )
    assert desk.get("/v1/ledger/verification")["intact"]


def test_another_pepper_knows_no_key(desk: Desk) -> None:
    other = Keys(desk.carnet.store, b"another pepper, just as long as the first")
    with pytest.raises(Exception, match="a valid key is needed"):
        other.caller(desk.key)


def test_the_secret_of_a_key_is_shown_once(either_desk: Desk) -> None:
    desk = either_desk
    body = {"name": "till", "role": "staff"}
    first = desk.post("/v1/keys", body, key="k-1")
    assert (first.status_code, first.json()["secret_shown"]) == (201, True)
    assert not refused(desk, first.json()["key"])
    again, thrice = (desk.post("/v1/keys", body, key="k-1") for _ in range(2))
    assert again.status_code == 201
    assert again.json() == first.json() | {"key": None, "secret_shown": False}
    assert thrice.content == again.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert not refused(desk, first.json()["key"]), "it opens all the same"
    other = desk.post("/v1/keys", body, key="k-2")
    assert other.json()["key"] != first.json()["key"]
    assert desk.post("/v1/keys", body | {"role": "owner"}, key="k-1").status_code == 422
    listed = desk.all_of("/v1/keys")
    assert [key["name"] for key in listed] == ["owner", "till", "till"]
    assert all("key" not in key for key in listed)


def test_of_two_equal_requests_at_once_one_shows_the_secret(either_desk: Desk) -> None:
    start = Barrier(6)

    def ask(_: int) -> bool:
        start.wait()
        answer = either_desk.post("/v1/keys", {"name": "till", "role": "staff"}, key="k-1").json()
        assert answer["secret_shown"] == (answer["key"] is not None)
        return bool(answer["secret_shown"])

    with ThreadPoolExecutor(6) as desks:
        assert Counter(desks.map(ask, range(6))) == {True: 1, False: 5}
    assert len(either_desk.all_of("/v1/keys")) == 2


def test_a_key_is_answered_again_when_it_could_not_be_issued_any_more(either_desk: Desk) -> None:
    desk = either_desk
    zoe = desk.do("/v1/staff", {"name": "Zoë"})["id"]
    body = {"name": "till", "role": "staff", "staff_id": zoe}
    first = desk.post("/v1/keys", body, key="k-1")
    desk.do(f"/v1/staff/{zoe}/deactivation")
    again = desk.post("/v1/keys", body, key="k-1")
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert again.json()["key"] is None
    assert refused(desk, first.json()["key"]), "answering again opens nothing"
    desk.refused("/v1/keys", body, "validation-failed")


def test_a_dry_run_issues_no_key(desk: Desk) -> None:
    tried = desk.try_out("/v1/keys", {"name": "till", "role": "staff"})
    assert (tried["id"], tried["key"], tried["created_at"], tried["facts"]) == (None, None, None, [])
    assert len(desk.all_of("/v1/keys")) == 1


def test_a_revoked_key_lets_nobody_in_at_once(either_desk: Desk) -> None:
    desk = either_desk
    issued = desk.do("/v1/keys", {"name": "till", "role": "staff"})
    assert not refused(desk, issued["key"])
    path = f"/v1/keys/{issued['id']}/revocation"
    revoked = desk.post(path, {}, key="k-1")
    assert revoked.status_code == 201
    assert revoked.json()["revoked_at"] is not None
    assert refused(desk, issued["key"])
    assert desk.post(path, {}, key="k-1").content == revoked.content
    assert desk.do(path)["revoked_at"] == revoked.json()["revoked_at"]


def test_a_key_of_another_business_cannot_be_revoked(house: House) -> None:
    ours, theirs = house.desk(), house.desk()
    (key,) = theirs.all_of("/v1/keys")
    ours.refused(f"/v1/keys/{key['id']}/revocation", {}, "not-found")
    assert not refused(theirs, theirs.key)


def test_a_key_ends_at_its_moment() -> None:
    store = MemoryStore()
    store.open_ledger("biz_1")
    now = [1_000]
    keys = Keys(store, PEPPER, clock_ms=lambda: now[0])
    text = issue_key(store, PEPPER, "biz_1", Role.STAFF, expires_at=2_000)
    assert keys.caller(text)
    now[0] = 2_000
    with pytest.raises(Exception, match="a valid key is needed"):
        keys.caller(text)


def test_a_key_that_was_looked_up_just_now_is_not_looked_up_again() -> None:
    store = MemoryStore()
    store.open_ledger("biz_1")
    text = issue_key(store, PEPPER, "biz_1", Role.STAFF)
    keys = Keys(store, PEPPER)
    assert keys.remembered_caller(text) is None
    caller = keys.caller(text)
    assert keys.remembered_caller(text) == caller


def test_what_is_remembered_of_a_key_lets_in_nobody_that_the_key_would_not() -> None:
    store = MemoryStore()
    store.open_ledger("biz_1")
    now = [1_000]
    keys = Keys(store, PEPPER, clock_ms=lambda: now[0])
    text = issue_key(store, PEPPER, "biz_1", Role.STAFF, expires_at=2_000)
    other = issue_key(store, PEPPER, "biz_1", Role.OWNER)
    for each in (text, other):
        keys.caller(each)

    def refuses(text: str) -> bool:
        with suppress(Problem):
            return keys.remembered_caller(text) is None
        return True

    another_secret = key_text(f"key_{text.split('_')[2]}", 1)
    assert refuses(another_secret)
    assert refuses(text[:-1] + ("0" if text[-1] != "0" else "1"))
    assert not refuses(text)
    now[0] = 2_000
    assert refuses(text)
    assert not refuses(other)
    (stored,) = (key for key in store.keys_of("biz_1") if key.role == Role.OWNER.value)
    keys.remember(replace(stored, revoked_at=2_000))
    assert refuses(other)
    keys.remember(stored)
    assert refuses(other), "an older look at it does not bring it back"


def test_a_key_may_not_have_ended_before_it_begins(desk: Desk) -> None:
    past = rfc3339(datetime.now(UTC) - timedelta(minutes=1))
    body = {"name": "till", "role": "staff", "expires_at": past}
    assert desk.refused("/v1/keys", body, "validation-failed")["errors"][0]["pointer"] == "/expires_at"


def test_a_key_of_a_member_of_staff_acts_as_them(desk: Desk) -> None:
    zoe = desk.do("/v1/staff", {"name": "Zoë"})["id"]
    issued = desk.do("/v1/keys", {"name": "Zoë’s phone", "role": "staff", "staff_id": zoe})
    headers = {"Authorization": f"Bearer {issued['key']}", "Idempotency-Key": "k"}
    desk.client.post("/v1/customers", json={"name": "Anna"}, headers=headers)
    assert desk.get("/v1/facts")["data"][-1]["meta"]["actor"] == {"id": zoe, "role": "staff", "via": "key"}
    unknown = {"name": "k", "role": "staff", "staff_id": "stf_unknown"}
    assert desk.refused("/v1/keys", unknown, "validation-failed")["errors"][0]["pointer"] == "/staff_id"


# The present role of the member of staff


def key_of(desk: Desk, key_role: str, member_role: str) -> tuple[str, Desk]:
    """A member of staff, and the desk that works with their key."""
    staff_id = desk.do("/v1/staff", {"name": "Zoë", "role": member_role})["id"]
    key = desk.do("/v1/keys", {"name": "Zoë’s phone", "role": key_role, "staff_id": staff_id})["key"]
    return staff_id, replace(desk, key=key)


def correct(desk: Desk, package_id: str) -> int:
    body = {"line": 1, "change": 1, "reason": "a gift"}
    return desk.post(f"/v1/packages/{package_id}/corrections", body).status_code


def test_the_key_of_a_demoted_manager_corrects_nothing(either_desk: Desk) -> None:
    desk = either_desk
    sold = desk.sell(desk.customer(), desk.offer(desk.service()))["id"]
    zoe, theirs = key_of(desk, "manager", "manager")
    assert correct(theirs, sold) == 201
    desk.do(f"/v1/staff/{zoe}/changes", {"role": "staff"})
    assert correct(theirs, sold) == 403
    theirs.do("/v1/customers", {"name": "Bo"})
    actor = desk.get("/v1/facts", limit=200)["data"][-1]["meta"]["actor"]
    assert actor == {"id": zoe, "role": "staff", "via": "key"}
    desk.do(f"/v1/staff/{zoe}/changes", {"role": "manager"})
    assert correct(theirs, sold) == 201


def test_a_key_never_does_more_than_its_own_role(desk: Desk) -> None:
    sold = desk.sell(desk.customer(), desk.offer(desk.service()))["id"]
    zoe, theirs = key_of(desk, "staff", "staff")
    desk.do(f"/v1/staff/{zoe}/changes", {"role": "owner"})
    assert correct(theirs, sold) == 403
    _, above = key_of(desk, "owner", "staff")
    assert correct(above, sold) == 403
    _, reads = key_of(desk, "auditor", "manager")
    assert reads.ask("/v1/reports/liability").status_code == 200
    assert correct(reads, sold) == 403


@pytest.mark.parametrize("role", ["owner", "manager", "staff", "auditor"])
def test_the_key_of_who_left_opens_nothing(either_desk: Desk, role: str) -> None:
    desk = either_desk
    zoe, theirs = key_of(desk, role, "owner")
    late = desk.as_role(Role.OWNER, zoe)
    assert not refused(desk, late.key)
    desk.do(f"/v1/staff/{zoe}/deactivation")
    assert refused(desk, theirs.key)
    assert refused(desk, desk.as_role(Role.OWNER, zoe).key), "also one that no revocation has met"
    desk.do(f"/v1/staff/{zoe}/reactivation")
    assert refused(desk, theirs.key)
    assert not refused(desk, desk.as_role(Role.STAFF, zoe).key)


def test_the_key_of_nobody_in_the_books_opens_nothing(desk: Desk) -> None:
    assert refused(desk, desk.as_role(Role.OWNER, "stf_unknown").key)


def test_a_key_without_a_member_has_its_own_role(desk: Desk) -> None:
    sold = desk.sell(desk.customer(), desk.offer(desk.service()))["id"]
    assert correct(desk.as_role(Role.MANAGER), sold) == 201


def test_owners_answer_to_owners_alone(either_desk: Desk) -> None:
    desk = either_desk
    manager = desk.as_role(Role.MANAGER)
    eva, theirs = key_of(desk, "owner", "owner")
    pal = desk.do("/v1/staff", {"name": "Pál", "role": "manager"})["id"]
    for path, body in (
        (f"/v1/staff/{eva}/deactivation", {}),
        (f"/v1/staff/{eva}/changes", {"role": "staff"}),
        (f"/v1/staff/{pal}/changes", {"role": "owner"}),
        ("/v1/staff", {"name": "Cy", "role": "owner"}),
    ):
        manager.refused(path, body, "forbidden")
    assert not refused(desk, theirs.key)
    manager.do(f"/v1/staff/{eva}/changes", {"name": "Éva", "role": "owner"})
    desk.do(f"/v1/staff/{eva}/deactivation")
    manager.refused(f"/v1/staff/{eva}/reactivation", {}, "forbidden")
    assert refused(desk, theirs.key)


def test_a_role_that_changed_while_a_key_was_read_is_not_remembered() -> None:
    store = MemoryStore()
    store.open_ledger("biz_1")
    text = issue_key(store, PEPPER, "biz_1", Role.MANAGER, "stf_1")
    role = Role.MANAGER

    def present(business_id: str, staff_id: str) -> Role:
        nonlocal role
        found, role = role, Role.STAFF
        if found is Role.MANAGER:
            keys.forget_staff("biz_1", "stf_1")
        return found

    keys = Keys(store, PEPPER, present_role=present)
    assert keys.caller(text).role is Role.MANAGER
    assert keys.remembered_caller(text) is None
    assert keys.caller(text).role is Role.STAFF


# Permissions


@pytest.mark.parametrize(
    ("role", "path", "body", "allowed"),
    [
        (Role.OWNER, "/v1/policies", {}, True),
        (Role.MANAGER, "/v1/policies", {}, False),
        (Role.MANAGER, "/v1/services", {"name": "A", "service_type": "B"}, True),
        (Role.STAFF, "/v1/services", {"name": "A", "service_type": "B"}, False),
        (Role.AUDITOR, "/v1/services", {"name": "A", "service_type": "B"}, False),
        (Role.MANAGER, "/v1/keys", {"name": "k", "role": "owner"}, False),
        (Role.STAFF, "/v1/customers", {"name": "Anna"}, True),
        (Role.AUDITOR, "/v1/customers", {"name": "Anna"}, False),
    ],
)
def test_a_role_may_what_the_table_says(
    desk: Desk, role: Role, path: str, body: dict[str, str], allowed: bool
) -> None:
    them = desk.as_role(role)
    if allowed:
        them.do(path, body)
    else:
        assert them.refused(path, body, "forbidden")["status"] == 403


def test_what_is_forbidden_is_refused_before_anything_is_read(desk: Desk) -> None:
    answer = desk.as_role(Role.STAFF).client.post(
        "/v1/services?colour=red",
        content=b"\xff",
        headers={"Authorization": f"Bearer {desk.as_role(Role.STAFF).key}"},
    )
    assert answer.json()["code"] == "forbidden"


def test_no_two_routes_answer_one_address_or_share_an_operation() -> None:
    routes: list[Route] = [handler.opt["route"] for handler in HANDLERS]
    assert len(routes) == len({(route.method, route.path) for route in routes})
    assert len(routes) == len({route.operation for route in routes})


def test_only_what_tells_nothing_of_a_business_is_open_to_anyone() -> None:
    routes: list[Route] = [handler.opt["route"] for handler in HANDLERS]
    assert {route.operation for route in routes if route.roles is None} == {
        "welcome.show",
        "docs.show",
        "process.live",
        "process.ready",
        "schema.show",
        "problems.list",
        "problems.show",
        "sign_ins.use",  # the code tells whose it is
        "sign_ins.request",  # the letter goes to the address on the card, whoever asks
    }
